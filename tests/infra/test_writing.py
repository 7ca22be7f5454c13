"""What a fold writes, sent in one message: in its order, all or none, and not before it is whole."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import psycopg
import pytest

from infra.rows import Bundle, bundling, write
from tests.infra.logs import fetch, served

pytestmark = pytest.mark.anyio

MAKE = b"CREATE TABLE IF NOT EXISTS written_1 (number bigint PRIMARY KEY, said text, tags text[], ids uuid[])"
KEEP = b"INSERT INTO written_1 (number, said) VALUES (%s, %s)"
KEEP_ALL = b"INSERT INTO written_1 VALUES (%s, %s, %s, %s)"
DOUBLE = b"UPDATE written_1 SET number = 2 * number"
ONLY_READS = "SET default_transaction_read_only = on"


@asynccontextmanager
async def table(database: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A connection that may write a table."""
    async with served(database) as connection:
        await connection.execute("SELECT set_config('search_path', (current_schemas(false))[2], false)")
        await connection.execute(MAKE)
        yield connection


async def numbers(connection: psycopg.AsyncConnection[Any]) -> list[int]:
    return [number for (number,) in await fetch(connection, "SELECT number FROM written_1 ORDER BY 1")]


async def test_nothing_is_written_before_the_bundle_is_sent_and_then_all_in_order(database: str) -> None:
    async with table(database) as connection:
        with bundling(connection, Bundle(connection)) as bundle:
            await write(connection, DOUBLE, [])
            await write(connection, KEEP, [1, "another"])
        assert len(bundle) == 2
        assert await numbers(connection) == []
        await bundle.send(KEEP, [1, "first"])
        assert await numbers(connection) == [1, 2]


async def test_where_one_statement_fails_none_is_done_and_the_next_bundle_is_not_concerned(
    database: str,
) -> None:
    async with table(database) as connection:
        bundle = Bundle(connection)
        with bundling(connection, bundle):
            await write(connection, KEEP, [1, "again"])
        with pytest.raises(psycopg.errors.UniqueViolation):
            await bundle.send(KEEP, [1, "first"])
        assert await numbers(connection) == []
        with bundling(connection, bundle):
            await write(connection, KEEP, [2, "two"])
        await bundle.send(KEEP, [1, "first"])
        assert await numbers(connection) == [1, 2]


async def test_a_bundle_that_was_given_up_is_forgotten(database: str) -> None:
    async with table(database) as connection:
        bundle = Bundle(connection)
        with suppress(ZeroDivisionError), bundling(connection, bundle):
            await write(connection, KEEP, [1, "one"])
            await write(connection, KEEP, [1 // 0, "never"])
        with bundling(connection, bundle):
            await write(connection, KEEP, [2, "two"])
        await bundle.send(KEEP, [3, "three"])
        assert await numbers(connection) == [2, 3]


async def test_outside_of_a_bundle_a_statement_is_done_at_once(database: str) -> None:
    async with table(database) as connection:
        await write(connection, KEEP, [1, "one"])
        assert await numbers(connection) == [1]


async def test_values_arrive_as_they_are(database: str) -> None:
    values: tuple[tuple[Any, ...], ...] = (
        (1, 'it\'s 100 %s, \\ "quoted"; $1', ["a,b", "{}", "NULL", "'"], [UUID(int=7)]),
        (2, None, [], []),
        (3, "ação\n\t✓", None, None),
    )
    async with table(database) as connection:
        bundle = Bundle(connection)
        with bundling(connection, bundle):
            for row in values[1:]:
                await write(connection, KEEP_ALL, row)
        await bundle.send(KEEP_ALL, values[0])
        assert await fetch(connection, "SELECT * FROM written_1 ORDER BY 1") == list(values)


async def test_a_statement_is_prepared_once(database: str) -> None:
    async with table(database) as connection:
        bundle = Bundle(connection)
        for number in (1, 3, 5):
            with bundling(connection, bundle):
                await write(connection, KEEP, [number, "one"])
            await bundle.send(DOUBLE, [])
        query = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'bundled%'"
        assert await fetch(connection, query) == [(2,)]


async def test_a_session_that_only_reads_writes_bundles_and_nothing_else(database: str) -> None:
    async with table(database) as connection:
        await connection.execute(ONLY_READS)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await write(connection, KEEP, [1, "one"])
        with bundling(connection, Bundle(connection)) as bundle:
            await write(connection, KEEP, [2, "two"])
        await bundle.send(KEEP, [3, "three"])
        assert await numbers(connection) == [2, 3]
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await write(connection, KEEP, [4, "four"])


async def test_a_bundle_is_sent_again_after_one_failed_because_the_driver_forgot_what_was_prepared(
    database: str,
) -> None:
    async with table(database) as connection:
        bundle = Bundle(connection)
        await keep(connection, bundle, 1)
        with suppress(psycopg.errors.DivisionByZero):
            async with connection.transaction():
                await connection.execute("SELECT 1", prepare=True)
                await connection.execute("SELECT 1 / 0")
        with pytest.raises(psycopg.errors.InvalidSqlStatementName):
            await keep(connection, bundle, 3)
        await keep(connection, bundle, 5)
        assert await numbers(connection) == [2, 5]


async def keep(connection: psycopg.AsyncConnection[Any], bundle: Bundle, number: int) -> None:
    """Double the numbers that are there, and keep another."""
    with bundling(connection, bundle):
        await write(connection, KEEP, [number, "one"])
    await bundle.send(DOUBLE, [])
