"""Queries at 10,000 and at 1,000,000 complaints: how much slower is the larger?

The databases are filled by `bench.multitude`. Each query is run through the query functions, on a connection
as the API's, in turns on both databases; pages are of 50. Beside the medians stand the 99th percentiles and
the pages of 8 kB that PostgreSQL touched, which do not depend on what else the machine does.
"""

import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
import uvloop
from rich.table import Table

from api.reading import SESSION
from bench.explaining import explaining
from bench.measuring import SCHEMA, Ratio, console, database, report
from bench.multitude import fill
from domain.complaint.lifecycle import OPEN
from infra.database import connect, serving_conninfo
from projections import audit, complaints
from projections.audit import Trail
from projections.complaints import Worklist

SIZES = (10_000, 1_000_000)
RUNS = 200
AIM = 1.5
ONE: str = """
SELECT complaint_id, protocol, analyst, team, category, customer_id, registered_at FROM complaints_2
 WHERE state = 'in_progress' AND analyst IS NOT NULL AND customer_id IS NOT NULL AND category IS NOT NULL
 ORDER BY complaint_id LIMIT 1"""

Connection = psycopg.AsyncConnection[Any]
Known = Mapping[str, Any]
"""A complaint in progress: its id, protocol, analyst and so on."""


class Taken(NamedTuple):
    """Seconds of each run, and pages touched by one."""

    seconds: Sequence[float]
    pages: int


def _list(**how: Any) -> Callable[[Connection, Known], Awaitable[Any]]:
    def ask(connection: Connection, known: Known) -> Awaitable[Any]:
        given = {name: value(known) if callable(value) else value for name, value in how.items()}
        return complaints.worklist(connection, Worklist(**given))

    return ask


def _of(name: str) -> Callable[[Known], Any]:
    return lambda known: known[name]


def _month_before(known: Known) -> datetime:
    at: datetime = known["registered_at"]
    return at - timedelta(days=30)


QUERIES: Mapping[str, Callable[[Connection, Known], Awaitable[Any]]] = {
    "newest": _list(),
    "last changed": _list(sort="-updated_at"),
    "open, by what is due": _list(state=tuple(OPEN), sort="due_at"),
    "open, gravest first": _list(state=tuple(OPEN), sort="-severity"),
    "open, longest untouched": _list(state=tuple(OPEN), sort="updated_at"),
    "proposed": _list(state=("proposed",)),
    "an analyst's": _list(analyst=_of("analyst")),
    "an analyst's open, by what is due": _list(analyst=_of("analyst"), state=tuple(OPEN), sort="due_at"),
    "a team's": _list(team=_of("team")),
    "a customer's, by state": _list(customer_id=_of("customer_id"), state=("closed",)),
    "a category's": _list(category=_of("category")),
    "a category's of a month": _list(category=_of("category"), registered_to=_month_before),
    "needs review": _list(needs_review=True),
    "breached, longest first": _list(breached=True, sort="due_at"),
    "a common word": _list(q="entrega"),
    "a rare word": _list(q="20017"),
    "detail": lambda connection, known: complaints.detail(connection, known["complaint_id"]),
    "by protocol": lambda connection, known: complaints.by_protocol(connection, known["protocol"]),
    "trail": lambda connection, _: audit.trail(connection, Trail(sort="-position")),
    "trail of a complaint": lambda connection, known: audit.trail(
        connection, Trail(complaint_id=known["complaint_id"])
    ),
}


def main() -> None:
    """Fill both databases, and ask each everything."""
    with ExitStack() as stack:
        urls = [stack.enter_context(database()) for _ in SIZES]
        taken = uvloop.run(_measured(urls))
    rows = [
        Ratio(what, _median(large), f"{SIZES[0]:,}", _median(small), "ms", AIM, at_most=True)
        for what, (small, large) in taken.items()
    ]
    report(f"Queries at {SIZES[1]:,} complaints", rows)
    _tell_more(taken)


async def _measured(urls: Sequence[str]) -> Mapping[str, Sequence[Taken]]:
    for url, size in zip(urls, SIZES, strict=True):
        await fill(url, SCHEMA, size)
    connections = [await connect(serving_conninfo(url, SCHEMA, **SESSION)) for url in urls]
    known = [await _one(connection) for connection in connections]
    asked = list(zip(connections, known, strict=True))
    try:
        return {what: await _taken(query, asked) for what, query in QUERIES.items()}
    finally:
        for connection in connections:
            await connection.close()


async def _taken(
    query: Callable[[Connection, Known], Awaitable[Any]], asked: Sequence[tuple[Connection, Known]]
) -> Sequence[Taken]:
    seconds: list[list[float]] = [[] for _ in asked]
    for _ in range(RUNS):
        for (connection, known), runs in zip(asked, seconds, strict=True):
            started = time.perf_counter()
            await query(connection, known)
            runs.append(time.perf_counter() - started)
    return [
        Taken(runs, await _pages(query, connection, known))
        for (connection, known), runs in zip(asked, seconds, strict=True)
    ]


async def _pages(
    query: Callable[[Connection, Known], Awaitable[Any]], connection: Connection, known: Known
) -> int:
    async with explaining(connection) as plans:
        await query(connection, known)
    return sum(plan.pages for plan in plans)


async def _one(connection: Connection) -> Known:
    cursor = await connection.execute(ONE.encode())
    row = await cursor.fetchone()
    if row is None or cursor.description is None:
        raise RuntimeError("no complaint is in progress")
    return {column.name: value for column, value in zip(cursor.description, row, strict=True)}


def _median(taken: Taken) -> float:
    return statistics.median(taken.seconds) * 1_000


def _tell_more(taken: Mapping[str, Sequence[Taken]]) -> None:
    table = Table(
        "what", *(f"p99 at {size:,}, ms" for size in SIZES), *(f"pages at {size:,}" for size in SIZES)
    )
    for what, each in taken.items():
        tails = (f"{statistics.quantiles(one.seconds, n=100)[-1] * 1_000:.2f}" for one in each)
        table.add_row(what, *tails, *(f"{one.pages:,}" for one in each))
    console.print(table)
