"""Imports of 100,000 rows: how fast, and whether the end is as fast as the beginning.

The files are generated: rows a complaint in the shape of the `cfpb` mapping, and the changes of cases in the
shape of `helpdesk`. They go through the importer into a log that is on disk.
"""

import csv
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

import uvloop

from bench.measuring import SCHEMA, Ratio, database, postmaster_of, report, seconds_of_all
from infra.commands import Commands
from infra.database import serving_conninfo
from infra.importing import Progress, load_mapping, reporting, run
from infra.log import Log
from infra.vault import Vault

ROWS = int(os.environ.get("ROWS", "100000"))
RUNS = 3
START = datetime(2014, 1, 1, 9, tzinfo=UTC)
CFPB = (
    *("Complaint ID", "Product", "Sub-product", "Issue", "Sub-issue", "State", "ZIP code", "Submitted via"),
    *("Date received", "Date sent to company", "Company", "Company response", "Timely response?"),
    "Consumer disputed?",
)
RESPONSES = (
    *["Closed with explanation"] * 14,
    *["Closed with non-monetary relief"] * 3,
    *("Closed with monetary relief", "In progress", "Closed"),
)
HELPDESK = (
    *("Case ID", "Activity", "Resource", "Complete Timestamp", "Variant", "Variant index", "Variant"),
    *("seriousness", "customer", "product", "responsible_section", "seriousness_2", "service_level"),
    *("service_type", "support_section", "workgroup"),
)
LIFE = (
    "Assign seriousness",
    "Take in charge ticket",
    "Wait",
    "Take in charge ticket",
    "Resolve ticket",
    "Closed",
)


class Mark(NamedTuple):
    """How far an import had come, when, and what processor time it and PostgreSQL had taken by then."""

    rows: int
    at: float
    importer: float
    server: float

    def rate(self, before: "Mark") -> float:
        """Rows a second since an earlier mark."""
        return (self.rows - before.rows) / (self.at - before.at)

    def cost(self, before: "Mark") -> float:
        """Microseconds of processor a row since an earlier mark."""
        used = self.importer + self.server - before.importer - before.server
        return used * 1e6 / (self.rows - before.rows)


def main() -> None:
    """Import both files, in turns, and be told of every page."""
    reporting.TELL_SECONDS = 0.0
    with tempfile.TemporaryDirectory(prefix="ouvidoria-bench-") as folder:
        complaints, changes = Path(folder) / "complaints.csv", Path(folder) / "changes.csv"
        _write(complaints, CFPB, _complaints(ROWS))
        _write(changes, HELPDESK, _changes(ROWS))
        runs = [(_imported(complaints, "cfpb"), _imported(changes, "helpdesk")) for _ in range(RUNS)]
    by_file = zip(("a complaint a row", "a change a row"), zip(*runs, strict=True), strict=True)
    report(f"Imports of {ROWS:,} rows", [row for what, marks in by_file for row in _ratios(what, marks)])


def _ratios(what: str, runs: Sequence[Sequence[Mark]]) -> list[Ratio]:
    def median(measure: Callable[[Mark, Mark], float], start: int, end: int) -> float:
        return statistics.median(measure(marks[end], marks[start]) for marks in runs)

    last, first = (9, 10), (0, 1)
    rate, cost = (partial(median, each) for each in (Mark.rate, Mark.cost))
    tenth, peer = f"{what}: last tenth", "first tenth"
    return [
        Ratio(tenth, rate(*last), peer, rate(*first), "rows/s", 0.8),
        Ratio(tenth, cost(*last), peer, cost(*first), "µs of processor a row", 1.25, at_most=True),
        Ratio(f"{what}: all", rate(0, 10), peer, rate(*first), "rows/s"),
    ]


def _imported(file: Path, mapping: str) -> Sequence[Mark]:
    with database() as url:
        return uvloop.run(_marked(url, file, mapping))


async def _marked(url: str, file: Path, mapping: str) -> Sequence[Mark]:
    """A mark at each tenth, from when the import had read what it must read before the first row."""
    log = Log(serving_conninfo(url, SCHEMA), Vault(bytes(32)))
    postmaster, marks = postmaster_of(url), list[Mark]()

    def told(progress: Progress) -> None:
        if not progress.rows:
            marks.clear()
        if not marks or progress.rows * 10 >= len(marks) * ROWS:
            used = time.process_time(), seconds_of_all(postmaster)
            marks.append(Mark(progress.rows, progress.seconds, *used))

    try:
        done = await run(file, load_mapping(mapping), Commands(log), progress=told)
    finally:
        await log.close()
    if done.added + done.noted != ROWS:
        raise RuntimeError(f"not all was imported: {done.counts()}")
    return marks


def _write(file: Path, header: Sequence[str], rows: Iterator[Sequence[str]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(header)
        writer.writerows(rows)


def _complaints(many: int) -> Iterator[Sequence[str]]:
    rng = Random(1)
    for number in range(many):
        received = START + timedelta(minutes=5 * number)
        response = rng.choice(RESPONSES)
        yield (
            str(1_000_000 + number),
            f"Product {rng.randrange(12)}",
            f"Kind {rng.randrange(30)}",
            f"Issue {rng.randrange(90)} with billing, fees or delivery",
            f"Finer issue {rng.randrange(200)}",
            rng.choice(("CA", "FL", "NY", "TX")),
            f"{rng.randrange(100_000):05}",
            rng.choice(("Web", "Web", "Web", "Phone", "Referral", "Fax", "Postal mail")),
            f"{received:%m/%d/%Y}",
            f"{received + timedelta(days=rng.randrange(4)):%m/%d/%Y}",
            f"Company {rng.randrange(2_000)}, Inc.",
            response,
            rng.choice(("Yes", "Yes", "No")),
            "" if response == "In progress" else rng.choice(("No", "No", "No", "No", "Yes")),
        )


def _changes(many: int) -> Iterator[Sequence[str]]:
    """Cases side by side, in the order of time, as a help desk exports them."""
    rng = Random(2)
    for number in range(many):
        block, place = divmod(number, 600)
        step, case = divmod(place, 100)
        at = START + timedelta(minutes=number)
        values = [f"Value {rng.randrange(1, 20)}" for _ in range(8)]
        yield (
            f"Case {block * 100 + case}",
            LIFE[step],
            f"Value {rng.randrange(1, 20)}",
            f"{at:%Y/%m/%d %H:%M:%S}.000",
            *("Variant 1", "1", "Variant 1"),
            *values[:4],
            f"Value {rng.choice((1, 2, 4))}",
            *values[4:],
        )
