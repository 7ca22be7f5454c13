"""The help desk's real log comes in as its mapping says: killed in the middle, resumed, and run once more.

The first cases of it; `make soak` takes it whole.
"""

import asyncio
import csv
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from domain.complaint import COMPLAINT, Complaint
from infra.commands import Commands
from infra.database import Unavailable
from infra.events import Recorded
from infra.importing import Report, load_mapping, run
from infra.log import read
from tests.databases import database_url, drop_database, make_database
from tests.infra.logs import opened, served, serving

FILE = Path(__file__).parents[2].parent / "shared" / "data" / "helpdesk_it.csv"
CASES = int(os.environ.get("CASES", "700"))


class Numbers(NamedTuple):
    """Of the log's first cases, counted once and for all."""

    cases: int
    rows: int
    told_twice: int
    states: Mapping[str, int]
    reopened: int
    tags: Mapping[str, int]


PART = Numbers(
    cases=700,
    rows=3_224,
    told_twice=18,
    states={"closed": 695, "resolved": 3, "awaiting_customer": 2},
    reopened=18,
    tags={
        "complaint-registered": 700,
        "investigation-started": 646,
        "complaint-assigned": 700,
        "complaint-classified": 686,
        "information-requested": 223,
        "ask-cancelled": 90,
        "sector-consulted": 6,
        "complaint-resolved": 716,
        "complaint-reopened": 18,
        "complaint-closed": 696,
        "note-added": 172,
    },
)
WHOLE = Numbers(
    cases=4580,
    rows=21_348,
    told_twice=127,
    states={"closed": 4558, "resolved": 10, "awaiting_customer": 9, "in_progress": 2, "awaiting_sector": 1},
    reopened=161,
    tags={
        "complaint-registered": 4580,
        "investigation-started": 4234,
        "complaint-assigned": 4606,
        "complaint-classified": 4514,
        "information-requested": 1450,
        "ask-cancelled": 594,
        "sector-consulted": 66,
        "sector-answered": 5,
        "complaint-resolved": 4729,
        "complaint-reopened": 161,
        "complaint-closed": 4560,
        "note-added": 1197,
    },
)
COUNTED = PART if CASES == 700 else WHOLE
KILLED_AFTER = COUNTED.rows // 2


class Imported(NamedTuple):
    """What came of the file: the reports of the second run and the third, and the log after the second."""

    resumed: Report
    third: Report
    rejects: Path
    histories: dict[Any, list[Recorded[Any]]]
    states: dict[Any, Complaint]
    events: int
    events_after_third: int


class Killed(Commands):
    """Loses the database after some rows."""

    many = 0

    async def execute(self, *arguments: Any) -> Any:
        self.many += 1
        if self.many > KILLED_AFTER:
            raise Unavailable("the database does not answer")
        return await super().execute(*arguments)


@pytest.fixture(scope="module")
def imported(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    if not FILE.exists():
        pytest.skip(f"the real complaint data ({FILE.name}) is not beside the checkout")
    name = make_database(postgres, template)
    folder = tmp_path_factory.mktemp("log")
    part = folder / "log.csv"
    with part.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(first_cases())
    yield asyncio.run(_imported(database_url(postgres, name), part, folder / "rejects.csv"))
    drop_database(postgres, name)


def first_cases() -> list[list[str]]:
    """The header and the rows of the first cases, each of which is told in one go."""
    with FILE.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    cases = (list(case) for _, case in groupby(rows, itemgetter(0)))
    return [header, *chain.from_iterable(islice(cases, CASES))]


async def _imported(database: str, file: Path, rejects: Path) -> Imported:
    mapping = load_mapping("helpdesk")
    async with opened(serving(database)) as log, served(database) as connection:
        with pytest.raises(Unavailable):
            await run(file, mapping, Killed(log), rejects=rejects)
        resumed = await run(file, mapping, Commands(log), rejects=rejects)
        histories: dict[Any, list[Recorded[Any]]] = defaultdict(list)
        states: dict[Any, Complaint] = {}
        position = 0
        while page := await read(connection, log.vault, position, 5000):
            position = page[-1].position
            for each in page:
                histories[each.stream_id].append(each)
                states[each.stream_id] = COMPLAINT.evolve(
                    states.get(each.stream_id), each.event, each.occurred_at
                )
        third = await run(file, mapping, Commands(log), rejects=rejects)
        after = position + len(await read(connection, log.vault, position, 10))
    return Imported(resumed, third, rejects, histories, states, position, after)


@pytest.fixture(scope="module")
def cases(imported: Imported) -> dict[str, list[dict[str, str]]]:
    """The rows of each case, told once, in their order."""
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    header, *rows = first_cases()
    for row in (dict(zip(header, each, strict=True)) for each in rows):
        if row not in found[row["Case ID"]]:
            found[row["Case ID"]].append(row)
    return found


def test_every_row_is_accounted_for_though_the_import_was_killed_in_the_middle(imported: Imported) -> None:
    report = imported.resumed
    assert (report.cases, report.rows, report.rejected) == (COUNTED.cases, COUNTED.rows, 0)
    assert report.rows == report.added + report.noted + report.known + report.rejected
    assert abs(report.known - KILLED_AFTER) <= COUNTED.told_twice + report.implied
    assert not imported.rejects.exists()


def test_another_run_adds_nothing(imported: Imported) -> None:
    assert imported.third.counts() == {
        "cases": COUNTED.cases,
        "rows": COUNTED.rows,
        "added": 0,
        "known": COUNTED.rows,
        "rejected": 0,
        "noted": 0,
        "implied": 0,
    }
    assert imported.events_after_third == imported.events


def test_the_log_has_what_the_rows_say_and_nothing_more(imported: Imported) -> None:
    tags = Counter(each.tag for history in imported.histories.values() for each in history)
    assert tags == COUNTED.tags


def test_every_row_that_was_not_told_twice_left_an_event_that_quotes_it_or_comes_of_it(
    imported: Imported, cases: dict[str, list[dict[str, str]]]
) -> None:
    assert sum(map(len, cases.values())) == COUNTED.rows - COUNTED.told_twice
    for history in imported.histories.values():
        rows = cases[history[0].event.source_ref]
        quoted = [
            text
            for each in history
            for text in (each.event.backdating_reason or "", getattr(each.event, "text", ""))
            if "The row of the source:" in text
        ]
        assert Counter(text.split("Activity: ")[1].split("\n")[0] for text in quoted) == Counter(
            row["Activity"] for row in rows
        )
        times = [each.occurred_at for each in history]
        assert times == sorted(times)


def read_by_hand(  # noqa: C901 - one branch an activity
    rows: list[dict[str, str]],
) -> tuple[str, int]:
    """The state in which a case ends, and how often it was reopened."""
    state, reopened = "registered", 0
    asked = sector = 0
    for row in rows:
        ended = state in ("resolved", "closed")
        match row["Activity"]:
            case "Take in charge ticket":
                asked, reopened, state = 0, reopened + ended, "in_progress"
            case "Wait":
                asked, reopened, state = asked + 1, reopened + ended, "in_progress"
            case "Create SW anomaly" if not ended:
                sector, state = sector + 1, "in_progress"
            case "Resolve SW anomaly":
                sector = 0 if sector == 1 else sector
            case "Resolve ticket" if not ended:
                asked, sector, state = 0, 0, "resolved"
            case "Closed":
                asked, sector, state = 0, 0, "closed"
    if state == "in_progress":
        state = "awaiting_sector" if sector else "awaiting_customer" if asked else state
    return state, reopened


def test_states_and_reopenings_are_those_that_a_reader_of_the_rows_finds(
    imported: Imported, cases: dict[str, list[dict[str, str]]]
) -> None:
    found = {}
    for stream, history in imported.histories.items():
        reopened = sum(each.tag == "complaint-reopened" for each in history)
        found[history[0].event.source_ref] = (imported.states[stream].state, reopened)
    assert found == {case: read_by_hand(rows) for case, rows in cases.items()}
    assert Counter(state for state, _ in found.values()) == COUNTED.states
    assert sum(many for _, many in found.values()) == COUNTED.reopened


def test_a_ticket_reads_as_the_mapping_says(imported: Imported) -> None:
    (history,) = (each for each in imported.histories.values() if each[0].event.source_ref == "Case 1")
    assert [(each.tag, each.occurred_at.isoformat()) for each in history] == [
        ("complaint-registered", "2012-10-09T12:50:17+00:00"),
        ("complaint-classified", "2012-10-09T12:50:17+00:00"),
        ("investigation-started", "2012-10-09T12:51:01+00:00"),
        ("complaint-assigned", "2012-10-09T12:51:01+00:00"),
        ("complaint-assigned", "2012-10-12T13:02:56+00:00"),
        ("complaint-resolved", "2012-10-25T09:54:26+00:00"),
        ("complaint-closed", "2012-11-09T11:54:39+00:00"),
    ]
    registered, classified, _, assigned, *_, resolved, closed = (each.event for each in history)
    assert registered.subject == "Case ID: Case 1, product: Value 1"
    assert (registered.product, registered.channel) == ("Value 1", "unknown")
    assert [(each.type, each.value) for each in registered.subject_refs] == [("account", "customer: Value 1")]
    assert (classified.severity, classified.tags) == (
        "low",
        ("seriousness_2: Value 1", "service_level: Value 1"),
    )
    assert (assigned.analyst, assigned.team) == ("Value 1", "support_section: Value 1, workgroup: Value 1")
    assert (resolved.outcome, resolved.basis) == ("upheld", "final_position")
    assert "does not tell the outcome" in resolved.backdating_reason
    assert closed.reason == "no_reply"
