"""The steps of a rebuild, and what makes the switch safe."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Any

import psycopg
import structlog
from psycopg import IsolationLevel, sql

from infra.database import connect, mortal
from infra.log import head
from infra.projector.followers import Connection, View
from infra.projector.rebuilding.comparing import Differences, differences
from infra.projector.rebuilding.filling import Filling, reader
from infra.projector.rebuilding.shadow import Shadow
from infra.pulse import pulsing
from infra.vault import Vault

log = structlog.get_logger()

NEAR = 500
"""So many events, and those of that moment, are folded while the old view stands still."""

# Readers of the old tables wait as long as the switch waits for one of them: so it is brief, and tries again.
# It stays below the time after which PostgreSQL would look for a deadlock and end one of the two.
PATIENCE = (0.05, 0.1, 0.2, 0.4, 0.8)
REST = 9
"""For how many times as long nobody has to wait before it is tried again: a dump may read for an hour."""

LOCK = "SELECT pg_try_advisory_lock(hashtextextended(current_schema() || ' rebuild ' || %s, 1))"
UNLOCK = "SELECT pg_advisory_unlock(hashtextextended(current_schema() || ' rebuild ' || %s, 1))"
STANDS = sql.SQL("SELECT position FROM {} WHERE follower = %s")
HOLD = sql.SQL("SELECT position FROM {} WHERE follower = %s FOR UPDATE")
MOVE = sql.SQL(
    """INSERT INTO {} AS c (follower, position, tables) VALUES (%s, %s, %s) ON CONFLICT (follower) DO UPDATE
          SET (position, tables, generation, failed_position, failure)
            = (excluded.position, excluded.tables, c.generation + 1, NULL, NULL)"""
)


LOCKED = """
SELECT follower FROM unnest(%s::text[]) AS follower JOIN pg_locks l
    ON (l.classid::bigint << 32 | l.objid::bigint)
     = hashtextextended(current_schema() || ' rebuild ' || follower, 1)
 WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


class BeingRebuilt(Exception):
    """Somebody else rebuilds this view."""


class CannotCompare(Exception):
    """There is nothing that the new view could be compared with."""


async def _nothing_more(_connection: Connection, _found: Differences) -> None:
    """What a rebuild that nobody keeps a record of has to do beside the switch."""


class Rebuild:
    """Rebuilds one view while it serves, or makes one that is not there yet."""

    def __init__(
        self,
        conninfo: str,
        vault: Vault,
        view: View,
        *,
        told: Callable[[int, int], None] = lambda _done, _total: None,
        switching: Callable[[Connection, Differences], Awaitable[None]] = _nothing_more,
    ) -> None:
        """`told`: is told how many events were folded, and of how many.

        `switching`: is called at the end of the transaction that switches; where it raises, nothing is.
        """
        self._conninfo = conninfo
        self._vault = vault
        self._view = view
        self._told = told
        self._switching = switching

    async def run(self, *, compare: bool = False, switch: bool = True) -> Differences:
        """Build the view; `compare` it with the one that serves; put it in that one's place, with `switch`.

        Raises:
            BeingRebuilt: somebody else does it already.
            CannotCompare: no view of this version serves.
            DatabaseNotReady: the database is not migrated.
        """
        async with (
            await connect(mortal(self._conninfo)) as connection,
            await connect(mortal(self._conninfo)) as second,
            reader(mortal(self._conninfo)) as reading,
            pulsing(connection, second, reading),
        ):
            shadow = await self._locked(connection, second)
            filling = Filling(connection, second, reading, self._vault, self._view)
            position = await self._build(shadow, filling, compare=compare)
            found = Differences()
            if compare:
                position, found = await self._compare(shadow, filling, position)
            if switch:
                await self._switch(shadow, filling, position, found)
            else:
                await shadow.drop()
            return found

    async def _locked(self, connection: Connection, second: Connection) -> Shadow:
        """One rebuild of a view at a time: each connection that writes has a lock, which dies with it."""
        for name, writing in self._locks(connection, second):
            if not await _value(writing, LOCK, name):
                raise BeingRebuilt(f"{self._view.name} is being rebuilt already")
        return Shadow(connection, self._view, await _value(connection, "SELECT current_schema()"))

    def _locks(self, connection: Connection, second: Connection) -> Sequence[tuple[str, Connection]]:
        return (self._view.follower, connection), (f"{self._view.follower} beside", second)

    async def _build(self, shadow: Shadow, filling: Filling, *, compare: bool) -> int:
        upto = await head(filling.reading)
        if compare:  # the new view must not get ahead of the old one
            upto = min(upto, await self._of_old(shadow, filling.reading, STANDS))
        indexes = await shadow.create()
        for connection in (filling.connection, filling.second):
            await shadow.find(connection)
        log.info("rebuild-begins", view=self._view.follower, events=upto)
        done = 0

        def told(more: int) -> None:
            nonlocal done
            done += more
            self._told(done, upto)

        await filling.fill(upto, told)
        await shadow.finish(indexes, filling.second)
        return upto

    async def _of_old(self, shadow: Shadow, connection: Connection, query: sql.SQL) -> int:
        """The old view's position."""
        position = await _value(connection, query.format(shadow.checkpoints), self._view.follower)
        if position is None:
            raise CannotCompare(f"no {self._view.follower} serves that could be compared with")
        return int(position)

    async def _compare(self, shadow: Shadow, filling: Filling, position: int) -> tuple[int, Differences]:
        """The position at which both were compared, and what differs."""
        while (old := await self._of_old(shadow, filling.reading, STANDS)) - position > NEAR:
            position = await filling.follow(position, old)
        async with await connect(mortal(self._conninfo)) as comparing, pulsing(comparing):
            await comparing.set_isolation_level(IsolationLevel.REPEATABLE_READ)
            async with comparing.transaction():
                async with filling.reading.transaction():
                    old = await self._of_old(shadow, filling.reading, HOLD)
                    position = await filling.follow(position, old)
                    await comparing.execute("SELECT 1")  # from here on it sees both views as they are now
                return position, await differences(comparing, shadow)

    async def _switch(self, shadow: Shadow, filling: Filling, position: int, found: Differences) -> None:
        for attempt in count():
            while (newest := await head(filling.reading)) - position > NEAR:
                position = await filling.follow(position, newest)
            patience = PATIENCE[min(attempt, len(PATIENCE) - 1)]
            try:
                position = await self._exchange(shadow, filling, position, found, patience)
            except psycopg.errors.LockNotAvailable:
                await asyncio.sleep(REST * patience)
            else:
                log.info("rebuild-serves", view=self._view.follower, position=position)
                return

    async def _exchange(
        self, shadow: Shadow, filling: Filling, position: int, found: Differences, patience: float
    ) -> int:
        """Bring the new view up to the old one, which cannot move meanwhile, and past it; let it serve."""
        connection = shadow.connection
        async with connection.transaction():
            await connection.execute("SET LOCAL synchronous_commit = on")
            milliseconds = str(int(patience * 1000))
            await connection.execute("SELECT set_config('lock_timeout', %s, true)", [milliseconds])
            await connection.execute(HOLD.format(shadow.checkpoints), [self._view.follower])
            position = await filling.follow(position, await head(filling.reading))
            await shadow.serve()
            await connection.execute(
                MOVE.format(shadow.checkpoints), [self._view.follower, position, list(self._view.tables)]
            )
            await self._switching(connection, found)
            # Whoever sees that it is done may ask for it again.
            for name, writing in self._locks(connection, filling.second):
                await writing.execute(UNLOCK, [name])
        return position


async def being_rebuilt(connection: Connection, views: Sequence[View]) -> set[str]:
    """The followers of those of the views that somebody rebuilds."""
    cursor = await connection.execute(LOCKED, [[view.follower for view in views]])
    return {follower for (follower,) in await cursor.fetchall()}


async def _value(connection: Connection, query: str | sql.Composed, *arguments: object) -> Any:
    """The only value of the only row; None if there is no row."""
    statement = query.encode() if isinstance(query, str) else query
    row = await (await connection.execute(statement, arguments or None)).fetchone()
    return row[0] if row else None
