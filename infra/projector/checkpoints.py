"""Checkpoints: how far each follower has come, where it failed, and the tables that go with them."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql
from psycopg.rows import class_row

from infra.projector.followers import Connection, View

CHECKPOINTS = """
CREATE TABLE IF NOT EXISTS checkpoints (
    follower        text   PRIMARY KEY,
    position        bigint NOT NULL,
    failed_position bigint,
    failure         text
)"""

# New tables belong to the views' schema, which is the second of the search path.
VIEWS_FIRST = """SELECT set_config('search_path', quote_ident(path[2]) || ',' || quote_ident(path[1]), true)
                   FROM current_schemas(false) AS path"""


PREPARING = "SELECT pg_advisory_xact_lock(hashtextextended('prepare ' || current_schema(), 0))"


async def prepare(connection: Connection, views: Sequence[View]) -> None:
    """Create the tables and checkpoints of the views where they are missing; the others are left in peace."""
    async with connection.transaction():
        await connection.execute(PREPARING)
        await connection.execute(VIEWS_FIRST)
        await connection.execute(CHECKPOINTS)
        cursor = await connection.execute("SELECT follower FROM checkpoints")
        known = {follower for (follower,) in await cursor.fetchall()}
        missing = [view for view in views if view.follower not in known]
        for view in missing:
            await connection.execute(view.ddl.encode())
        await add_checkpoints(connection, [view.follower for view in missing], 0)


async def add_checkpoints(connection: Connection, followers: Sequence[str], position: int) -> None:
    """Begin with the position, unless there is a checkpoint already."""
    await connection.execute(
        "INSERT INTO checkpoints (follower, position) SELECT unnest(%s::text[]), %s ON CONFLICT DO NOTHING",
        [list(followers), position],
    )


async def reset(connection: Connection, view: View) -> None:
    """Empty a view and send it back to position 0, whence its leader folds it anew."""
    async with connection.transaction():
        # The checkpoint comes first, as in a leader's transactions: neither waits for the other in a circle.
        await connection.execute(
            "UPDATE checkpoints SET position = 0, failed_position = NULL, failure = NULL WHERE follower = %s",
            [view.follower],
        )
        tables = sql.SQL(", ").join(sql.Identifier(table) for table in view.tables)
        await connection.execute(sql.SQL("TRUNCATE {}").format(tables))


@dataclass(frozen=True)
class Standing:
    """Where a follower stands: its position, the newest event's, how long the next event has waited."""

    follower: str
    position: int
    head: int
    behind_seconds: float
    failed_position: int | None
    failure: str | None


STANDINGS = """
SELECT c.follower, c.position, h.head,
       coalesce(extract(epoch FROM clock_timestamp() - n.recorded_at), 0)::float8 AS behind_seconds,
       c.failed_position, c.failure
  FROM checkpoints c
 CROSS JOIN (SELECT coalesce(max(position), 0) AS head FROM events) h
  LEFT JOIN events n ON n.position = c.position + 1
 ORDER BY c.follower"""


async def standings(connection: Connection) -> list[Standing]:
    """Where every follower stands."""
    async with connection.cursor(row_factory=class_row(Standing)) as cursor:
        return await (await cursor.execute(STANDINGS)).fetchall()
