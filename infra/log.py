"""The log: one function appends, in batches; readers follow it by position or by stream."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeVar
from uuid import UUID

import psycopg
import structlog
from msgspec import Struct
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import class_row

from domain.aggregate import Event
from infra.batching import Batcher
from infra.database import Link, Unavailable
from infra.events import ROW, Origin, Recorded, Row, recorded
from infra.vault import Vault

log = structlog.get_logger()

T = TypeVar("T")
R = TypeVar("R")

Verdict = Literal["accepted", "replayed", "reused", "claimed", "conflict"]


class Draft(NamedTuple):
    """An event on its way into the log: already encoded, not yet placed."""

    tag: str
    occurred_at: datetime
    body: bytes


class Append(Struct, frozen=True, kw_only=True):
    """What one command asks of the log, all of it or nothing.

    `expected` is the stream's version the decision was made on (0: a new stream, whose `wrapped_key` comes
    along). `key` and `digest` make it idempotent for the actor; `claim` is a text that only one command may
    ever take. A key that the service made up itself is a tilde and 32 hexadecimal digits.
    """

    stream_id: UUID
    kind: str
    expected: int
    events: Sequence[Draft]
    actor: str
    key: str
    digest: bytes
    correlation: str
    origin: Origin = "live"
    causation: str | None = None
    claim: str | None = None
    wrapped_key: bytes | None = None


class Appended(NamedTuple):
    """The log's answer to one command; `append` in the first migration tells what each verdict gives back."""

    verdict: Verdict
    stream_id: UUID
    first_version: int
    last_version: int
    first_position: int | None
    recorded_at: datetime


class Load(NamedTuple):
    """What a command needs before it can be decided: its stream, and whether its key was seen."""

    stream_id: UUID
    actor: str = ""
    key: str | None = None


class Seen(NamedTuple):
    """The record of an accepted command: what it was, and the stream whose versions answer it.

    Its events are those after `first_version` up to `last_version`; none if the two are equal.
    """

    actor: str
    key: str
    digest: bytes
    stream_id: UUID
    first_version: int
    last_version: int


class Loaded(NamedTuple):
    """A stream's rows in order, and the record of the command's key, read after them."""

    rows: Sequence[Row]
    seen: Seen | None


APPEND = """SELECT * FROM append(
    %b::uuid[], %b::text[], %b::int[], %b::int[], %b::text[], %b::text[], %b::bytea[], %b::text[],
    %b::bytea[], %b::text[], %b::text[], %b::text[], %b::int[], %b::text[], %b::timestamptz[], %b::bytea[])"""
STREAMS = f"SELECT {ROW} WHERE e.stream_id = ANY(%s) ORDER BY e.stream_id, e.version"
KEYS = """SELECT i.actor, i.key, i.digest, i.stream_id, i.first_version, i.last_version
            FROM unnest(%s::text[], %s::text[]) AS asked (actor, key) JOIN idempotency i USING (actor, key)"""
AFTER = f"SELECT {ROW} WHERE e.position > %s ORDER BY e.position LIMIT %s"


def columns(batch: Sequence[Append]) -> tuple[list[Any], ...]:
    """The arguments of `append`: one array a column, first of the commands, then of their events."""
    events = [(ordinal, event) for ordinal, command in enumerate(batch, start=1) for event in command.events]
    return (
        [c.stream_id for c in batch],
        [c.kind for c in batch],
        [c.expected for c in batch],
        [len(c.events) for c in batch],
        [c.actor for c in batch],
        [c.key for c in batch],
        [c.digest for c in batch],
        [c.claim for c in batch],
        [c.wrapped_key for c in batch],
        [c.correlation for c in batch],
        [c.causation for c in batch],
        [c.origin for c in batch],
        [ordinal for ordinal, _ in events],
        [event.tag for _, event in events],
        [event.occurred_at for _, event in events],
        [event.body for _, event in events],
    )


def _apart(command: Append) -> Iterable[object]:
    yield command.stream_id
    yield command.actor, command.key
    if command.claim is not None:
        yield command.claim


class Log:
    """The log of one tenant for one event loop: appends and loads in batches, over one connection each."""

    def __init__(self, conninfo: str, vault: Vault, *, patience: float = 5.0) -> None:
        """`patience`: for how many seconds an absent database is tried again before callers are told."""
        self.vault = vault
        self._patience = patience
        self._answering = True
        self._writing = Link(_by_index(conninfo))
        self._reading = Link(_by_index(conninfo))
        self._appends: Batcher[Append, Appended] = Batcher(self._append, apart=_apart)
        self._loads: Batcher[Load, Loaded] = Batcher(self._load)

    async def append(self, command: Append) -> Appended:
        """Append together with whoever else appends now; durable when it returns.

        Raises:
            Unavailable: the database did not answer in time; asking again with its key tells the outcome.
            Overloaded: too much is waiting.
        """
        return await self._appends.submit(command)

    async def load(self, request: Load) -> Loaded:
        """Read a stream and a key together with whoever else reads now.

        Raises:
            Unavailable: the database did not answer in time.
        """
        return await self._loads.submit(request)

    async def stream(self, stream_id: UUID) -> list[Recorded[Event]]:
        """All events of a stream, in order; none if there is no such stream."""
        return [recorded(row, self.vault) for row in (await self.load(Load(stream_id))).rows]

    async def next_protocol_block(self) -> int:
        """First number of a block of a hundred that nobody else is given.

        Raises:
            Unavailable: the database did not answer in time.
        """
        number = (await self._each([None], self._draw))[0]
        if isinstance(number, BaseException):
            raise number
        return number

    async def close(self) -> None:
        """Finish what is under way, then close both connections."""
        await self._appends.drain()
        await self._loads.drain()
        await self._writing.close()
        await self._reading.close()

    async def _append(self, batch: list[Append]) -> Sequence[Appended | BaseException]:
        # A connection lost on the way leaves the outcome unknown; the keys, checked under the lock, tell it.
        return await self._each(batch, self._append_once)

    async def _load(self, batch: list[Load]) -> Sequence[Loaded | BaseException]:
        return await self._each(batch, self._load_once)

    async def _each(
        self, batch: list[T], once: Callable[[list[T]], Awaitable[Sequence[R]]]
    ) -> Sequence[R | BaseException]:
        """The results of a batch, tried again while the database is away; what else fails, fails alone."""
        started = time.monotonic()
        while True:
            try:
                async with asyncio.timeout(self._patience):
                    results = await once(batch)
            except Exception as error:  # noqa: BLE001 - goes to the callers it is about
                if not _lost(error):
                    return await self._halve(batch, once, error)
                log.warning("database-lost", error=type(error).__name__)
                if time.monotonic() - started >= (self._patience if self._answering else 0):
                    self._answering = False  # whoever waits now is not kept waiting as long again
                    return [_unavailable(error) for _ in batch]
                await asyncio.sleep(0.1)
            else:
                self._answering = True
                return results

    async def _halve(
        self, batch: list[T], once: Callable[[list[T]], Awaitable[Sequence[R]]], error: Exception
    ) -> Sequence[R | BaseException]:
        if len(batch) == 1:
            return [error]
        half = len(batch) // 2
        return [*await self._each(batch[:half], once), *await self._each(batch[half:], once)]

    async def _append_once(self, batch: list[Append]) -> list[Appended]:
        async with (
            self._writing.use() as connection,
            connection.cursor(row_factory=class_row(Appended)) as cursor,
        ):
            await cursor.execute(APPEND, columns(batch))
            return await cursor.fetchall()

    async def _load_once(self, batch: list[Load]) -> list[Loaded]:
        keyed = [request for request in batch if request.key is not None]
        rows: dict[UUID, list[Row]] = {request.stream_id: [] for request in batch}
        seen: dict[tuple[str, str | None], Seen] = {}
        async with self._reading.use() as connection, connection.cursor(binary=True) as cursor:
            await cursor.execute(STREAMS, [list(rows)])
            for values in await cursor.fetchall():
                row = Row._make(values)
                rows[row.stream_id].append(row)
            if (
                keyed
            ):  # after the streams: a command seen here may be missing there, never the other way round
                await cursor.execute(KEYS, [[r.actor for r in keyed], [r.key for r in keyed]])
                seen = {(s.actor, s.key): s for s in map(Seen._make, await cursor.fetchall())}
        return [Loaded(rows[r.stream_id], seen.get((r.actor, r.key))) for r in batch]

    async def _draw(self, _: list[None]) -> list[int]:
        async with self._reading.use() as connection:
            cursor = await connection.execute("SELECT nextval('protocol_numbers')")
            return [int(number) for (number,) in await cursor.fetchall()]


def _lost(error: Exception) -> bool:
    if isinstance(error, psycopg.errors.ProgramLimitExceeded):
        return False  # a value too long for its index
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | TimeoutError)


def _unavailable(cause: Exception) -> Unavailable:
    error = Unavailable("the database does not answer")
    error.__cause__ = cause
    return error


def _by_index(conninfo: str) -> str:
    """Plans of point lookups, made while the tables are still small, are kept when they have grown."""
    options = conninfo_to_dict(conninfo).get("options") or ""
    off = " ".join(f"-c enable_{way}=off" for way in ("seqscan", "hashjoin", "mergejoin"))
    return make_conninfo(conninfo, options=f"{options} {off}")


async def read(
    connection: psycopg.AsyncConnection[Any], vault: Vault, after: int, limit: int
) -> list[Recorded[Event]]:
    """The next `limit` events after a position, in order, without a hole."""
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(AFTER, [after, limit])
        return [recorded(Row._make(values), vault) for values in await cursor.fetchall()]


async def head(connection: psycopg.AsyncConnection[Any]) -> int:
    """Position of the newest event; 0 in an empty log."""
    cursor = await connection.execute("SELECT coalesce(max(position), 0) FROM events")
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


PURGE = """DELETE FROM idempotency WHERE recorded_at < now() - interval '1 day'
              AND (recorded_at < now() - interval '7 days' OR key ~ '^~[0-9a-f]{32}$')"""


async def purge(connection: psycopg.AsyncConnection[Any]) -> int:
    """Forget idempotency keys older than seven days, our own after one; returns how many."""
    return (await connection.execute(PURGE)).rowcount
