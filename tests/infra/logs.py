"""What the tests of the log share: requests to append, logs and connections, and the ways to disturb them."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import anyio
import psycopg
from anyio.abc import ByteStream, SocketAttribute
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from domain.complaint import commands as c
from infra.commands import Caller, Commands
from infra.database import connect, owner_conninfo, serving_conninfo
from infra.log import APPEND, APPEND_ONE, Append, Appended, Draft, Log, columns, fields
from infra.vault import Vault
from tests.databases import SCHEMA

MASTER = bytes(range(32))
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
REGISTER = c.Register(subject="parcel", description="Maria da Silva lost her parcel", channel="web")
NOTE = c.AddNote(text="called the carrier")
LOCK = "SELECT pg_advisory_xact_lock('events'::regclass::oid::integer, 0)"
WAITING = """SELECT count(*) FROM pg_locks JOIN pg_database ON database = pg_database.oid
              WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"""


def serving(database: str) -> str:
    return serving_conninfo(database, SCHEMA)


def request(stream_id: UUID | None = None, expected: int = 0, events: int = 1, **changes: Any) -> Append:
    """A command's request: `events` events onto a stream, a new one if none is given."""
    key = uuid4().hex
    fields: dict[str, Any] = {
        "stream_id": stream_id or uuid4(),
        "kind": "complaint",
        "expected": expected,
        "events": [Draft("investigation-started", NOW, b'{"type":"investigation-started"}')] * events,
        "actor": "ana",
        "key": key,
        "digest": key.encode(),
        "correlation": "request-1",
        "wrapped_key": b"wrapped" if expected == 0 else None,
    }
    return Append(**fields | changes)


def caller(**changes: Any) -> Caller:
    return Caller(**{"actor": "ana", "correlation": "request-1"} | changes)


@asynccontextmanager
async def opened(conninfo: str, **options: Any) -> AsyncIterator[Log]:
    log = Log(conninfo, Vault(MASTER), **options)
    try:
        yield log
    finally:
        await log.close()


@asynccontextmanager
async def commanding(database: str, **options: Any) -> AsyncIterator[Commands]:
    async with opened(serving(database)) as log:
        yield Commands(log, **options)


@asynccontextmanager
async def served(database: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A connection as the app role."""
    async with await connect(serving(database)) as connection:
        yield connection


@asynccontextmanager
async def owned(database: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A connection as the owner."""
    async with await connect(owner_conninfo(database, SCHEMA)) as connection:
        yield connection


@asynccontextmanager
async def lock_held(database: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Nobody can append meanwhile; everybody who tries stands in line."""
    async with served(database) as connection, connection.transaction():
        await connection.execute(LOCK)
        yield connection


async def append_on(connection: psycopg.AsyncConnection[Any], *batch: Append) -> list[Appended]:
    """Append a batch on a given connection, within its transaction if it is in one."""
    cursor = await connection.execute(APPEND, columns(batch))
    return [Appended._make(row) for row in await cursor.fetchall()]


async def append_one_on(connection: psycopg.AsyncConnection[Any], command: Append) -> Appended:
    """Append what comes alone, as `append_on` does a batch."""
    (row,) = await (await connection.execute(APPEND_ONE, fields(command))).fetchall()
    return Appended._make(row)


async def fetch(
    connection: psycopg.AsyncConnection[Any], query: str, *arguments: Any
) -> list[tuple[Any, ...]]:
    cursor = await connection.execute(query.encode(), arguments or None)
    return await cursor.fetchall()


async def ask(database: str, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
    async with owned(database) as connection:
        return await fetch(connection, query, *arguments)


async def run(database: str, statement: str) -> None:
    """Execute a statement as the owner."""
    async with owned(database) as connection:
        await connection.execute(statement.encode())


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 120) -> None:
    """Return once the condition holds; a test that waits in vain fails after so long."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.005)


async def until_waiting(database: str, many: int) -> None:
    """Return once so many appends stand in line."""
    async with owned(database) as connection:

        async def waiting() -> bool:
            return bool((await fetch(connection, WAITING))[0][0] >= many)

        await until(waiting)


async def replace_in_append(database: str, *changes: tuple[str, str]) -> None:
    """Put regular expressions' matches in the sources of `append` and `append_one` otherwise."""
    async with owned(database) as connection:
        query = "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname IN ('append', 'append_one')"
        sources = [source for (source,) in await fetch(connection, query)]
        assert len(sources) == 2
        for source in sources:
            changed = source
            for pattern, replacement in changes:
                changed, count = re.subn(pattern, replacement, changed)
                assert count == 1
            await connection.execute(changed.encode())


class Proxy:
    """Stands between client and server, and swallows the answer to an append when told to."""

    def __init__(self, conninfo: str) -> None:
        self._server = conninfo_to_dict(conninfo)
        self.swallow = 0
        self.swallowed = 0
        self.stopped = False
        self.stop_once_swallowed = False

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """The connection string by which clients come through here."""
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - anyio's, not Django's
        async with listener, anyio.create_task_group() as group:
            group.start_soon(listener.serve, self._serve)
            yield make_conninfo(
                "", **self._server | {"host": "127.0.0.1", "port": port, "sslmode": "disable"}
            )
            group.cancel_scope.cancel()

    async def _serve(self, client: ByteStream) -> None:
        async with client:
            if self.stopped:
                return
            async with await self._connect() as server, anyio.create_task_group() as group:
                swallowing = anyio.Event()
                group.start_soon(self._up, client, server, swallowing)
                await self._down(client, server, swallowing)
                group.cancel_scope.cancel()

    async def _connect(self) -> ByteStream:
        host, port = str(self._server.get("host") or "localhost"), int(self._server.get("port") or 5432)
        if host.startswith("/"):
            return await anyio.connect_unix(f"{host}/.s.PGSQL.{port}")
        return await anyio.connect_tcp(host, port)

    async def _up(self, client: ByteStream, server: ByteStream, swallowing: anyio.Event) -> None:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            async for data in client:
                if self.swallow and b"FROM append" in data:
                    self.swallow -= 1
                    swallowing.set()
                await server.send(data)
            await server.send_eof()

    async def _down(self, client: ByteStream, server: ByteStream, swallowing: anyio.Event) -> None:
        answered = b""
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            async for data in server:
                if not swallowing.is_set():
                    await client.send(data)
                    continue
                answered += data
                if answered.endswith(b"Z\x00\x00\x00\x05I"):  # ready for the next query: committed
                    self.swallowed += 1
                    self.stopped = self.stop_once_swallowed
                    return
