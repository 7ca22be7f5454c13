"""Imported cases get the clocks that live ones have: whichever way they come in, and nobody is told twice."""

import csv
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs, to_builtins

from api.watching import CLOCKS
from domain.complaint import Complaint, evolve
from domain.complaint.events import SlaApplied
from domain.sla import Clock, clocks
from domain.sla.presets import CFPB as CFPB_PRESET
from infra import presets
from infra.importing import load_mapping, run
from infra.importing.mapping import Mapping
from infra.projector import Rebuild
from infra.watchdog import Watchdog
from projections import sla_due
from tests.infra.logs import caller, fetch, serving
from tests.infra.test_importing import CFPB
from tests.infra.test_importing_helpdesk import FILE
from tests.projections.house import House, house

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 26, tzinfo=UTC)
WORKDAYS = ("mon", "tue", "wed", "thu", "fri")
ROME = {
    "name": "rome",
    "zone": "Europe/Rome",
    "windows": {day: [["09:00", "13:00"], ["14:00", "18:00"]] for day in WORKDAYS},
    "holidays": {"country": "IT"},
}


def policy(level: str, hours: int) -> dict[str, Any]:
    return {
        "name": f"level {level}",
        "layer": "contract",
        "order": hours,
        "calendar": "rome",
        "match": {"tags": f"service_level: Value {level}"},
        "targets": [
            {
                "name": "resolution",
                "stops": "resolved",
                "length": {"amount": hours, "unit": "business_hours"},
                "pauses_in": ["awaiting_customer"],
                "warn_at": [0.8],
            }
        ],
    }


def part_of(file: Path, into: Path, many: int, chance: random.Random | None = None) -> Path:
    """The rows of the first cases, perhaps in another order."""
    if not file.exists():
        pytest.skip(f"the real complaint data ({file.name}) is not beside the checkout")
    with file.open(newline="", encoding="utf-8") as source:
        header, *rows = csv.reader(source)
    cases = list(dict.fromkeys(row[0] for row in rows))[:many]
    kept = [row for row in rows if row[0] in cases and len(row) == len(header)]
    if chance:
        chance.shuffle(kept)
    with into.open("w", newline="", encoding="utf-8") as target:
        csv.writer(target).writerows([header, *kept])
    return into


def named(mapping: Mapping, source: str) -> Mapping:
    """The same mapping, for what is the same file from another house."""
    return structs.replace(mapping, source=source)


async def measured(at: House, source: str) -> dict[str, list[Any]]:
    """The clocks of each case that came from a source, by its own id."""
    book = at.policies.standing.book
    found = {}
    rows = await fetch(
        at.connection,
        "SELECT DISTINCT stream_id FROM events WHERE kind = 'complaint' AND actor = %s",
        f"import:{source}",
    )
    for (stream_id,) in rows:
        events: list[Any] = list(await at.events(stream_id))
        state: Complaint | None = None
        for each in events:
            state = evolve(state, each.event, each.occurred_at)
        assert state
        found[events[0].event.source_ref] = [bare(clock) for clock in clocks(state.timeline, book, at.now)]
    return found


def bare(clock: Clock) -> Any:
    """Without the ids that each import gives anew."""
    return to_builtins(structs.replace(clock, case_id=None, clock_id=""))


@pytest.fixture
def chance() -> random.Random:
    return random.Random(7)  # noqa: S311 - repeatable, not secret


async def test_a_help_desk_measured_by_service_level_whichever_way_it_comes_in(
    database: str, tmp_path: Path, chance: random.Random
) -> None:
    mapping = load_mapping("helpdesk")
    async with house(database) as at:
        at.now = NOW
        await at.put_in_force(policy("1", 8), ROME)
        for level, hours in (("2", 16), ("3", 40)):
            await at.put_in_force(policy(level, hours), ROME | {"name": f"rome {level}"})
        whole = part_of(FILE, tmp_path / "whole.csv", 40)
        shuffled = part_of(FILE, tmp_path / "shuffled.csv", 40, chance)
        await run(whole, mapping, at.commands)
        await run(shuffled, named(mapping, "shuffled"), at.commands, concurrency=7)
        found = await measured(at, "helpdesk")
        assert len(found) == 40
        assert await measured(at, "shuffled") == found
        states = [clock["state"] for each in found.values() for clock in each]
        assert {"met", "met_late"} <= set(states)
        paused = [
            interval
            for each in found.values()
            for clock in each
            for interval in clock["intervals"]
            if interval["state"] == "paused"
        ]
        assert paused  # the waits for customers

        await at.project(sla_due.VIEW, batch=50)
        rows = await fetch(at.connection, "SELECT t::text FROM sla_due_2 t ORDER BY complaint_id")
        assert len(rows) == 2 * sum(1 for each in found.values() if each)
        await Rebuild(serving(database), at.log.vault, sla_due.VIEW).run()
        assert await fetch(at.connection, "SELECT t::text FROM sla_due_2 t ORDER BY complaint_id") == rows

        before = await fetch(at.connection, "SELECT count(*) FROM events")
        assert await Watchdog(serving(database), at.commands, CLOCKS, lambda: at.now).look(at.connection) == 0
        assert await fetch(at.connection, "SELECT count(*) FROM events") == before


async def test_cfpb_cases_are_undetermined_beside_what_the_source_declares(
    database: str, tmp_path: Path
) -> None:
    async with house(database) as at:
        at.now = NOW
        await presets.install(at.commands, caller(origin="system"), CFPB_PRESET)
        await at.policies.refresh()
        file = part_of(CFPB, tmp_path / "part.csv", 60)
        await run(file, load_mapping("cfpb"), at.commands)
        found = await measured(at, "cfpb")
        assert len(found) == 60
        with file.open(newline="", encoding="utf-8") as source:
            rows = {row["Complaint ID"]: row for row in csv.DictReader(source)}
        for case, measures in found.items():
            (clock,) = measures
            answered = rows[case]["Company response"] != "Untimely response"
            declared = {"Yes": "timely", "No": "untimely"}[rows[case]["Timely response?"]]
            assert clock["state"] == ("undetermined" if answered else "breached")
            assert clock.get("declared") == (declared if answered else None)
        rows_due = await sla_due_of(at)
        assert not any(row for row in rows_due)
        (applied,) = [
            each.event
            for each in await at.events((await fetch(at.connection, STREAM))[0][0])
            if isinstance(each.event, SlaApplied)
        ]
        assert (applied.cause, applied.facts.external_bodies) == ("external_case_opened", ("cfpb",))


STREAM = "SELECT stream_id FROM events WHERE tag = 'sla-applied' LIMIT 1"


async def sla_due_of(at: House) -> list[Any]:
    """What is due in each case."""
    await at.project(sla_due.VIEW)
    return [due for (due,) in await fetch(at.connection, "SELECT due FROM sla_due_2")]
