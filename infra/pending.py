"""Words on their way into an index: sorted in beside the followers, who would have to stop for it."""

import asyncio
import contextlib
from typing import Any

import psycopg
import structlog

from infra.database import Link

log = structlog.get_logger()

SECONDS = 1.0
INDEXES = """
SELECT i.oid::regclass::text FROM pg_class i JOIN pg_am a ON a.oid = i.relam
 WHERE a.amname = 'gin' AND i.relnamespace::regnamespace::text = ANY(current_schemas(false))"""
SORT = "SELECT gin_clean_pending_list(%s::regclass)"


async def keep_short(conninfo: str) -> None:
    """Keep the pending lists of the GIN indexes short, for ever.

    PostgreSQL appends new words to such a list, and whoever makes it longer than 4 MB sorts it into the
    index: of texts with many different words, a follower would stand still for tenths of a second. A search
    reads the whole list, so it is better short.
    """
    link = Link(conninfo)
    try:
        while True:
            try:
                async with link.use() as connection:
                    await sort_in(connection)
            except psycopg.Error as error:  # a list that stays long is slower, and no more than that
                log.warning("words-not-sorted-in", error=type(error).__name__)
            await asyncio.sleep(SECONDS)
    finally:
        await link.close()


async def sort_in(connection: psycopg.AsyncConnection[Any]) -> int:
    """Sort in what waits, index by index; the pages that it took up.

    Each index has a transaction of its own: a lock on one, held while waiting for another, could meet those
    of a rebuild that changes tables.
    """
    pages = 0
    for (index,) in await (await connection.execute(INDEXES)).fetchall():
        # A rebuild has just replaced it; or did so while its lock was waited for, which is an internal error.
        with contextlib.suppress(psycopg.errors.UndefinedTable, psycopg.errors.InternalError_):
            sorted_in = await (await connection.execute(SORT, [index])).fetchone()
            pages += sorted_in[0] if sorted_in else 0
    return pages
