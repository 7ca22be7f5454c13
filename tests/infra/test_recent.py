"""Whether a stream is remembered or loaded, its commands get the same answers."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.complaint import COMPLAINT
from domain.complaint import commands as c
from domain.messages import Refused
from infra.commands import Caller, Commands, KeyReused, Outcome, VersionMismatch
from infra.commands.recent import Recent
from tests.infra.logs import NOTE, NOW, REGISTER, opened, serving

COMMANDS = (
    NOTE,
    c.Investigate(),
    c.Classify(product="parcel"),
    c.Classify(product="letter"),
    c.RequestInformation(question="when?"),
    c.RecordReply(channel="web", message="on Monday"),
    c.Withdraw(by="customer", reason="found it"),
    c.Reopen(reason="lost again"),
)
# Where a command is sent, which one, with which key, on which version.
steps = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(COMMANDS),
        st.none() | st.sampled_from("abc"),
        st.none() | st.integers(1, 4),
    ),
    min_size=4,
    max_size=12,
)


class Forgetful(Recent):
    """Remembers nothing."""

    def __init__(self) -> None:
        super().__init__(most=0)


async def answer(commands: Commands, stream_id: UUID, step: tuple[Any, ...]) -> object:
    _, command, key, if_match = step
    who = Caller(actor="ana", correlation="r", key=key, if_match=if_match)
    try:
        return essence(await commands.execute(COMPLAINT, stream_id, who, command))
    except (Refused, VersionMismatch, KeyReused) as error:
        return type(error), str(error)


def essence(outcome: Outcome) -> object:
    """All but ids and positions, which are given anew each time."""
    return (
        outcome.state.state,
        outcome.state.product,
        outcome.version,
        outcome.etag,
        outcome.replayed,
        [(event.tag, event.version) for event in outcome.events],
    )


async def answers(database: str, sent: Sequence[tuple[Any, ...]], *, forgetful: bool) -> list[object]:
    async with opened(serving(database)) as one, opened(serving(database)) as other:
        both = [Commands(log, clock=lambda: NOW) for log in (one, other)]
        for commands in both:
            commands._recent = Forgetful() if forgetful else commands._recent
        actor = Caller(actor="ana", correlation="r")
        stream_id = (await both[0].create(COMPLAINT, actor, REGISTER)).stream_id
        # Keys are the actor's: a log has seen those of the run before.
        scoped = [(at, command, key and f"{key}{stream_id}", if_match) for at, command, key, if_match in sent]
        return [await answer(both[step[0]], stream_id, step) for step in scoped]


def test_two_processes_that_remember_answer_as_two_that_load(database: str) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(steps)
    def alike(sent: list[tuple[Any, ...]]) -> None:
        remembered = asyncio.run(answers(database, sent, forgetful=False))
        assert remembered == asyncio.run(answers(database, sent, forgetful=True))

    alike()
