"""Every view takes in every type of event that was ever stored, and a replay gives the same rows again."""

import os
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from msgspec import convert, structs

from api.examples import CALENDAR, POLICY
from api.parts import VIEWS
from domain import AGGREGATES
from domain.analyst import ANALYST, ChangeTeam, Leave
from domain.complaint import COMPLAINT, ComplaintCommand, SystemCommand
from domain.complaint import commands as c
from domain.customer import CUSTOMER, ChangeContact, ChangeTier, SetPreferences
from domain.messages import Refused, tag_of
from domain.publishing import Activate
from domain.sla_policy import SLA_POLICY, RevisePolicy
from domain.team import TEAM, ChangeProvider, DissolveTeam
from domain.webhook import WEBHOOK
from domain.webhook import commands as w
from infra.events import decode_body, encode_body
from infra.log import Draft, read
from infra.projector import Rebuild, View, leading, runner
from infra.projector.followers import Events
from infra.projector.rebuilding import filling
from infra.rows import Bundle, tables
from infra.vault import Vault
from projections import audit, complaints
from tests.domain.spec import ANSWER, COMMANDS, POINTS
from tests.infra.logs import MASTER, NOW, append_on, caller, fetch, request, serving
from tests.projections.house import House, give_traits, house

pytestmark = pytest.mark.anyio

SEEDS = int(os.environ.get("SEEDS", "1"))
"""`make soak` has more."""
SAMPLES = Path(__file__).parent.parent / "samples"
TABLES = [table for view in VIEWS for table in view.tables]
ANYTHING = (*COMMANDS.values(), ANSWER, c.CancelAsk(sector="billing", reason="Settled."))
KEPT = {
    "promise_id": "promises",
    "reminder_id": "reminders",
    "compensation_id": "compensations",
    "case_id": "external_cases",
    "party_id": "parties",
    "approval_id": "approvals",
}
"""Where the complaint has the things that commands name."""
KINDS = [(tag_of(event), kind) for kind, aggregate in AGGREGATES.items() for event in aggregate.events]
"""Each type of event in each kind of stream that it occurs in."""
FIRST = {kind: tag_of(aggregate.events[0]) for kind, aggregate in AGGREGATES.items()}


async def append_samples(at: House, kind: str, *tags: str) -> UUID:
    """A new stream of stored samples, sealed as real ones are."""
    stream_id = uuid4()
    key, wrapped = Vault(MASTER).new_key(stream_id)
    drafts = []
    for version, tag in enumerate(tags, 1):
        event = decode_body(tag, (SAMPLES / f"{tag}.json").read_bytes(), None, stream_id, version)
        if tag == "complaint-registered":
            event = structs.replace(event, protocol=stream_id.hex, received_at=NOW - timedelta(weeks=3))
        drafts.append(Draft(tag, NOW, encode_body(event, key, stream_id, version)))
    wanted = request(stream_id, kind=kind, wrapped_key=wrapped)
    await append_on(at.connection, structs.replace(wanted, events=drafts))
    return stream_id


async def test_every_view_takes_in_every_type_of_event(database: str) -> None:
    async with house(database) as at:
        streams: dict[tuple[str, str], UUID] = {}
        for tag, kind in KINDS:
            tags = [FIRST[kind]] if tag == FIRST[kind] else [FIRST[kind], tag]
            streams[tag, kind] = await append_samples(at, kind, *tags)
        await at.project()
        for (tag, kind), stream in streams.items():
            entries = audit.history(await at.events(stream))
            assert [entry.type for entry in entries][-1] == tag
            assert all(entry.text for entry in entries)
            if kind == "complaint":
                found = await complaints.detail(at.connection, stream)
                assert found.value == complaints.as_of(await at.events(stream))
        await traits_are_those_of_the_columns(at)


async def traits_are_those_of_the_columns(at: House) -> None:
    before = await contents(at)
    await give_traits(at.connection)
    assert await contents(at) == before


async def test_an_event_that_does_not_concern_a_view_changes_none_of_its_rows(database: str) -> None:
    async with house(database) as at:
        for tag, kind in KINDS:
            await append_samples(at, kind, *dict.fromkeys((FIRST[kind], tag)))
        await at.project()
        before = await contents(at)
        events = await read(at.connection, at.log.vault, 0, 1_000)
        for view in VIEWS:
            passed_over = [event for event in events if not view.concerned([event])]
            assert len(passed_over) < len(events)
            async with at.connection.transaction():
                await view.apply(at.connection, passed_over)
        assert await contents(at) == before


async def test_an_event_recorded_by_the_system_does_not_move_the_etag(database: str) -> None:
    async with house(database) as at:
        stream = await at.register()
        await at.do(stream, c.AddNote(text="delivered"), origin="system")
        found = await at.detail(stream)
        assert (found.version, found.etag) == (2, 1)
        assert found.etag == (await at.commands.history(COMPLAINT, stream)).etag


async def contents(at: House) -> dict[str, Sequence[Any]]:
    """Every row of every view, as text."""
    return {
        table: await fetch(at.connection, f"SELECT t::text FROM {table} t ORDER BY 1") for table in TABLES
    }


async def aimed(
    at: House, chance: random.Random, stream: UUID, streams: Sequence[UUID]
) -> ComplaintCommand | SystemCommand:
    """A random command, about something that the complaint has, where it has such a thing."""
    state = (await at.commands.history(COMPLAINT, stream)).state
    command = chance.choice(ANYTHING)
    ids = {name: [getattr(item, name) for item in getattr(state, where)] for name, where in KEPT.items()}
    ids["of"] = ids["to"] = list(streams)
    known = {
        name: chance.choice(ids[name])
        for name in command.__struct_fields__
        if ids.get(name) and isinstance(getattr(command, name), UUID)
    }
    return structs.replace(command, **known)


async def record_what_fell_due(at: House) -> None:
    """Warnings, breaches and escalations of all complaints, as the watchdog would."""
    for (stream,) in await fetch(
        at.connection, "SELECT stream_id FROM events WHERE tag = 'complaint-registered' ORDER BY position"
    ):
        with suppress(Refused):
            await at.do(stream, c.RecordSlaDue(at=at.now, occurred_at=at.now), origin="system")


async def send_webhook(at: House) -> None:
    """A webhook, and what may be asked about its deliveries."""
    made = await at.commands.create(WEBHOOK, caller(), w.CreateWebhook(url="https://example.org/hook"))
    asked = (
        w.Replay(from_position=1),
        w.SkipDelivery(position=2, reason="Gone."),
        w.ResumeParked(),
        w.RotateSecret(),
        w.PauseWebhook(),
        w.ResumeWebhook(),
        w.ChangeWebhook(description="The other one"),
    )
    for command in asked:
        await at.commands.execute(WEBHOOK, made.stream_id, caller(), command)


async def hire(at: House, name: str) -> None:
    """The team that complaints are assigned to passes from hand to hand, and so do analysts."""
    team = await at.team(name, provider="third_party", provider_name="Central Exemplo")
    passing = ChangeProvider(provider="in_house"), DissolveTeam(), ChangeProvider(provider="independent")
    await at.commands.execute(TEAM, team, caller(), *passing)
    analyst = await at.analyst(f"{name}'s", name)
    await at.commands.execute(ANALYST, analyst, caller(), Leave(), ChangeTeam(team=name))


async def try_many(at: House, chance: random.Random, many: int) -> None:
    """Random commands on random complaints and customers; many of them are refused."""
    name = f"of {at.now:%d %B}"
    document = POLICY | {"name": name, "calendar": name, "match": {}, "order": 100 - at.now.day}
    policy = await at.put_in_force(document, CALENDAR | {"name": name})
    await record_what_fell_due(at)
    await send_webhook(at)
    await hire(at, "cards" if at.now.day == NOW.day else name)
    streams = [await at.register(register=POINTS) for _ in range(4)]
    await at.do(streams[0], c.SetReminder(text="Ask again", at=at.now + timedelta(days=99)))
    people = [await at.customer(email=f"{n}@example.org") for n in range(2)]
    for n in range(many):
        if chance.random() < 0.1:
            change = chance.choice(
                (
                    ChangeTier(tier=f"tier{n}"),
                    ChangeContact(name=f"Bia {n}", remove=("email",)),
                    SetPreferences(language="es"),
                )
            )
            await at.commands.execute(CUSTOMER, chance.choice(people), caller(), change)
            continue
        if chance.random() < 0.05:
            revise = convert(document | {"source": f"Revision {n}"}, RevisePolicy)
            await at.commands.execute(SLA_POLICY, policy, caller(origin="system"), revise, Activate())
        origin = chance.choice(("live", "live", "system"))
        try:
            stream = chance.choice(streams)
            command = await aimed(at, chance, stream, streams)
            if chance.random() < 0.1:
                command = c.ApplyPolicies(cause="tier_changed")
            actor = chance.choice(("ana", "rui"))
            await at.do(stream, command, origin=origin, actor=actor, supervisor=True)
        except Refused:
            continue


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
async def test_rows_are_the_same_whether_followed_caught_up_or_rebuilt(
    database: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    monkeypatch.setattr(tables, "FEW", chance.choice((0, 3, 16)))  # whether rows are copied or sent as JSON
    monkeypatch.setattr(leading, "REMEMBERED", chance.choice((0, 2, 100)))
    monkeypatch.setattr(filling, "CHUNK", chance.choice((3, 20)))
    async with house(database) as at:
        for _ in range(6):
            await try_many(at, chance, 25)
            await at.project(batch=chance.choice((1, 2, 7, 1_000)))
            at.now += timedelta(days=1)
        followed = await contents(at)
        assert all(followed.values())
        for view in VIEWS:
            found = await Rebuild(serving(database), Vault(MASTER), view).run(compare=True)
            assert (found.count, found.shown) == (0, ())
        assert await contents(at) == followed
        for view in VIEWS:
            await empty(at, view)
        assert not any((await contents(at)).values())
        await at.project(batch=1_000)
        assert await contents(at) == followed
        await traits_are_those_of_the_columns(at)


async def test_a_few_events_are_written_in_one_message_whatever_they_are(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowly: list[str] = []
    fold = leading.Lead._fold

    async def noted(self: leading.Lead, view: View, events: Events, *, more: bool) -> int:
        slowly.append(view.name)
        return await fold(self, view, events, more=more)

    monkeypatch.setattr(leading.Lead, "_fold", noted)
    async with house(database) as at:
        await try_many(at, random.Random(6), 100)  # noqa: S311 - repeatable, not secret
        await at.project(batch=leading.FEW)
        assert all((await contents(at)).values())
    assert slowly == []


class Faulty:
    """Sends bundles, but for those that fail, and those whose answer is lost."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, chance: random.Random) -> None:
        self.happened: set[str] = set()
        self._faults: Mapping[str, Callable[..., Awaitable[None]]] = {
            "nothing": Bundle.send,
            "cut off before": self._cut_off_before,
            "cut off behind": self._cut_off_behind,
            "refused": self._refused,
            "done, but reported as failed": self._misreported,
        }
        self._send = Bundle.send
        monkeypatch.setattr(Bundle, "send", lambda *given: self._sent(chance.choice([*self._faults]), *given))

    async def _sent(self, fault: str, *given: Any) -> None:
        self.happened.add(fault)
        await self._faults[fault](*given)

    async def _cut_off_before(self, bundle: Bundle, *given: Any) -> None:
        await bundle._connection.close()
        await self._send(bundle, *given)

    async def _cut_off_behind(self, bundle: Bundle, *given: Any) -> None:
        await self._send(bundle, *given)
        await bundle._connection.close()
        raise psycopg.OperationalError

    async def _refused(self, _bundle: Bundle, *_given: Any) -> None:
        raise psycopg.errors.DeadlockDetected

    async def _misreported(self, bundle: Bundle, *given: Any) -> None:
        await self._send(bundle, *given)
        raise psycopg.errors.QueryCanceled


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
async def test_nothing_is_lost_or_doubled_wherever_the_writing_of_a_few_events_is_interrupted(
    database: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    monkeypatch.setattr(runner, "CANDIDATE_SECONDS", 0.01)
    faulty = Faulty(monkeypatch, chance)
    async with house(database) as at:
        for _ in range(4):
            await try_many(at, chance, 25)
            await at.project(batch=chance.choice((1, 7, leading.FEW)))
            at.now += timedelta(days=1)
        assert len(faulty.happened) == 5
        assert all((await contents(at)).values())
        for view in VIEWS:
            found = await Rebuild(serving(database), Vault(MASTER), view).run(compare=True)
            assert (found.count, found.shown) == (0, ())


async def empty(at: House, view: View) -> None:
    """The view as it was before the first event."""
    await at.connection.execute(f"TRUNCATE {', '.join(view.tables)}".encode())
    await at.connection.execute("UPDATE checkpoints SET position = 0 WHERE follower = %s", [view.follower])


@pytest.mark.parametrize("seed", [4, 5])
async def test_the_complaint_as_of_its_last_event_is_the_one_in_the_view(database: str, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    async with house(database) as at:
        await try_many(at, chance, 150)
        await at.project()
        for (stream,) in await fetch(at.connection, "SELECT complaint_id FROM complaints_4"):
            events = await at.events(stream)
            found = await complaints.detail(at.connection, stream)
            assert found.value == complaints.as_of(events)
            history = await at.commands.history(COMPLAINT, stream)
            assert found.value
            assert (found.value.version, found.value.etag) == (history.version, history.etag)
            assert found.value.state == history.state.state
