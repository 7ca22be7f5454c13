"""Followers of the log: views, folded batch by batch, and reactors, which answer events with commands.

Each follower has a checkpoint of its own and one leader among all processes. A view's rows and its checkpoint
move in one transaction, by compare-and-swap, so that a leader that was deposed unawares changes nothing.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog
from psycopg import sql
from psycopg.rows import class_row

from domain.aggregate import Event
from infra.batching import Overloaded
from infra.database import Unavailable, connect
from infra.events import Recorded
from infra.log import head, read
from infra.vault import Vault

log = structlog.get_logger()

BATCH = 2_000
POLL_SECONDS = 1.0
CANDIDATE_SECONDS = 0.25

CHECKPOINTS = """
CREATE TABLE IF NOT EXISTS checkpoints (
    follower        text   PRIMARY KEY,
    position        bigint NOT NULL,
    failed_position bigint,
    failure         text
)"""

Events = Sequence[Recorded[Event]]
Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True)
class View:
    """Rows folded from the log.

    `ddl` creates the view's `tables`, whose names carry its version; `apply` folds events, given in order and
    without a hole, into them, inside the transaction that also moves the checkpoint.
    """

    name: str
    version: int
    ddl: str
    tables: tuple[str, ...]
    apply: Callable[[Connection, Events], Awaitable[None]]

    @property
    def follower(self) -> str:
        """Name of the checkpoint: each version of a view has its own."""
        return f"{self.name}_{self.version}"


@dataclass(frozen=True)
class Reactor:
    """Answers events with commands, keyed so that at least once becomes once.

    It begins with the first event after its birth. `react` may be called again for the same event.
    """

    name: str
    react: Callable[[Recorded[Event]], Awaitable[None]]

    @property
    def follower(self) -> str:
        """Name of the checkpoint."""
        return f"reactor {self.name}"


class Deposed(Exception):
    """Another leader, or a rebuild, has moved the checkpoint meanwhile."""


class Failed(Exception):
    """A follower cannot take in one event."""

    def __init__(self, position: int, cause: Exception) -> None:
        super().__init__(f"at position {position}: {type(cause).__name__}")
        self.position = position
        self.cause = cause


# What passes by itself: to be tried again, never a reason to stand still.
PASSING = (psycopg.OperationalError, psycopg.InterfaceError, Unavailable, Overloaded)

# New tables belong to the views' schema, which is the second of the search path.
VIEWS_FIRST = """SELECT set_config('search_path', quote_ident(path[2]) || ',' || quote_ident(path[1]), true)
                   FROM current_schemas(false) AS path"""


PREPARING = "SELECT pg_advisory_xact_lock(hashtextextended('prepare ' || current_schema(), 0))"


async def prepare(connection: Connection, views: Sequence[View]) -> None:
    """Create the tables and checkpoints of the views where they are missing; the others are left in peace."""
    async with connection.transaction():
        await connection.execute(PREPARING)
        await connection.execute(VIEWS_FIRST)
        await connection.execute(CHECKPOINTS)
        cursor = await connection.execute("SELECT follower FROM checkpoints")
        known = {follower for (follower,) in await cursor.fetchall()}
        missing = [view for view in views if view.follower not in known]
        for view in missing:
            await connection.execute(view.ddl.encode())
        await _add_checkpoints(connection, [view.follower for view in missing], 0)


async def _add_checkpoints(connection: Connection, followers: Sequence[str], position: int) -> None:
    await connection.execute(
        "INSERT INTO checkpoints (follower, position) SELECT unnest(%s::text[]), %s ON CONFLICT DO NOTHING",
        [list(followers), position],
    )


async def reset(connection: Connection, view: View) -> None:
    """Empty a view and send it back to position 0, whence its leader folds it anew."""
    async with connection.transaction():
        # The checkpoint comes first, as in a leader's transactions: neither waits for the other in a circle.
        await connection.execute(
            "UPDATE checkpoints SET position = 0, failed_position = NULL, failure = NULL WHERE follower = %s",
            [view.follower],
        )
        tables = sql.SQL(", ").join(sql.Identifier(table) for table in view.tables)
        await connection.execute(sql.SQL("TRUNCATE {}").format(tables))


class Wake:
    """Tells followers, within milliseconds, that the log may have grown."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._changed = asyncio.Event()

    def arm(self) -> asyncio.Event:
        """The event that the next growth sets; taken before reading, so that no growth falls in between."""
        if self._changed.is_set():
            self._changed = asyncio.Event()
        return self._changed

    async def listen(self) -> None:
        """Listen for ever, connecting again when the connection is lost."""
        while True:
            try:
                async with await connect(self._conninfo) as connection:
                    await connection.execute(
                        sql.SQL("LISTEN {}").format(sql.Identifier(await _schema(connection)))
                    )
                    self._changed.set()
                    async for _ in connection.notifies():
                        self._changed.set()
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                log.warning("listener-lost", error=type(error).__name__)
                await asyncio.sleep(0.2)


async def _schema(connection: Connection) -> str:
    row = await (await connection.execute("SELECT current_schema()")).fetchone()
    return str(row[0]) if row else ""


class Runner:
    """Keeps one follower going: waits for leadership, follows the log, gives way to another, comes back."""

    def __init__(
        self, follower: View | Reactor, conninfo: str, vault: Vault, wake: Wake, *, batch: int = BATCH
    ) -> None:
        self._follower = follower
        self._name = follower.follower
        self._conninfo = conninfo
        self._vault = vault
        self._wake = wake
        self._batch = batch

    async def run(self) -> None:
        """Follow the log for ever.

        A follower that fails on an event stays before it, loudly, until a reset or a restart; it keeps the
        lead meanwhile, so that no other process fails on the same event in its turn.
        """
        while True:
            try:
                async with await connect(self._conninfo) as connection:
                    await self._become_leader(connection)
                    await self._lead(connection)
            except Deposed:
                log.info("follower-deposed", follower=self._name)
            except PASSING as error:
                log.warning("follower-interrupted", follower=self._name, error=type(error).__name__)
            await asyncio.sleep(CANDIDATE_SECONDS)

    async def _become_leader(self, connection: Connection) -> None:
        lock = "SELECT pg_try_advisory_lock(hashtextextended(current_schema() || ' ' || %s, 1))"
        while True:
            row = await (await connection.execute(lock, [self._name])).fetchone()
            if row and row[0]:
                log.info("follower-leads", follower=self._name)
                return
            await asyncio.sleep(CANDIDATE_SECONDS)

    async def _lead(self, connection: Connection) -> None:
        while True:
            position = await self._start(connection)
            try:
                await self._follow(connection, position)
            except Failed as failed:
                await self._stand_still(connection, failed)

    async def _follow(self, connection: Connection, position: int) -> None:
        while True:
            grown = self._wake.arm()
            events = await self._read(connection, position, self._batch)
            if events:
                position = await self._take(connection, position, events)
            else:
                # Not `wait_for`: before Python 3.12 it may swallow a cancellation that meets the wake-up.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await grown.wait()
                await self._check(connection, position)

    async def _start(self, connection: Connection) -> int:
        if isinstance(self._follower, Reactor):
            await _add_checkpoints(connection, [self._name], await head(connection))
        await connection.execute(
            """UPDATE checkpoints SET failure = NULL, failed_position = NULL
                WHERE follower = %s AND failure IS NOT NULL""",
            [self._name],
        )
        return await self._checkpoint(connection)

    async def _checkpoint(self, connection: Connection) -> int:
        query = "SELECT position FROM checkpoints WHERE follower = %s"
        row = await (await connection.execute(query, [self._name])).fetchone()
        if row is None:
            raise Deposed
        return int(row[0])

    async def _check(self, connection: Connection, position: int) -> None:
        if await self._checkpoint(connection) != position:
            raise Deposed

    async def _read(self, connection: Connection, position: int, limit: int) -> Events:
        """The next events; where one cannot be read, those before it."""
        try:
            return await read(connection, self._vault, position, limit)
        except PASSING:
            raise
        except Exception as error:
            if limit == 1:
                raise Failed(position + 1, error) from error
        return await self._read(connection, position, limit // 2)

    async def _take(self, connection: Connection, position: int, events: Events) -> int:
        """Take in a batch; where it fails, its halves, up to the one event that fails."""
        try:
            return await self._advance(connection, position, events)
        except (Deposed, *PASSING):
            raise
        except Exception as error:
            if len(events) == 1:
                raise Failed(events[0].position, error) from error
        half = len(events) // 2
        position = await self._take(connection, position, events[:half])
        return await self._take(connection, position, events[half:])

    async def _advance(self, connection: Connection, position: int, events: Events) -> int:
        reached = events[-1].position
        if isinstance(self._follower, Reactor):
            for event in events:
                await self._follower.react(event)
            await self._move(connection, position, reached)
        else:
            async with connection.transaction():
                await self._move(connection, position, reached)
                await self._follower.apply(connection, events)
        return reached

    async def _move(self, connection: Connection, before: int, after: int) -> None:
        cursor = await connection.execute(
            "UPDATE checkpoints SET position = %s WHERE follower = %s AND position = %s",
            [after, self._name, before],
        )
        if cursor.rowcount != 1:
            raise Deposed

    async def _stand_still(self, connection: Connection, failed: Failed) -> None:
        kind = type(failed.cause).__name__
        log.critical(
            "follower-failed",
            follower=self._name,
            position=failed.position,
            error=kind,
            exc_info=failed.cause,
        )
        await connection.execute(
            "UPDATE checkpoints SET failed_position = %s, failure = %s WHERE follower = %s",
            [failed.position, kind, self._name],
        )
        stands = "SELECT FROM checkpoints WHERE follower = %s AND failure IS NOT NULL"
        while True:
            if await (await connection.execute(stands, [self._name])).fetchone() is None:
                return
            await asyncio.sleep(POLL_SECONDS)


@dataclass(frozen=True)
class Standing:
    """Where a follower stands: its position, the newest event's, how long the next event has waited."""

    follower: str
    position: int
    head: int
    behind_seconds: float
    failed_position: int | None
    failure: str | None


STANDINGS = """
SELECT c.follower, c.position, h.head,
       coalesce(extract(epoch FROM clock_timestamp() - n.recorded_at), 0)::float8 AS behind_seconds,
       c.failed_position, c.failure
  FROM checkpoints c
 CROSS JOIN (SELECT coalesce(max(position), 0) AS head FROM events) h
  LEFT JOIN events n ON n.position = c.position + 1
 ORDER BY c.follower"""


async def standings(connection: Connection) -> list[Standing]:
    """Where every follower stands."""
    async with connection.cursor(row_factory=class_row(Standing)) as cursor:
        return await (await cursor.execute(STANDINGS)).fetchall()
