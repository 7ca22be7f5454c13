"""The audit trail: a complaint's history, what was known when, and every event across all streams."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.complaint import commands as c
from domain.messages import personal_fields
from infra.events import decode_body
from infra.pages import BadCursor
from projections import audit
from projections.audit import Trail, TrailEntry, history, readable, until
from tests.domain.spec import ANSWER, CONSULT, INVESTIGATE, NOT_OURS, OFFER, PROCON, PROMISE, REOPEN, RESOLVE
from tests.infra.logs import NOTE, NOW, REGISTER, ask
from tests.projections.house import House, house

pytestmark = pytest.mark.anyio


SAMPLES = Path(__file__).parent.parent / "samples"


def words_of(value: Any) -> list[str]:
    """Every text of more than three letters inside a value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [word for part in value for word in words_of(part)]
    return [value] if isinstance(value, str) and len(value) > 3 else []


async def listed(at: House, **wanted: Any) -> list[int]:
    """Positions of the first page of the trail."""
    return [entry.position for entry in (await audit.trail(at.connection, Trail(**wanted))).items]


async def test_the_history_tells_who_when_why_and_what(database: str) -> None:
    async with house(database) as at:
        stream = await at.register()
        backdated = c.Reopen(
            reason="It was not paid.",
            occurred_at=NOW + timedelta(seconds=3),
            backdating_reason="Told by phone.",
        )
        await at.do(stream, RESOLVE, actor="bob", correlation="request-2")
        at.now += timedelta(hours=1)
        await at.do(stream, backdated, supervisor=True)
        entries = history(await at.events(stream))
        leaves = await ask(database, "SELECT encode(leaf, 'hex') FROM events ORDER BY position")
        recorded = await ask(database, "SELECT recorded_at FROM events ORDER BY position")
    assert [entry.type for entry in entries] == [
        "complaint-registered",
        "complaint-resolved",
        "complaint-reopened",
    ]
    assert [(entry.position, entry.version) for entry in entries] == [(1, 1), (2, 2), (3, 3)]
    assert [(entry.hash,) for entry in entries] == leaves
    assert [(entry.recorded_at,) for entry in entries] == recorded
    assert (entries[1].actor, entries[1].correlation, entries[1].causation) == ("bob", "request-2", None)
    assert entries[1].text == "Resolved: upheld (final position)"
    assert (entries[2].reason, entries[2].backdating_reason) == ("It was not paid.", "Told by phone.")
    assert entries[2].occurred_at == NOW + timedelta(seconds=3)
    assert entries[0].data["description"] == REGISTER.description
    assert msgspec.json.decode(msgspec.json.encode(entries[0].data)) == entries[0].data


async def test_what_was_known_at_a_version_a_position_and_a_time(database: str) -> None:
    async with house(database) as at:
        stream = await at.register()
        await at.register()
        await at.do(stream, CONSULT)
        await at.do(stream, ANSWER)
        events = await at.events(stream)
    assert [event.version for event in until(events, version=2)] == [1, 2]
    assert [event.version for event in until(events, position=2)] == [1]
    assert [event.version for event in until(events, position=3)] == [1, 2]
    assert [event.version for event in until(events, at=events[1].recorded_at)] == [1, 2]
    just_before = events[1].recorded_at - timedelta(microseconds=1)
    assert [event.version for event in until(events, at=just_before)] == [1]
    assert until(events, at=datetime(1999, 1, 1, tzinfo=events[0].recorded_at.tzinfo)) == []
    assert until(events) == events


async def test_the_trail_lists_every_event_of_every_stream(database: str) -> None:
    async with house(database) as at:
        person = await at.customer()
        complaint = await at.register(INVESTIGATE)
        await at.project()
        page = await audit.trail(at.connection, Trail())
    assert page.log_position == 3
    assert [(entry.stream_id, entry.kind, entry.type) for entry in page.items] == [
        (person, "customer", "customer-registered"),
        (complaint, "complaint", "complaint-registered"),
        (complaint, "complaint", "investigation-started"),
    ]


async def test_the_trail_names_nobody(database: str) -> None:
    async with house(database) as at:
        await at.customer(email="bia@example.org")
        await at.register(NOTE, contact=c.ContactInput(name="Bia Souza"), subject="Maria")
        await at.project()
        page = await audit.trail(at.connection, Trail())
    told = msgspec.json.encode(page.items).decode()
    for personal in ("Bia", "example.org", "Maria", REGISTER.description, NOTE.text, "sealed"):
        assert personal not in told
    assert page.items[1].changes["channel"] == "web"
    assert page.items[0].changes["tier"] == "basic"


async def test_every_filter_of_the_trail_keeps_what_it_names(database: str) -> None:
    async with house(database) as at:
        first = await at.register()
        second = await at.register()
        await at.do(first, INVESTIGATE, actor="bob", correlation="request-2")
        await at.do(second, NOTE)
        await at.project()
        times = {entry.position: entry for entry in (await audit.trail(at.connection, Trail())).items}
        assert await listed(at, actor="bob") == [3]
        assert await listed(at, actor="nobody") == []
        assert await listed(at, action="complaint-registered") == [1, 2]
        assert await listed(at, complaint_id=first) == [1, 3]
        assert await listed(at, correlation="request-2") == [3]
        assert await listed(at, recorded_from=times[2].recorded_at) == [2, 3, 4]
        assert await listed(at, recorded_to=times[3].recorded_at) == [1, 2]
        assert await listed(at, recorded_to=times[4].recorded_at + timedelta(days=1)) == [1, 2, 3, 4]
        assert await listed(at, recorded_from=times[4].recorded_at + timedelta(days=1)) == []
        assert await listed(at, occurred_from=times[4].occurred_at) == [4]
        assert await listed(at, occurred_to=times[2].occurred_at) == [1]
        assert await listed(at, actor="ana", complaint_id=second, sort="-position") == [4, 2]


@pytest.mark.parametrize("sort", ["position", "-position"])
async def test_pages_of_the_trail_give_every_event_once_in_order(database: str, sort: str) -> None:
    async with house(database) as at:
        for _ in range(5):
            await at.register()
        await at.project()
        seen: list[TrailEntry] = []
        cursor = None
        while True:
            page = await audit.trail(at.connection, Trail(sort=sort, limit=2, cursor=cursor))  # type: ignore[arg-type]  # a sort by its name
            seen += page.items
            cursor = page.next
            if cursor is None:
                break
        with pytest.raises(BadCursor):
            await audit.trail(at.connection, Trail(cursor="not a cursor"))
    expected = [1, 2, 3, 4, 5]
    assert [entry.position for entry in seen] == (expected if sort == "position" else expected[::-1])
    assert len({entry.stream_id for entry in seen}) == 5


async def test_a_reopening_reads_like_a_sentence(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(
            c.Assign(analyst="ana", team="cards"),
            CONSULT,
            ANSWER,
            RESOLVE,
            REOPEN,
            c.Classify(severity="high"),
        )
        texts = [entry.text for entry in history(await at.events(stream))]
    assert texts[1:] == [
        "Assigned to ana of team cards",
        "Sector billing consulted",
        "Sector billing answered",
        "Resolved: upheld (final position)",
        "Reopened",
        "Classified: severity high",
    ]


@pytest.mark.parametrize("tag", sorted(path.stem for path in SAMPLES.glob("*.json")))
def test_no_line_tells_what_is_personal(tag: str) -> None:
    raw = (SAMPLES / f"{tag}.json").read_bytes()
    event = decode_body(tag, raw, None, UUID(int=1), 1)
    text = readable(event)
    personal = [msgspec.json.decode(raw).get(name) for name in personal_fields(type(event))]
    told = [word for value in personal for word in words_of(value) if word in text]
    assert text
    assert told == []


async def test_the_vocabulary_reads_like_sentences(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(
            c.Correct(subject="Other", reason="Misread.", remove=("contact",)),
            c.Escalate(level=2, to="board", reason="The press called."),
            c.LogWork(minutes=25, activity="talk", cost="12.50", currency="BRL"),
            OFFER,
            PROMISE,
            PROCON,
            NOT_OURS,
            RESOLVE,
            c.Rate(csat=4, nps=9),
        )
        texts = [entry.text for entry in history(await at.events(stream))]
    assert texts[1:] == [
        "Corrected: subject, contact removed",
        "Escalated to level 2: board",
        "Work logged: 25 minutes, talk, cost 12.50 BRL",
        "Compensation offered: refund of 120.00 BRL",
        "Promise made, due 2026-11-24 12:00 UTC",
        "Case 2026/7788 opened at procon",
        "Approval asked for by ana: dismiss (dismissal)",
        "Resolved: upheld (final position)",
        "Satisfaction rated: csat 4, nps 9",
    ]
