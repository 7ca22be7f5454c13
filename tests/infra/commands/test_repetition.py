"""The same command with the same key is recorded once, and answered alike."""

import pytest
from msgspec.structs import replace

from domain.complaint import COMPLAINT
from domain.complaint import commands as c
from domain.customer import CUSTOMER, RegisterCustomer
from domain.messages import Refused
from infra.commands import AlreadyClaimed, KeyReused
from tests.infra.commands.registering import count, registered, same_but_replayed, without_leaves
from tests.infra.logs import NOTE, REGISTER, caller, commanding

pytestmark = pytest.mark.anyio


async def test_the_same_key_and_body_give_the_same_answer_even_after_later_events(database: str) -> None:
    async with commanding(database) as commands:
        first = await commands.create(COMPLAINT, caller(key="r"), REGISTER)
        noted = await commands.execute(COMPLAINT, first.stream_id, caller(key="n"), NOTE, NOTE)
        await commands.execute(COMPLAINT, first.stream_id, caller(), c.Investigate())
        async with commanding(database) as after_a_restart:
            again = await after_a_restart.create(COMPLAINT, caller(key="r"), REGISTER)
            noted_again = await after_a_restart.execute(
                COMPLAINT, first.stream_id, caller(key="n"), NOTE, NOTE
            )
    assert without_leaves(again) == same_but_replayed(first)
    assert without_leaves(noted_again) == same_but_replayed(noted)
    assert await count(database) == 4


async def test_the_same_key_with_another_command_is_refused(database: str) -> None:
    async with commanding(database) as commands:
        stream_id = (await commands.create(COMPLAINT, caller(key="k"), REGISTER)).stream_id
        other = await registered(commands)
        for attempt in (
            commands.create(COMPLAINT, caller(key="k"), replace(REGISTER, channel="phone")),
            commands.create(COMPLAINT, caller(key="k"), REGISTER, NOTE),
            commands.create(CUSTOMER, caller(key="k"), RegisterCustomer(name="Maria")),
            commands.execute(COMPLAINT, stream_id, caller(key="k"), NOTE),
        ):
            with pytest.raises(KeyReused):
                await attempt
        await commands.execute(COMPLAINT, stream_id, caller(key="n"), NOTE)
        with pytest.raises(KeyReused):
            await commands.execute(COMPLAINT, other, caller(key="n"), NOTE)
    assert await count(database) == 3


async def test_the_same_key_of_another_actor_is_independent(database: str) -> None:
    async with commanding(database) as commands:
        one = await commands.create(COMPLAINT, caller(key="k"), REGISTER)
        other = await commands.create(COMPLAINT, caller(key="k", actor="rui"), REGISTER)
    assert one.stream_id != other.stream_id
    assert not other.replayed


async def test_a_key_comes_before_if_match(database: str) -> None:
    async with commanding(database) as commands:
        stream_id = await registered(commands)
        first = await commands.execute(COMPLAINT, stream_id, caller(key="k", if_match=1), NOTE)
        again = await commands.execute(COMPLAINT, stream_id, caller(key="k", if_match=1), NOTE)
    assert (again.version, again.replayed) == (first.version, True)


async def test_a_command_that_records_nothing_is_remembered_at_its_version(database: str) -> None:
    async with commanding(database) as commands:
        stream_id = await registered(commands)
        same = c.Classify(product="parcel")
        await commands.execute(COMPLAINT, stream_id, caller(), same)
        first = await commands.execute(COMPLAINT, stream_id, caller(key="k"), same)
        assert (first.events, first.version, first.etag) == ([], 2, 2)
        await commands.execute(COMPLAINT, stream_id, caller(), c.Classify(product="letter"))
        again = await commands.execute(COMPLAINT, stream_id, caller(key="k"), same)
    assert again == replace(first, replayed=True)


async def test_refusals_are_decided_anew(database: str) -> None:
    async with commanding(database) as commands:
        stream_id = await registered(commands)
        with pytest.raises(Refused):
            await commands.execute(COMPLAINT, stream_id, caller(key="k"), c.ReviewReply(finding="x"))
        assert await count(database, "idempotency") == 1
        outcome = await commands.execute(COMPLAINT, stream_id, caller(key="k"), NOTE)
    assert outcome.version == 2


async def test_a_claim_is_taken_once(database: str) -> None:
    async with commanding(database) as commands:
        first = await commands.create(COMPLAINT, caller(claim="cfpb:1"), REGISTER)
        with pytest.raises(AlreadyClaimed) as refusal:
            await commands.create(COMPLAINT, caller(claim="cfpb:1", actor="rui"), REGISTER)
    assert refusal.value.stream_id == first.stream_id
    assert await count(database) == 1
