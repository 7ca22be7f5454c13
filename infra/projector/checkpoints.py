"""Checkpoints: how far each follower has come, where it failed, and the tables that go with them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg import sql
from psycopg.rows import class_row

from infra.log import head
from infra.projector.followers import Connection, View

CHECKPOINTS = """
CREATE TABLE IF NOT EXISTS checkpoints (
    follower        text   PRIMARY KEY,
    position        bigint NOT NULL,
    failed_position bigint,
    failure         text,
    generation      bigint NOT NULL DEFAULT 0,
    tables          text[]
)"""
# For checkpoints of a time when no view could be rebuilt beside the one that serves.
ADDED = """ALTER TABLE checkpoints ADD COLUMN IF NOT EXISTS generation bigint NOT NULL DEFAULT 0,
                                  ADD COLUMN IF NOT EXISTS tables text[]"""
ADDED_BEFORE = """SELECT FROM pg_attribute
                   WHERE attrelid = 'checkpoints'::regclass AND attname = 'tables' AND NOT attisdropped"""

# New tables belong to the views' schema, which is the second of the search path.
VIEWS_FIRST = """SELECT set_config('search_path', quote_ident(path[2]) || ',' || quote_ident(path[1]), true)
                   FROM current_schemas(false) AS path"""

PREPARING = "SELECT pg_advisory_xact_lock(hashtextextended('prepare ' || current_schema(), 0))"

SHORT = 10_000
"""A log of so many events is folded into a new view at once; over a longer one it is built unseen."""


async def prepare(connection: Connection, views: Sequence[View]) -> None:
    """Create the tables and checkpoints of the views where they are missing; the others are left in peace.

    A view that is new while the log is long gets its tables from its leader, once they are complete.
    """
    async with _preparing(connection):
        await connection.execute(CHECKPOINTS)
        if not (await connection.execute(ADDED_BEFORE)).rowcount:
            await connection.execute(ADDED)
        cursor = await connection.execute("SELECT follower, tables FROM checkpoints")
        known = dict(await cursor.fetchall())
        missing = [view for view in views if view.follower not in known]
        if missing and await head(connection) <= SHORT:
            await _create(connection, missing)
        await _note_tables(connection, [view for view in views if known.get(view.follower) is None])


async def create(connection: Connection, views: Sequence[View]) -> None:
    """Create the views' tables, and their checkpoints before the first event."""
    async with _preparing(connection):
        await _create(connection, views)
        await _note_tables(connection, views)


async def _create(connection: Connection, views: Sequence[View]) -> None:
    for view in views:
        await connection.execute(view.ddl.encode())
    await add_checkpoints(connection, [view.follower for view in views], 0)


@asynccontextmanager
async def _preparing(connection: Connection) -> AsyncIterator[None]:
    """A transaction in which nobody else prepares views, and new tables become the views'."""
    async with connection.transaction():
        await connection.execute(PREPARING)
        await connection.execute(VIEWS_FIRST)
        yield


async def _note_tables(connection: Connection, views: Sequence[View]) -> None:
    """Write down which tables belong to a view, for a version that does not know it any more."""
    for view in views:
        await connection.execute(
            "UPDATE checkpoints SET tables = %s WHERE follower = %s", [list(view.tables), view.follower]
        )


async def add_checkpoints(connection: Connection, followers: Sequence[str], position: int) -> None:
    """Begin with the position, unless there is a checkpoint already."""
    await connection.execute(
        "INSERT INTO checkpoints (follower, position) SELECT unnest(%s::text[]), %s ON CONFLICT DO NOTHING",
        [list(followers), position],
    )


async def try_to_lead(connection: Connection, follower: str) -> bool:
    """Whether this connection now leads the follower: it does until it is closed."""
    lock = "SELECT pg_try_advisory_lock(hashtextextended(current_schema() || ' ' || %s, 1))"
    row = await (await connection.execute(lock, [follower])).fetchone()
    return bool(row and row[0])


class CannotDrop(Exception):
    """A view that must stay; the message says why."""


async def drop(connection: Connection, follower: str) -> None:
    """Drop the tables and the checkpoint of a view that no version of the service follows any more.

    Raises:
        CannotDrop: there is no such view, or somebody leads it.
    """
    cursor = await connection.execute("SELECT tables FROM checkpoints WHERE follower = %s", [follower])
    row = await cursor.fetchone()
    if row is None or row[0] is None:
        raise CannotDrop(f"there is no view {follower} whose tables are known")
    if not await try_to_lead(connection, follower):
        raise CannotDrop(f"{follower} is led by a running worker; stop that version of the service first")
    tables = sql.SQL(", ").join(map(sql.Identifier, row[0]))
    async with connection.transaction():
        await connection.execute("DELETE FROM checkpoints WHERE follower = %s", [follower])
        await connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(tables))


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
