"""What statements read: every one on a connection is explained, run and counted."""

from typing import Any, NamedTuple, Self

import psycopg
from psycopg import sql
from psycopg.abc import Params, Query

EXPLAIN = sql.SQL("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ")


class Explained(NamedTuple):
    """A statement's plan, the 8 kB pages that it touched, and its time in the server in milliseconds."""

    plan: dict[str, Any]
    pages: int
    milliseconds: float


class Explaining(psycopg.AsyncCursor[Any]):
    """A cursor that explains what it executes; the plans gather in `plans` of its class."""

    plans: list[Explained]

    async def execute(self, query: Query, params: Params | None = None, **how: Any) -> Self:
        """Explain, then execute."""
        if isinstance(query, sql.Composed):
            await super().execute(EXPLAIN + query, params)
            row = await self.fetchone()
            found = row[0][0]
            plan = found["Plan"]
            pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
            self.plans.append(Explained(plan, pages, found["Execution Time"] + found["Planning Time"]))
        return await super().execute(query, params, **how)


def explaining(connection: psycopg.AsyncConnection[Any]) -> list[Explained]:
    """Explain every composed statement on this connection from now on, into the list that is given back."""
    plans: list[Explained] = []
    connection.cursor_factory = type("Explainer", (Explaining,), {"plans": plans})
    return plans
