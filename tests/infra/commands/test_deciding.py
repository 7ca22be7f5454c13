"""What a decision knows, what is recorded of it, and of several at once."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from domain.aggregate import Aggregate, Context
from domain.complaint import COMPLAINT
from domain.complaint import commands as c
from domain.customer import CUSTOMER, ChangeTier, RegisterCustomer
from domain.messages import Command, Event, Refused
from domain.protocol import is_valid
from infra.commands import Commands, NoSuchStream, VersionMismatch
from infra.log import Log
from tests.infra.commands.registering import count, registered
from tests.infra.logs import NOTE, NOW, REGISTER, caller, commanding, opened, serving

pytestmark = pytest.mark.anyio


async def test_several_commands_are_recorded_together(database: str) -> None:
    async with commanding(database) as commands:
        outcome = await commands.create(COMPLAINT, caller(), REGISTER, NOTE, c.Investigate())
        assert [event.version for event in outcome.events] == [1, 2, 3]
        assert outcome.state == (await commands.history(COMPLAINT, outcome.stream_id)).state
        assert outcome.state.state == "in_progress"


async def test_of_several_commands_a_refused_one_refuses_all(database: str) -> None:
    async with commanding(database) as commands:
        with pytest.raises(Refused):
            await commands.create(COMPLAINT, caller(), REGISTER, NOTE, c.ReviewReply(finding="x"))
    assert await count(database) == await count(database, "stream_keys") == 0


async def test_a_stream_is_found_only_under_its_own_kind(database: str) -> None:
    async with commanding(database) as commands:
        customer = await commands.create(CUSTOMER, caller(), RegisterCustomer(name="Maria"))
        for stream_id in (customer.stream_id, uuid4()):
            with pytest.raises(NoSuchStream):
                await commands.execute(COMPLAINT, stream_id, caller(), NOTE)
            with pytest.raises(NoSuchStream):
                await commands.history(COMPLAINT, stream_id)


async def test_what_the_system_records_does_not_change_the_etag(database: str) -> None:
    async with commanding(database) as commands:
        stream_id = await registered(commands)
        receipt = await commands.execute(COMPLAINT, stream_id, caller(actor="system", origin="system"), NOTE)
        assert (receipt.version, receipt.etag) == (2, 1)
        assert (await commands.history(COMPLAINT, stream_id)).etag == 1
        outcome = await commands.execute(COMPLAINT, stream_id, caller(if_match=1), NOTE)
        assert (outcome.version, outcome.etag) == (3, 3)
        with pytest.raises(VersionMismatch):
            await commands.execute(COMPLAINT, stream_id, caller(if_match=1), NOTE)


async def test_protocol_numbers_are_unique_over_processes(database: str) -> None:
    async with commanding(database) as one, commanding(database) as other:
        outcomes = await asyncio.gather(
            *(each.create(COMPLAINT, caller(), REGISTER) for _ in range(120) for each in (one, other))
        )
    protocols = {outcome.state.protocol for outcome in outcomes}
    assert len(protocols) == 240
    assert all(is_valid(protocol) for protocol in protocols)


async def test_a_decision_knows_the_given_clock_caller_and_nothing_else(database: str) -> None:
    seen: list[Context] = []

    def decide(state: object, command: Command, context: Context) -> Sequence[Event]:
        seen.append(context)
        return COMPLAINT.decide(state, command, context)

    spied = Aggregate(*COMPLAINT[:4], decide=decide)  # type: ignore[arg-type]  # only its decide differs
    window = timedelta(days=9)
    async with commanding(database, clock=lambda: NOW, reopen_window=window) as commands:
        first = await commands.create(spied, caller(supervisor=True, origin="import"), REGISTER)
        earlier = replace(NOTE, occurred_at=NOW - timedelta(minutes=1))
        noted = await commands.execute(spied, first.stream_id, caller(), earlier)
    register, note = seen
    assert (register.now, register.occurred_at, register.actor) == (NOW, NOW, "ana")
    assert (register.supervisor, register.origin, register.reopen_window) == (True, "import", window)
    assert register.protocol is not None
    assert note.protocol is None
    assert note.occurred_at == NOW - timedelta(minutes=1) == noted.events[0].occurred_at
    assert first.events[0].recorded_at != NOW


async def test_events_of_a_command_carry_who_and_why(database: str) -> None:
    async with commanding(database) as commands:
        outcome = await commands.create(
            COMPLAINT,
            caller(correlation="request-9", causation=f"{UUID(int=1)}/3", origin="system"),
            REGISTER,
        )
    async with opened(serving(database)) as log:
        stored = await log.stream(outcome.stream_id)
    assert [replace(event, leaf=b"") for event in stored] == outcome.events
    (event,) = stored
    assert (event.actor, event.correlation, event.causation, event.origin) == (
        "ana",
        "request-9",
        f"{UUID(int=1)}/3",
        "system",
    )


async def test_a_customer_is_a_stream_like_any_other(database: str) -> None:
    async with commanding(database) as commands:
        customer = await commands.create(CUSTOMER, caller(), RegisterCustomer(name="Maria"))
        changed = await commands.execute(CUSTOMER, customer.stream_id, caller(), ChangeTier(tier="gold"))
    assert (changed.state.tier, changed.version) == ("gold", 2)


async def test_the_clock_of_the_service_is_utc_by_default(database: str) -> None:
    async with commanding(database) as commands:
        before = datetime.now(UTC)
        outcome = await commands.create(COMPLAINT, caller(), REGISTER)
    assert outcome.events[0].occurred_at >= before


async def test_a_log_serves_many_callers_at_once(database: str) -> None:
    async with opened(serving(database)) as log:
        assert isinstance(log, Log)
        commands = Commands(log)
        outcomes = await asyncio.gather(
            *(commands.create(COMPLAINT, caller(), REGISTER, NOTE) for _ in range(200))
        )
    assert sorted(outcome.position for outcome in outcomes) == list(range(2, 401, 2))
