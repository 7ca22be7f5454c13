"""Keeps a broker fed with the log."""

import asyncio
import contextlib
from collections.abc import Sequence

import structlog

from infra.broker.broker import Broker, Diverged, Message, Opening, Unreachable
from infra.cloudevents import encoded, rendered
from infra.database import LOST, connect, mortal
from infra.events import ROW, Row
from infra.projector import Wake
from infra.projector.followers import Connection
from infra.pulse import pulsing

log = structlog.get_logger()

FOLLOWER = "broker"
BATCH = 500
POLL_SECONDS = 1.0
LEAST_PAUSE, LONGEST_PAUSE = 0.25, 10.0

LEAD = "SELECT pg_try_advisory_lock(hashtextextended(current_schema() || ' ' || %s, 1))"
AFTER = f"SELECT {ROW} WHERE e.position > %s ORDER BY e.position LIMIT %s"
ID = "SELECT stream_id || '/' || version FROM events WHERE position = %s"
# For those who look: where to go on is always asked of the broker itself.
REACHED = """
INSERT INTO checkpoints AS c (follower, position) VALUES (%s, %s)
ON CONFLICT (follower) DO UPDATE SET position = excluded.position, failed_position = NULL, failure = NULL
 WHERE c.position <> excluded.position OR c.failure IS NOT NULL"""
FAILED = """
INSERT INTO checkpoints AS c (follower, position, failed_position, failure) VALUES (%s, 0, 1, %s)
ON CONFLICT (follower) DO UPDATE SET failed_position = c.position + 1, failure = excluded.failure"""


class Publisher:
    """Publishes every event of the log in order, from where the broker's stream ends.

    Among all processes one leads; should two ever do so at once, the broker takes each position from one of
    them only.
    """

    def __init__(self, opening: Opening, conninfo: str, source: str, wake: Wake) -> None:
        """`opening` opens a connection to the broker; `source` is the CloudEvents source of this log."""
        self._opening = opening
        self._conninfo = conninfo
        self._source = source
        self._wake = wake
        self._pause = LEAST_PAUSE

    async def run(self) -> None:
        """Publish for ever; what goes away is waited for, at first for a moment, then ever longer."""
        while True:
            try:
                async with await connect(mortal(self._conninfo)) as connection, pulsing(connection):
                    await self._become_leader(connection)
                    await self._lead(connection)
            except Unreachable as error:
                log.warning("broker-unreachable", reason=str(error), again_in_seconds=self._pause)
            except Diverged as error:
                log.critical("broker-stands-still", reason=str(error))
            except LOST as error:
                log.warning("follower-interrupted", follower=FOLLOWER, error=type(error).__name__)
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    async def _become_leader(self, connection: Connection) -> None:
        while not await _value(connection, LEAD, FOLLOWER):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(LEAST_PAUSE)
        log.info("follower-leads", follower=FOLLOWER)

    async def _lead(self, connection: Connection) -> None:
        try:
            broker = await self._opening()
            try:
                await self._follow(connection, broker)
            finally:
                await broker.close()
        except (Unreachable, Diverged) as error:
            await connection.execute(FAILED, [FOLLOWER, type(error).__name__])
            raise

    async def _follow(self, connection: Connection, broker: Broker) -> None:
        position = await self._end(connection, broker)
        while True:
            grown = self._wake.arm()
            if messages := await self._next(connection, position):
                await broker.publish(messages)
                position = messages[-1].position
                await connection.execute(REACHED, [FOLLOWER, position])
            elif not await _within(POLL_SECONDS, grown):
                position = await self._end(connection, broker)

    async def _end(self, connection: Connection, broker: Broker) -> int:
        """Where the stream ends, which must be a copy of this log as far as it goes."""
        position, event = await broker.last()
        ours = await _value(connection, ID, position)
        if position and ours is None:
            raise Diverged(f"the stream ends at position {position}, which the log has not reached")
        if event not in {None, ours}:
            raise Diverged(f"position {position} is event {event} in the stream and {ours} in the log")
        await connection.execute(REACHED, [FOLLOWER, position])
        self._pause = LEAST_PAUSE
        return position

    async def _next(self, connection: Connection, position: int) -> Sequence[Message]:
        async with connection.cursor(binary=True) as cursor:
            await cursor.execute(AFTER, [position, BATCH])
            return [message(Row._make(values), self._source) for values in await cursor.fetchall()]


def message(row: Row, source: str) -> Message:
    """The event of a row as the broker carries it: without personal fields."""
    event = rendered(row, source, covers_from=row.position)
    return Message(row.position, event.id, row.kind, row.tag, row.stream_id, encoded(event))


async def _value(connection: Connection, query: str, *arguments: object) -> object:
    row = await (await connection.execute(query.encode(), arguments)).fetchone()
    return row[0] if row else None


async def _within(seconds: float, event: asyncio.Event) -> bool:
    # Not `wait_for`: before Python 3.12 it may swallow a cancellation that meets the event.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
