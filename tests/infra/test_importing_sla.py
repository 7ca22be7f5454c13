"""Imported cases get the clocks that live ones have: whichever way they come in, and nobody is told twice.

The first cases of the real files; `make soak` takes them whole.
"""

import csv
import os
import random
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from api.watching import CLOCKS
from domain.complaint.events import SlaApplied
from domain.sla.presets import CFPB as CFPB_PRESET
from infra import presets
from infra.importing import load_mapping, run
from infra.importing.mapping import Mapping as Columns
from infra.projector import Rebuild
from infra.watchdog import Watchdog
from projections import sla, sla_due
from tests.infra import by_hand
from tests.infra.importing.desk import CFPB
from tests.infra.logs import caller, fetch, serving
from tests.infra.test_importing_helpdesk import FILE
from tests.projections.house import House, house

pytestmark = pytest.mark.anyio

CASES = int(os.environ.get("CASES", "150"))
NOW = datetime(2026, 11, 26, tzinfo=UTC)
WORKDAYS = ("mon", "tue", "wed", "thu", "fri")
ROME = {
    "zone": "Europe/Rome",
    "windows": {day: [["09:00", "13:00"], ["14:00", "18:00"]] for day in WORKDAYS},
    "holidays": {"country": "IT"},
}
Clocks = dict[str, list[dict[str, Any]]]
"""The clocks of each case, by the id that its source gave it."""


def policy(level: str, hours: int) -> dict[str, Any]:
    return {
        "name": level,
        "layer": "contract",
        "order": hours,
        "calendar": f"rome {level}",
        "match": {"tags": f"service_level: {level}"},
        "targets": [
            {
                "name": "resolution",
                "stops": "resolved",
                "length": {"amount": hours, "unit": "business_hours"},
                "pauses_in": ["awaiting_customer"],
                "warn_at": [0.8],
            },
            {
                "name": "first response",
                "stops": "first_response",
                "length": {"amount": hours, "unit": "calendar_hours"},
            },
        ],
    }


def part_of(file: Path, into: Path, chance: random.Random | None = None) -> list[dict[str, str]]:
    """The rows of the first cases, put into a file of their own, cases perhaps in another order."""
    if not file.exists():
        pytest.skip(f"the real complaint data ({file.name}) is not beside the checkout")
    with file.open(newline="", encoding="utf-8") as source:
        header, *rows = csv.reader(source)
    cases: dict[str, list[list[str]]] = defaultdict(list)
    for row in rows:
        if len(row) == len(header):
            cases[row[0]].append(row)
    order = list(cases)[:CASES]
    if chance:
        chance.shuffle(order)
    kept = [row for case in order for row in cases[case]]
    with into.open("w", newline="", encoding="utf-8") as target:
        csv.writer(target).writerows([header, *kept])
    return [dict(zip(header, row, strict=True)) for row in kept]


def named(mapping: Columns, source: str) -> Columns:
    """The same mapping, for what is the same file from another house."""
    return structs.replace(mapping, source=source)


CLOCKS_OF = """SELECT substr(claim, length(%s) + 2), row_to_json(c)
                 FROM claims JOIN sla_clocks_4 c ON complaint_id = stream_id
                WHERE claim ~ ('^' || %s || ':[^/]*$') ORDER BY started_at, decided_at, policy, target"""
GIVEN_ANEW = ("id", "complaint_id", "protocol", "clock_id", "case_id")
UP_TO_NOW = ("used_seconds", "due_at")


async def shown(at: House, source: str) -> Clocks:
    """The clocks of each case that came from a source, as the view has them.

    Left out are ids, which each import gives anew, and of what is still open the time up to the import.
    """
    found: Clocks = defaultdict(list)
    for case, clock in await fetch(at.connection, CLOCKS_OF, source, source):
        is_open = "until" not in clock["intervals"][-1]
        left_out = (*GIVEN_ANEW, *UP_TO_NOW) if is_open else GIVEN_ANEW
        found[case].append({name: value for name, value in clock.items() if name not in left_out})
    return found


async def same_when_replayed(at: House, *views: Any) -> None:
    """Bring the views up to the log, in small steps, and see that from zero they come to the same rows."""
    await at.project(*views, batch=500)
    for view in views:
        kept = {table: await rows_of(at, table) for table in view.tables}
        await Rebuild(serving(at.database), at.log.vault, view).run()
        assert {table: await rows_of(at, table) for table in view.tables} == kept


async def rows_of(at: House, table: str) -> list[Any]:
    return sorted(await fetch(at.connection, f"SELECT t::text FROM {table} t"))


@pytest.fixture
def chance() -> random.Random:
    return random.Random(7)  # noqa: S311 - repeatable, not secret


async def test_a_help_desk_measured_by_service_level_whichever_way_it_comes_in(
    database: str, tmp_path: Path, chance: random.Random
) -> None:
    mapping = load_mapping("helpdesk")
    async with house(database) as at:
        at.now = NOW
        for level, hours in by_hand.HOURS.items():
            await at.put_in_force(policy(level, hours), ROME | {"name": f"rome {level}"})
        rows = part_of(FILE, tmp_path / "whole.csv")
        part_of(FILE, tmp_path / "shuffled.csv", chance)
        await run(tmp_path / "whole.csv", mapping, at.commands)
        await run(tmp_path / "shuffled.csv", named(mapping, "shuffled"), at.commands, concurrency=7)
        await same_when_replayed(at, sla.VIEW, sla_due.VIEW)
        found = await shown(at, "helpdesk")
        assert await shown(at, "shuffled") == found
        assert {case: resolutions(clocks) for case, clocks in found.items()} == expected(rows)
        assert that_paused(found) == that_waited(rows)
        await nothing_is_announced(at)


def resolutions(clocks: list[dict[str, Any]]) -> set[by_hand.Outcome]:
    return {
        by_hand.Outcome(clock["policy"], clock["state"], clock["decided_at"] and rome(clock["decided_at"]))
        for clock in clocks
        if clock["target"] == "resolution"
    }


def rome(moment: str) -> datetime:
    """As the clocks in Rome show it."""
    return datetime.fromisoformat(moment).astimezone(by_hand.ROME).replace(tzinfo=None)


def expected(rows: list[dict[str, str]]) -> Mapping[str, set[by_hand.Outcome]]:
    return {case: set(by_hand.resolution(changes)) for case, changes in by_hand.by_case(rows).items()}


async def nothing_is_announced(at: House) -> None:
    """What fell due before the import is history: the watchdog records nothing."""
    before = await fetch(at.connection, "SELECT count(*) FROM events")
    assert await Watchdog(serving(at.database), at.commands, CLOCKS, lambda: at.now).look(at.connection) == 0
    assert await fetch(at.connection, "SELECT count(*) FROM events") == before


def that_paused(found: Clocks) -> set[str]:
    """The cases with a clock that stood still for a while."""
    return {
        case
        for case, clocks in found.items()
        if any(interval["state"] == "paused" for clock in clocks for interval in clock["intervals"])
    }


def that_waited(rows: list[dict[str, str]]) -> set[str]:
    return {
        case
        for case, changes in by_hand.by_case(rows).items()
        if any(change.phase == "waits" for change in by_hand.changes(changes))
    }


async def test_cfpb_cases_are_undetermined_beside_what_the_source_declares(
    database: str, tmp_path: Path, chance: random.Random
) -> None:
    mapping = load_mapping("cfpb")
    async with house(database) as at:
        at.now = NOW
        await presets.install(at.commands, caller(origin="system"), CFPB_PRESET)
        await at.reference.refresh()
        rows = part_of(CFPB, tmp_path / "whole.csv")
        part_of(CFPB, tmp_path / "shuffled.csv", chance)
        await run(tmp_path / "whole.csv", mapping, at.commands)
        await run(tmp_path / "shuffled.csv", named(mapping, "shuffled"), at.commands, concurrency=7)
        await same_when_replayed(at, sla.VIEW, sla_due.VIEW)
        found = await shown(at, "cfpb")
        assert await shown(at, "shuffled") == found
        assert {case: answers(clocks) for case, clocks in found.items()} == {
            row["Complaint ID"]: [by_hand.answer(row)] for row in rows
        }
        assert not any(due for (due,) in await fetch(at.connection, "SELECT due FROM sla_due_4"))
        (applied,) = [
            each.event
            for each in await at.events((await fetch(at.connection, STREAM))[0][0])
            if isinstance(each.event, SlaApplied)
        ]
        assert (applied.cause, applied.facts.external_bodies) == ("imported", ("cfpb",))


def answers(clocks: list[dict[str, Any]]) -> list[tuple[str, str | None, datetime | None]]:
    return [(clock["state"], clock["declared"], breached_at(clock)) for clock in clocks]


def breached_at(clock: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(clock["decided_at"]) if clock["state"] == "breached" else None


STREAM = "SELECT stream_id FROM events WHERE tag = 'sla-applied' LIMIT 1"
