"""The one way in: key, `If-Match`, decision and append, again when the stream has moved on."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from domain.aggregate import Aggregate, Context
from domain.complaint import COMPLAINT
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.customer import CUSTOMER, ChangeTier, RegisterCustomer
from domain.messages import Command, Event, Refused
from domain.protocol import is_valid
from infra.batching import Overloaded
from infra.commands import (
    AlreadyClaimed,
    Commands,
    History,
    KeyReused,
    NoSuchStream,
    Outcome,
    VersionMismatch,
)
from infra.commands.recent import Recent
from infra.events import Erased
from infra.log import Append, Appended, Log
from tests.infra.logs import NOTE, NOW, REGISTER, ask, caller, commanding, opened, run, serving

pytestmark = pytest.mark.anyio


async def count(database: str, table: str = "events") -> int:
    return int((await ask(database, f"SELECT count(*) FROM {table}"))[0][0])


async def registered(commands: Commands) -> UUID:
    return (await commands.create(COMPLAINT, caller(), REGISTER)).stream_id


def same_but_replayed(answer: Outcome) -> Outcome:
    """The answer as a repetition gives it; the leaf is known only once the event is read."""
    return replace(answer, replayed=True, events=[replace(event, leaf=b"") for event in answer.events])


def without_leaves(answer: Outcome) -> Outcome:
    return replace(answer, events=[replace(event, leaf=b"") for event in answer.events])


# ---- racing


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


# ---- repetition


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


# ---- what is remembered


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


# ---- several commands, other kinds, context


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


# ---- personal data


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
