"""Personal fields are sealed, and stay so when their key is gone."""

import pytest
from msgspec.structs import replace

from domain.complaint import COMPLAINT
from domain.complaint import commands as c
from domain.complaint import events as e
from infra.events import Erased
from tests.infra.commands.registering import count, registered
from tests.infra.logs import NOTE, REGISTER, ask, caller, commanding, opened, run, serving

pytestmark = pytest.mark.anyio


async def test_personal_fields_cannot_be_read_from_what_is_stored(database: str) -> None:
    contact = c.ContactInput(name="Maria", email="maria@example.org")
    register = replace(REGISTER, contact=contact, remedy_sought="money back")
    async with commanding(database) as commands:
        outcome = await commands.create(COMPLAINT, caller(), register, NOTE)
    stored = b"".join(body for (body,) in await ask(database, "SELECT body FROM events"))
    for text in (REGISTER.subject, REGISTER.description, NOTE.text, "Maria", "maria@", "money back"):
        assert text.encode() not in stored
    assert b"web" in stored
    assert await ask(database, "SELECT stream_id FROM stream_keys") == [(outcome.stream_id,)]


async def test_an_erased_stream_still_loads_and_takes_facts_that_are_not_personal(database: str) -> None:
    async with commanding(database) as commands:
        stream_id = await registered(commands)
        await run(database, "DELETE FROM stream_keys")
        async with opened(serving(database)) as log:
            (event,) = await log.stream(stream_id)
        assert isinstance(event.event, e.ComplaintRegistered)
        assert (event.event.subject, event.event.description) == ("[erased]", "[erased]")
        assert event.event.remedy_sought is None
        outcome = await commands.execute(COMPLAINT, stream_id, caller(), c.Investigate())
        assert outcome.version == 2
        with pytest.raises(Erased):
            await commands.execute(COMPLAINT, stream_id, caller(), NOTE)
        assert (await commands.history(COMPLAINT, stream_id)).version == 2


async def test_nothing_is_sealed_with_a_key_that_was_destroyed_meanwhile(database: str) -> None:
    """The stream is remembered with its key; the log knows better."""
    async with commanding(database) as commands:
        stream_id = await registered(commands)
        await run(database, "DELETE FROM stream_keys")
        with pytest.raises(Erased):
            await commands.execute(COMPLAINT, stream_id, caller(), NOTE)
        outcome = await commands.execute(COMPLAINT, stream_id, caller(), c.Investigate())
    assert outcome.version == await count(database) == 2
