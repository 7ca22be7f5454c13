"""What the tests of rebuilds share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.projector import (
    Rebuild,
    View,
)
from infra.vault import Vault
from tests.infra.logs import MASTER, ask, fetch, served, serving, until

TABLES = """SELECT schemaname || '.' || tablename FROM pg_tables
             WHERE schemaname LIKE 'ouvidoria_%%' AND tablename LIKE %s ORDER BY 1"""


def rebuild(database: str, view: View) -> Rebuild:
    return Rebuild(serving(database), Vault(MASTER), view)


async def tables(database: str, like: str) -> list[str]:
    return [name for (name,) in await ask(database, TABLES, like)]


@asynccontextmanager
async def reading(database: str, view: View) -> AsyncIterator[list[tuple[int, int]]]:
    """Somebody looks all the time at the view's position and the number of its rows, in one statement."""
    query = f"SELECT c.position, (SELECT count(*) FROM {view.tables[0]}) FROM checkpoints c"
    looks: list[tuple[int, int]] = []

    async def look() -> None:
        async with served(database) as connection:
            while True:
                looks.extend(await fetch(connection, query))
                await asyncio.sleep(0.002)

    looking = asyncio.create_task(look())
    try:
        yield looks
    finally:
        looking.cancel()
        await asyncio.wait([looking])
        assert looking.cancelled()


REBUILDING = """SELECT FROM pg_locks JOIN pg_database d ON d.oid = database
                 WHERE locktype = 'advisory' AND granted AND datname = current_database()
                   AND (classid::bigint << 32 | pg_locks.objid::bigint)
                     = hashtextextended('ouvidoria rebuild seen_1', 1)"""


async def until_rebuilding(database: str) -> None:
    async def locked() -> bool:
        return bool(await ask(database, REBUILDING))

    await until(locked)
