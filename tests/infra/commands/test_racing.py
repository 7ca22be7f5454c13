"""Of racing commands one wins; the others are decided again on the fresh state, or refused."""

import asyncio

import pytest

from domain.complaint import COMPLAINT
from domain.complaint import commands as c
from infra.batching import Overloaded
from infra.commands import Commands, Outcome, VersionMismatch
from infra.log import Append, Appended
from tests.infra.commands.registering import count, registered
from tests.infra.logs import NOTE, NOW, caller, commanding, opened, serving

pytestmark = pytest.mark.anyio


async def test_of_racing_commands_on_one_version_one_wins_and_the_others_are_decided_again(
    database: str,
) -> None:
    async with commanding(database) as one, commanding(database) as other:
        stream_id = await registered(one)
        outcomes = await asyncio.gather(
            *(each.execute(COMPLAINT, stream_id, caller(), NOTE) for each in (one, other) for _ in range(10))
        )
    assert sorted(outcome.version for outcome in outcomes) == list(range(2, 22))
    assert await count(database) == 21


async def test_of_racing_commands_with_the_same_if_match_one_wins_and_the_others_are_refused(
    database: str,
) -> None:
    async with commanding(database) as one, commanding(database) as other:
        stream_id = await registered(one)
        results = await asyncio.gather(
            *(
                each.execute(COMPLAINT, stream_id, caller(if_match=1), NOTE)
                for each in (one, other)
                for _ in range(5)
            ),
            return_exceptions=True,
        )
    accepted = [result for result in results if isinstance(result, Outcome)]
    refused = [result for result in results if isinstance(result, VersionMismatch)]
    assert (len(accepted), len(refused)) == (1, 9)
    assert {mismatch.current for mismatch in refused} == {2}


async def test_a_loser_is_decided_on_the_fresh_state(database: str) -> None:
    """Both close; the second finds it closed, which the rules then answer."""
    async with commanding(database) as one, commanding(database) as other:
        stream_id = await registered(one)
        withdraw = c.Withdraw(by="customer", reason="found it")
        results = await asyncio.gather(
            *(each.execute(COMPLAINT, stream_id, caller(), withdraw) for each in (one, other)),
            return_exceptions=True,
        )
    assert sorted(type(result).__name__ for result in results) == ["Outcome", "Refused"]
    assert await count(database) == 2


async def test_a_stream_that_always_moves_on_is_given_up(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(serving(database)) as log:
        commands = Commands(log)
        stream_id = await registered(commands)
        tries = 0

        async def always_too_late(request: Append) -> Appended:
            nonlocal tries
            tries += 1
            return Appended("conflict", request.stream_id, 0, 0, None, NOW)

        monkeypatch.setattr(log, "append", always_too_late)
        with pytest.raises(Overloaded):
            await commands.execute(COMPLAINT, stream_id, caller(), NOTE)
    assert 1 < tries <= 100
