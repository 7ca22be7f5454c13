"""The same questions put to a small and to a large database, in turns."""

import os
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

import psycopg
from rich.table import Table

from bench.explaining import explaining
from bench.measuring import Ratio, console

AIM = 1.5
SIZES = tuple(int(size) for size in os.environ.get("SIZES", "10000,1000000").split(","))
"""Complaints in the small and in the large database: `make bench NAME=queries SIZES=2000,20000`."""

Connection = psycopg.AsyncConnection[Any]
Known = Mapping[str, Any]
"""What is to be asked for in a database: the id of a complaint, an analyst and so on."""

Question = Callable[[Connection, Known], Awaitable[Any]]


class Taken(NamedTuple):
    """Seconds of each run, and pages of 8 kB that PostgreSQL touched for one."""

    seconds: Sequence[float]
    pages: int

    @property
    def median(self) -> float:
        """Milliseconds."""
        return statistics.median(self.seconds) * 1_000

    @property
    def p99(self) -> float:
        """Milliseconds."""
        return statistics.quantiles(self.seconds, n=100)[-1] * 1_000


async def in_turns(
    questions: Mapping[str, Question], asked: Sequence[tuple[Connection, Known]], runs: int
) -> Mapping[str, Sequence[Taken]]:
    """What each question took in each database."""
    return {what: await _taken(question, asked, runs) for what, question in questions.items()}


def ratios(taken: Mapping[str, Sequence[Taken]]) -> list[Ratio]:
    """How much slower the large database answers."""
    small = f"{SIZES[0]:,}"
    return [
        Ratio(what, each[1].median, small, each[0].median, "ms", AIM, at_most=True)
        for what, each in taken.items()
    ]


def print_more(taken: Mapping[str, Sequence[Taken]]) -> None:
    """The 99th percentiles, and the pages, which do not depend on what else the machine does."""
    table = Table(
        "what", *(f"p99 at {size:,}, ms" for size in SIZES), *(f"pages at {size:,}" for size in SIZES)
    )
    for what, each in taken.items():
        table.add_row(what, *(f"{one.p99:.2f}" for one in each), *(f"{one.pages:,}" for one in each))
    console.print(table)


async def one(connection: Connection, query: str) -> Known:
    """The row that a query gives, by names of columns.

    Raises:
        LookupError: it gives none.
    """
    cursor = await connection.execute(query.encode())
    row = await cursor.fetchone()
    if row is None or cursor.description is None:
        raise LookupError(query)
    return {column.name: value for column, value in zip(cursor.description, row, strict=True)}


async def _taken(question: Question, asked: Sequence[tuple[Connection, Known]], runs: int) -> Sequence[Taken]:
    seconds: list[list[float]] = [[] for _ in asked]
    for _ in range(runs):
        for (connection, known), measured in zip(asked, seconds, strict=True):
            started = time.perf_counter()
            await question(connection, known)
            measured.append(time.perf_counter() - started)
    return [
        Taken(measured, await _pages(question, connection, known))
        for (connection, known), measured in zip(asked, seconds, strict=True)
    ]


async def _pages(question: Question, connection: Connection, known: Known) -> int:
    async with explaining(connection) as plans:
        await question(connection, known)
    return sum(plan.pages for plan in plans)
