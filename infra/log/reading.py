"""Reading the log by position, and forgetting old idempotency keys."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from domain.messages import Event
from infra.events import ROW, Recorded, Row, recorded
from infra.vault import BadMasterKey, Vault

AFTER = f"SELECT {ROW} WHERE e.position > %s ORDER BY e.position LIMIT %s"
STREAMS_AFTER = f"""SELECT {ROW} WHERE e.kind = ANY(%s) AND e.stream_id > %s AND e.position <= %s
 ORDER BY e.stream_id, e.version LIMIT %s"""


async def read(
    connection: psycopg.AsyncConnection[Any], vault: Vault, after: int, limit: int
) -> list[Recorded[Event]]:
    """The next `limit` events after a position, in order, without a hole."""
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(AFTER, [after, limit])
        return [recorded(Row._make(values), vault) for values in await cursor.fetchall()]


async def read_streams(  # noqa: PLR0917 - as `read`
    connection: psycopg.AsyncConnection[Any],
    vault: Vault,
    kinds: Sequence[str],
    after: UUID,
    upto: int,
    limit: int,
) -> list[Recorded[Event]]:
    """The next `limit` events of the streams of these kinds, stream by stream in the order of their ids.

    They begin with the stream whose id comes after `after`, and leave out what came after position `upto`.
    """
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(STREAMS_AFTER, [list(kinds), after, upto, limit])
        return [recorded(Row._make(values), vault) for values in await cursor.fetchall()]


async def head(connection: psycopg.AsyncConnection[Any]) -> int:
    """Position of the newest event; 0 in an empty log."""
    cursor = await connection.execute("SELECT coalesce(max(position), 0) FROM events")
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


PURGE_BATCH = 5_000
OURS, GIVEN = "key ~ '^~[0-9a-f]{32}$'", "key !~ '^~[0-9a-f]{32}$'"
"""Keys that the service made itself, and all others: in the words of an index for each."""


async def purge(connection: psycopg.AsyncConnection[Any]) -> int:
    """Forget idempotency keys older than seven days, our own after one, in batches; returns how many."""
    return await _forget(connection, OURS, "1 day") + await _forget(connection, GIVEN, "7 days")


async def _forget(connection: psycopg.AsyncConnection[Any], whose: str, age: str) -> int:
    statement = purging(whose, age).encode()
    forgotten = 0
    while found := (await connection.execute(statement)).rowcount:
        forgotten += found
    return forgotten


def purging(whose: str, age: str) -> str:
    """The statement that forgets the oldest of these keys."""
    return f"""DELETE FROM idempotency WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM idempotency WHERE {whose} AND recorded_at < now() - interval '{age}'
         ORDER BY recorded_at LIMIT {PURGE_BATCH}))"""  # noqa: S608 - of constants


async def check_master_key(connection: psycopg.AsyncConnection[Any], vault: Vault) -> None:
    """Make sure that the log was sealed with this master key; an empty log takes any.

    Raises:
        BadMasterKey: it was sealed with another.
    """
    row = await (await connection.execute("SELECT stream_id, wrapped FROM stream_keys LIMIT 1")).fetchone()
    if row is None:
        return
    try:
        vault.unwrap(*row)
    except BadMasterKey as error:
        raise BadMasterKey("the log was sealed with another master key; put that one back") from error
