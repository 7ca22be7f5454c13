"""A standby takes over from a leader that is killed or hangs, and nothing is doubled or lost."""

import os
import signal

import pytest

from domain.messages import Event
from infra import pulse
from infra.database import mortal
from infra.events import Recorded
from infra.projector import Reactor, checkpoints, leading, place
from tests.infra.followers import (
    append,
    following,
    leaders,
    positions,
    prepared,
    seen,
    until_asleep,
    until_at,
)
from tests.infra.logs import until
from tests.infra.processes import process
from tests.infra.rebuild.rebuilding import until_rebuilding

pytestmark = pytest.mark.anyio


async def until_led(database: str) -> list[int]:
    """Return once somebody leads the view; who."""
    found: list[int] = []

    async def led() -> bool:
        found[:] = await leaders(database, seen())
        return bool(found)

    await until(led)
    return found


async def test_a_leader_that_is_killed_is_replaced(database: str) -> None:
    await prepared(database, seen())
    await append(database, 5)
    with process("lead", database) as leader:
        await until_at(database, seen(), 5)
        async with following(database, seen()):
            os.kill(leader.pid, signal.SIGKILL)
            await append(database, 5)
            await until_at(database, seen(), 10)
    assert await positions(database, seen()) == list(range(1, 11))


async def test_a_leader_that_is_killed_in_the_middle_of_a_statement_is_replaced(database: str) -> None:
    await prepared(database, seen())
    await append(database, 5)
    with process("sleep", database) as leader:
        await until_asleep(database)
        os.kill(leader.pid, signal.SIGKILL)
        async with following(database, seen()):
            await until_at(database, seen(), 5)
    assert await positions(database, seen()) == [1, 2, 3, 4, 5]


async def test_a_leader_that_hangs_is_replaced_and_changes_nothing_when_it_comes_to(database: str) -> None:
    await prepared(database, seen())
    await append(database, 5)
    with process("lead", database) as leader:
        await until_at(database, seen(), 5)
        hung = await until_led(database)
        os.kill(leader.pid, signal.SIGSTOP)
        async with following(database, seen()):
            await append(database, 5)
            await until_at(database, seen(), 10)
            assert await leaders(database, seen()) != hung
            os.kill(leader.pid, signal.SIGCONT)
            await append(database, 5)
            await until_at(database, seen(), 15)
    assert await positions(database, seen()) == list(range(1, 16))


async def test_who_hangs_while_a_new_view_is_built_is_replaced_and_changes_nothing_when_it_comes_to(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SHORT", 0)
    await prepared(database)
    await append(database, 5)
    with process("dawdle", database) as building:
        await until_rebuilding(database)
        os.kill(building.pid, signal.SIGSTOP)
        async with following(database, seen()):
            await until_at(database, seen(), 5)
            os.kill(building.pid, signal.SIGCONT)
            await append(database, 5)
            await until_at(database, seen(), 10)
    assert await positions(database, seen()) == list(range(1, 11))


async def test_who_hangs_while_it_answers_an_event_is_replaced(database: str) -> None:
    answered: list[int] = []

    async def answer(event: Recorded[Event]) -> None:
        answered.append(event.position)

    reactor = Reactor("dawdling", answer)
    await prepared(database)
    with process("react", database) as reacting:
        await until_at(database, reactor, 0)
        await append(database, 1)
        os.kill(reacting.pid, signal.SIGSTOP)
        async with following(database, reactor):
            await until_at(database, reactor, 1)
    assert answered == [1]


def test_a_leader_that_hangs_is_noticed_later_than_it_looks_at_its_checkpoint() -> None:
    assert "-c idle_session_timeout=5s " in mortal("options=-cx=y")
    assert max(leading.POLL_SECONDS, place.SIGN_SECONDS, pulse.PULSE_SECONDS) <= 1
