"""What a fold writes: done as it comes, or all of a batch in one message to the server."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import psycopg

Connection = psycopg.AsyncConnection[Any]


class Bundle:
    """Statements that are sent in one message and done in their order, all or none.

    The server hears nothing of them before it has them all: a sender that hangs leaves no transaction open.
    The session may be one that else only reads. Statements take arguments in the places of `%s`, and know no
    other `%`.
    """

    def __init__(self, connection: Connection) -> None:
        self._cursor = psycopg.AsyncClientCursor(connection)
        self._calls: list[tuple[bytes, Sequence[object]]] = []
        self._executes: dict[bytes, bytes] = {}
        self._names = count()

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, statement: bytes, arguments: Sequence[object]) -> None:
        """A statement more; what it gives back is lost."""
        self._calls.append((statement, arguments))

    def clear(self) -> None:
        """Forget what was added."""
        self._calls.clear()

    async def send(self, first: bytes, arguments: Sequence[object]) -> None:
        """Send a statement, and behind it those that were added, in one transaction.

        Raises:
            psycopg.Error: nothing was done, unless the connection was lost; that of one statement, or
                InvalidSqlStatementName: after a rollback the driver drops what is prepared, ours too.
        """
        calls = [(first, arguments), *self._calls]
        executes = [await self._prepared(statement, len(given)) for statement, given in calls]
        message = b";".join([b"SET TRANSACTION READ WRITE", *executes])
        try:
            await self._cursor.execute(message, [argument for _, given in calls for argument in given])
        except psycopg.errors.InvalidSqlStatementName:
            self._executes.clear()
            raise

    async def _prepared(self, statement: bytes, arguments: int) -> bytes:
        """What executes a statement: it is prepared once, or again where that is forgotten."""
        if statement not in self._executes:
            name = b"bundled_%d" % next(self._names)
            await self._cursor.execute(b"PREPARE %b AS %b" % (name, _numbered(statement)))
            places = b"(%b)" % b",".join([b"%s"] * arguments) if arguments else b""
            self._executes[statement] = b"EXECUTE " + name + places
        return self._executes[statement]


def _numbered(statement: bytes) -> bytes:
    numbers = count(1)
    return re.sub(b"%s", lambda _: b"$%d" % next(numbers), statement)


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


async def write(connection: Connection, statement: bytes, arguments: Sequence[object]) -> None:
    """Do a statement that gives nothing back, or have it done with all others of its batch.

    Whatever a fold writes goes through here: a batch that is bundled has no transaction before it is sent.
    What was written by the same batch cannot be read.
    """
    if connection in _open:
        _open[connection].add(statement, arguments)
    else:
        await connection.execute(statement, arguments)
