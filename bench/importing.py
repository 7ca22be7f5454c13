"""Imports of 100,000 rows: how fast, and whether the end is as fast as the beginning.

The files are generated: rows a complaint in the shape of the `cfpb` mapping, and the changes of cases in the
shape of `helpdesk`. They go through the importer into a log that is on disk.
"""

import csv
import os
import tempfile
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import uvloop

from bench.measuring import SCHEMA, Ratio, database, report
from infra.commands import Commands
from infra.database import serving_conninfo
from infra.importing import Progress, load_mapping, reporting, run
from infra.log import Log
from infra.vault import Vault

ROWS = int(os.environ.get("ROWS", "100000"))
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


def main() -> None:
    """Import both files, and be told of every page."""
    reporting.TELL_SECONDS = 0.0
    with tempfile.TemporaryDirectory(prefix="ouvidoria-bench-") as folder:
        complaints, changes = Path(folder) / "complaints.csv", Path(folder) / "changes.csv"
        _write(complaints, CFPB, _complaints(ROWS))
        _write(changes, HELPDESK, _changes(ROWS))
        rows = [
            *_measured("a complaint a row", complaints, "cfpb"),
            *_measured("a change a row", changes, "helpdesk"),
        ]
    report(f"Imports of {ROWS:,} rows", rows)


def _measured(what: str, file: Path, mapping: str) -> list[Ratio]:
    with database() as url:
        told = uvloop.run(_imported(url, file, mapping))
    last, first = _pace(told, 0.9, 1.0), _pace(told, 0.0, 0.1)
    return [
        Ratio(f"{what}: last tenth", last, "first tenth", first, "rows/s", 0.8),
        Ratio(f"{what}: all", _pace(told, 0.0, 1.0), "first tenth", first, "rows/s"),
    ]


async def _imported(url: str, file: Path, mapping: str) -> Sequence[Progress]:
    """What the importer told on its way, from when it had read what it must read before the first row."""
    log = Log(serving_conninfo(url, SCHEMA), Vault(bytes(32)))
    told: list[Progress] = []
    try:
        done = await run(file, load_mapping(mapping), Commands(log), progress=told.append)
    finally:
        await log.close()
    if done.added + done.noted != ROWS:
        raise RuntimeError(f"not all was imported: {done.counts()}")
    return [*[each for each in told if not each.rows][-1:], *(each for each in told if each.rows)]


def _pace(told: Sequence[Progress], start: float, end: float) -> float:
    """Rows per second between two shares of the file."""
    first, last = (told[_at(told, share * ROWS)] for share in (start, end))
    return (last.rows - first.rows) / (last.seconds - first.seconds)


def _at(told: Sequence[Progress], rows: float) -> int:
    return min(bisect_left(told, rows, key=lambda each: each.rows), len(told) - 1)


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
