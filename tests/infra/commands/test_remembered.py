"""What is remembered of a stream saves its loading and decides no refusal."""

from uuid import UUID

import pytest

from domain.complaint import COMPLAINT
from domain.complaint import commands as c
from infra.commands import Commands, History
from infra.commands.recent import Recent
from tests.infra.commands.registering import registered
from tests.infra.logs import NOTE, caller, commanding, opened, serving

pytestmark = pytest.mark.anyio


async def test_a_remembered_stream_is_not_loaded_again(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(serving(database)) as log:
        commands = Commands(log)
        stream_id = await registered(commands)

        async def fail(_: object) -> None:
            raise AssertionError("loaded")

        monkeypatch.setattr(log, "load", fail)
        outcome = await commands.execute(COMPLAINT, stream_id, caller(key="k", if_match=1), NOTE)
    assert outcome.version == 2


async def test_a_refusal_is_never_decided_on_what_is_remembered(database: str) -> None:
    """Here the complaint was withdrawn; elsewhere it was reopened since."""
    async with commanding(database) as here, commanding(database) as elsewhere:
        stream_id = await registered(here)
        await here.execute(COMPLAINT, stream_id, caller(), c.Withdraw(by="customer", reason="found it"))
        await elsewhere.execute(COMPLAINT, stream_id, caller(), c.Reopen(reason="lost again"))
        outcome = await here.execute(COMPLAINT, stream_id, caller(if_match=3), c.Classify(product="parcel"))
    assert outcome.version == 4


async def test_a_key_used_elsewhere_is_answered_though_the_command_would_now_be_refused(
    database: str,
) -> None:
    async with commanding(database) as here, commanding(database) as elsewhere:
        stream_id = await registered(here)
        withdraw = c.Withdraw(by="customer", reason="found it")
        first = await here.execute(COMPLAINT, stream_id, caller(key="w"), withdraw)
        for each in (here, elsewhere):
            again = await each.execute(COMPLAINT, stream_id, caller(key="w"), withdraw)
            assert (again.replayed, again.version) == (True, first.version)


def test_the_oldest_of_too_many_is_forgotten() -> None:
    recent = Recent(most=2)
    one, two, three = (History(UUID(int=n), None, 1, 1, 1, None, None) for n in range(3))
    for history in (one, two, one, three):
        recent.put("complaint", history)
    kept = [recent.get("complaint", history.stream_id) for history in (one, two, three)]
    assert kept == [one, None, three]
    assert recent.get("customer", one.stream_id) is None
