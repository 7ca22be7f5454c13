"""Keeps a follower going: leadership, batches, failures."""

import asyncio
import contextlib

import psycopg
import structlog

from infra.batching import Overloaded
from infra.database import Unavailable, connect
from infra.log import head, read
from infra.projector.checkpoints import add_checkpoints
from infra.projector.followers import Connection, Events, Reactor, View
from infra.projector.wake import Wake
from infra.vault import Vault

log = structlog.get_logger()

BATCH = 2_000
POLL_SECONDS = 1.0
CANDIDATE_SECONDS = 0.25

# What passes by itself: to be tried again, never a reason to stand still.
PASSING = (psycopg.OperationalError, psycopg.InterfaceError, Unavailable, Overloaded)


class Deposed(Exception):
    """Another leader, or a rebuild, has moved the checkpoint meanwhile."""


class Failed(Exception):
    """A follower cannot take in one event."""

    def __init__(self, position: int, cause: Exception) -> None:
        super().__init__(f"at position {position}: {type(cause).__name__}")
        self.position = position
        self.cause = cause


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
            await add_checkpoints(connection, [self._name], await head(connection))
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
