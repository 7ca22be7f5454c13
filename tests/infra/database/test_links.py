"""Connections are opened again after they broke, and closed whatever happens meanwhile."""

import asyncio
from typing import Any

import psycopg
import pytest

from infra.database import Link, connect
from tests.infra.logs import fetch, owned, serving

pytestmark = pytest.mark.anyio


async def test_a_link_is_opened_again_after_it_broke(database: str) -> None:
    link = Link(serving(database))
    async with link.use() as connection:
        ((first,),) = await fetch(connection, "SELECT pg_backend_pid()")
    async with owned(database) as killer:
        await fetch(killer, "SELECT pg_terminate_backend(%s, 10000)", first)
    with pytest.raises(psycopg.OperationalError):
        async with link.use() as connection:
            await connection.execute("SELECT 1")
    async with link.use() as connection:
        ((second,),) = await fetch(connection, "SELECT pg_backend_pid()")
    assert first != second
    await link.close()
    await link.close()


async def test_a_connection_is_closed_though_its_task_is_cancelled_as_it_is_left(database: str) -> None:
    opened: list[psycopg.AsyncConnection[Any]] = []
    leaving = asyncio.Event()

    async def use() -> None:
        async with await connect(serving(database)) as connection:
            opened.append(connection)
            await connection.lock.acquire()  # leaving takes a turn of the loop, as it does on a busy machine
            leaving.set()

    using = asyncio.create_task(use())
    await leaving.wait()
    using.cancel()
    await asyncio.wait([using])
    assert using.cancelled()
    assert [connection.closed for connection in opened] == [True]


async def test_a_link_that_was_closed_stays_closed_also_while_it_was_being_opened(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[psycopg.AsyncConnection[Any]] = []
    link = Link(serving(database))

    async def closed_meanwhile(conninfo: str) -> psycopg.AsyncConnection[Any]:
        opened.append(await connect(conninfo))
        await link.close()
        return opened[-1]

    monkeypatch.setattr("infra.database.connect", closed_meanwhile)
    for _ in range(2):
        with pytest.raises(psycopg.InterfaceError, match="closed"):
            async with link.use():
                pass
    assert all(connection.closed for connection in opened)
