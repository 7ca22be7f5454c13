"""What holds something that others wait for lives on while nothing is asked of it, and is in nobody's way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest

from infra import pulse
from infra.database import connect, mortal
from infra.pulse import pulsing
from tests.infra.logs import ask, fetch, serving, until

pytestmark = pytest.mark.anyio

LAST_SIGN = "SELECT state_change FROM pg_stat_activity WHERE pid = %s"


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "PULSE_SECONDS", 0.001)


@asynccontextmanager
async def held(database: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    async with await connect(mortal(serving(database))) as connection, pulsing(connection):
        yield connection


async def until_signs(database: str, connection: psycopg.AsyncConnection[Any]) -> None:
    """Return once the server has heard of the connection, of which nothing is asked meanwhile."""
    pid = connection.info.backend_pid
    before = await ask(database, LAST_SIGN, pid)

    async def heard() -> bool:
        return await ask(database, LAST_SIGN, pid) != before

    await until(heard)


async def test_signs_are_given_between_transactions_and_within_one(database: str) -> None:
    async with held(database) as connection:
        await until_signs(database, connection)
        async with connection.transaction():
            await connection.execute("CREATE TEMPORARY TABLE t (n int)")
            await until_signs(database, connection)
        assert await fetch(connection, "SELECT FROM t") == []


async def test_none_is_given_in_the_middle_of_anything(database: str) -> None:
    async with held(database) as connection:
        await connection.execute("CREATE TEMPORARY TABLE t (n int)")
        async with connection.cursor() as cursor, cursor.copy("COPY t FROM STDIN") as copy:
            for n in range(20):
                await copy.write_row([n])
                await asyncio.sleep(0.005)
        async with connection.pipeline():
            for n in range(20, 40):
                await connection.execute("INSERT INTO t VALUES (%s)", [n])
                await asyncio.sleep(0.005)
        with pytest.raises(psycopg.errors.DivisionByZero):
            await fail_slowly(connection)
        assert await fetch(connection, "SELECT n FROM t ORDER BY n") == [(n,) for n in range(40)]


async def fail_slowly(connection: psycopg.AsyncConnection[Any]) -> None:
    async with connection.transaction():
        try:
            await connection.execute("SELECT 1 / 0")
        finally:
            await asyncio.sleep(0.01)


async def test_a_lost_connection_is_for_him_to_notice_who_works_over_it(database: str) -> None:
    async with held(database) as connection, held(database) as other:
        await ask(database, "SELECT pg_terminate_backend(%s)", connection.info.backend_pid)

        async def closed() -> bool:
            return connection.closed

        await until(closed)
        await until_signs(database, other)
        with pytest.raises(psycopg.OperationalError):
            await connection.execute("SELECT 1")
