"""What statements read: every one that a query composes is explained before it is run."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple, Self

import psycopg
from psycopg import sql
from psycopg.abc import Params
from psycopg.rows import tuple_row

EXPLAIN = sql.SQL("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ")
ROWS_OF_ONE = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")


class Explained(NamedTuple):
    """A statement that was run: its plan, and the pages of 8 kB that it touched."""

    plan: dict[str, Any]
    pages: int

    @property
    def indexes(self) -> set[str]:
        """Names of the indexes gone through; `seq scan` where a table was read instead."""
        scans = [part for part in _parts(self.plan) if part.get("Relation Name") != "checkpoints"]
        named = {part["Index Name"] for part in scans if "Index Name" in part and part["Actual Loops"]}
        unindexed = any(part["Node Type"] == "Seq Scan" and part["Actual Loops"] for part in scans)
        return named | ({"seq scan"} if unindexed else set())

    @property
    def alone(self) -> set[str]:
        """Names of the indexes that were read without their table."""
        return {
            part["Index Name"]
            for part in _parts(self.plan)
            if part["Node Type"] == "Index Only Scan" and part["Actual Loops"] and not part["Heap Fetches"]
        }

    @property
    def rows(self) -> float:
        """How many rows of tables were looked at."""
        scans = (part for part in _parts(self.plan) if "Relation Name" in part)
        return float(
            sum(part["Actual Loops"] * sum(part.get(name, 0) for name in ROWS_OF_ONE) for part in scans)
        )


class _Explaining(psycopg.AsyncCursor[Any]):
    explained: list[Explained]

    async def execute(self, query: Any, params: Params | None = None, **how: Any) -> Self:
        if isinstance(query, sql.Composed):
            self.explained.append(await _explain(self.connection, query, params))
        return await super().execute(query, params, **how)


async def _explain(
    connection: psycopg.AsyncConnection[Any], query: sql.Composed, params: Params | None
) -> Explained:
    async with psycopg.AsyncCursor(connection, row_factory=tuple_row) as cursor:
        row = await (await cursor.execute(EXPLAIN + query, params)).fetchone()
    plan = row[0][0]["Plan"] if row else {}
    return Explained(plan, plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


@contextlib.asynccontextmanager
async def explaining(connection: psycopg.AsyncConnection[Any]) -> AsyncIterator[list[Explained]]:
    """Explain what is composed and run on the connection meanwhile."""
    explained: list[Explained] = []
    before = connection.cursor_factory
    connection.cursor_factory = type("Explaining", (_Explaining,), {"explained": explained})
    try:
        yield explained
    finally:
        connection.cursor_factory = before


def _parts(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _parts(part)
