"""What a fold writes, sent in one message: in its order, all or none, and not before it is whole."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
import pytest

from infra.rows import Bundle, TooLong, bundling, write, writing
from tests.infra.followers import terminate
from tests.infra.logs import ask, fetch, served, until

pytestmark = pytest.mark.anyio

MAKE = b"CREATE TABLE IF NOT EXISTS written_1 (number bigint PRIMARY KEY, said text)"
KEEP = b"INSERT INTO written_1 (number, said) VALUES (%s, %s)"
KEEP_QUERY = b"INSERT INTO written_1 SELECT %s, current_query() WHERE %s <> ''"
ASLEEP = b"INSERT INTO written_1 SELECT %s, pg_sleep(%s)::text"
SLEEPS = "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
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
        (1, 'it\'s 100 %s, \\ "quoted"; $1 --'),
        (2, None),
        (2**63 - 1, "ação\n\t✓"),
        (-1, ""),
    )
    async with table(database) as connection:
        with bundling(connection, Bundle(connection)) as bundle:
            for row in values[1:]:
                await write(connection, KEEP, row)
        await bundle.send(KEEP, values[0])
        assert set(await fetch(connection, "SELECT number, said FROM written_1")) == set(values)


async def test_values_are_not_in_the_text_of_a_statement_which_the_server_may_log(database: str) -> None:
    async with table(database) as connection:
        with bundling(connection, Bundle(connection)) as bundle:
            await write(connection, KEEP_QUERY, [2, "secret"])
        await bundle.send(KEEP, [1, "secret"])
        ((said,),) = await fetch(connection, "SELECT said FROM written_1 WHERE number = 2")
        assert "INSERT INTO written_1" in said
        assert "secret" not in said


async def test_a_bundle_that_would_be_sent_in_pieces_is_not_sent(database: str) -> None:
    async with table(database) as connection:
        with bundling(connection, Bundle(connection)) as bundle:
            await write(connection, KEEP, [1, "x" * writing.LONGEST])
        with pytest.raises(TooLong):
            await bundle.send(KEEP, [2, "two"])
        assert await numbers(connection) == []


async def test_a_connection_that_is_lost_in_the_middle_is_told_as_such(database: str) -> None:
    async with table(database) as connection:
        with bundling(connection, Bundle(connection)) as bundle:
            await write(connection, ASLEEP, [2, 3600])
        sending = asyncio.create_task(bundle.send(KEEP, [1, "one"]))

        async def asleep() -> bool:
            return bool(await ask(database, SLEEPS, connection.info.backend_pid))

        await until(asleep)
        await terminate(database, [connection.info.backend_pid])
        with pytest.raises(psycopg.OperationalError):
            await sending
    async with table(database) as connection:
        assert await numbers(connection) == []


async def test_a_sender_that_hangs_afterwards_is_noticed(database: str) -> None:
    """As it is after any statement; after a Flush, which the driver's own pipeline ends with, it is not."""
    async with table(database) as connection:
        with bundling(connection, Bundle(connection)) as bundle:
            await write(connection, KEEP, [1, "one"])
        await connection.execute("SET idle_session_timeout = '10ms'")
        await bundle.send(KEEP, [2, "two"])
        async with served(database) as other:

            async def ended() -> bool:
                return not await fetch(
                    other, "SELECT FROM pg_stat_activity WHERE pid = %s", connection.info.backend_pid
                )

            await until(ended)


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
