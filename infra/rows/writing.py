"""What a fold writes: done as it comes, or all of a batch in one message to the server."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many, send
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn

Connection = psycopg.AsyncConnection[Any]
Arguments = Sequence[str | int | None]
Call = tuple[bytes, Sequence[bytes | None]]
"""The name of a prepared statement, and its arguments as text."""

LONGEST = 48 * 1024
"""Bytes of arguments that the operating system takes without making the sender wait."""


class TooLong(Exception):
    """A bundle that could not be sent without a pause."""


class Bundle:
    """Statements that are sent together and done in their order, all or none.

    They are sent without a pause, in which a sender that hangs would leave a transaction open for ever. The
    session may be one that else only reads. Statements take arguments in the places of `%s`, and have no
    other `%`.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._calls: list[tuple[bytes, Arguments]] = []
        self._names: dict[bytes, bytes] = {}
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, statement: bytes, arguments: Arguments) -> None:
        """A statement more; what it gives back is lost."""
        self._calls.append((statement, arguments))

    def clear(self) -> None:
        """Forget what was added."""
        self._calls.clear()

    async def send(self, first: bytes, arguments: Arguments) -> None:
        """Send a statement, and behind it those that were added, in one transaction.

        Raises:
            psycopg.Error: nothing was done, unless the connection was lost; that of one statement, or
                InvalidSqlStatementName: after a rollback the driver drops what is prepared, ours too.
            TooLong: it could not be sent without a pause, and was not.
        """
        calls = [
            (await self._prepared(statement), [_text(argument) for argument in given])
            for statement, given in ((first, arguments), *self._calls)
        ]
        if sum(len(argument or b"") for _, given in calls for argument in given) > LONGEST:
            raise TooLong
        try:
            async with self._connection.lock:
                await self._connection.wait(_together(self._connection.pgconn, calls))
        except psycopg.Error:
            self._names.clear()
            raise
        finally:
            await self._connection.rollback()  # where it was not committed

    async def _prepared(self, statement: bytes) -> bytes:
        """The name of a statement: it is prepared once, or again where that is forgotten."""
        if statement not in self._names:
            name = b"bundled_%d" % next(self._numbers)
            await self._connection.execute(b"PREPARE %b AS %b" % (name, _numbered(statement)))
            self._names[statement] = name
        return self._names[statement]


def _numbered(statement: bytes) -> bytes:
    numbers = count(1)
    return re.sub(b"%s", lambda _: b"$%d" % next(numbers), statement)


def _text(argument: str | int | None) -> bytes | None:
    return None if argument is None else str(argument).encode()


def _together(pgconn: PGconn, calls: Sequence[Call]) -> PQGen[None]:
    """Send all before the server answers any; the driver's own pipeline sends statement by statement."""
    pgconn.enter_pipeline_mode()
    pgconn.send_query_params(b"BEGIN READ WRITE", [])
    for name, arguments in calls:
        pgconn.send_query_prepared(name, arguments)
    pgconn.send_query_params(b"COMMIT", [])
    pgconn.pipeline_sync()
    yield from send(pgconn)
    error: psycopg.Error | None = None
    while results := (yield from fetch_many(pgconn)):
        if results[0].status == ExecStatus.PIPELINE_SYNC:
            pgconn.exit_pipeline_mode()
            break
        if results[0].status == ExecStatus.FATAL_ERROR and error is None:
            error = error_from_result(results[0])
    else:
        error = error or psycopg.OperationalError("the connection was lost")
    if error is not None:
        raise error


_open: WeakKeyDictionary[Connection, Bundle] = WeakKeyDictionary()


@contextmanager
def bundling(connection: Connection, bundle: Bundle) -> Iterator[Bundle]:
    """What is written over this connection meanwhile goes into the bundle, which is empty at first."""
    bundle.clear()
    _open[connection] = bundle
    try:
        yield bundle
    finally:
        del _open[connection]


def bundles(connection: Connection) -> bool:
    """Whether what is written over this connection is not done at once."""
    return connection in _open


async def write(connection: Connection, statement: bytes, arguments: Arguments) -> None:
    """Do a statement that gives nothing back, or have it done with all others of its batch.

    Whatever a fold writes goes through here: a batch that is bundled has no transaction before it is sent.
    What was written by the same batch cannot be read.
    """
    if connection in _open:
        _open[connection].add(statement, arguments)
    else:
        await connection.execute(statement, arguments)
