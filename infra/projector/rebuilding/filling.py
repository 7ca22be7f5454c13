"""Filling the tables of a view that is built: stream by stream where its rows allow it, else in the log's order.

In memory are, at most, two chunks of events, or the longest stream, and the rows of one chunk; in the log's
order also so many remembered rows a table.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from uuid import UUID

from infra.database import connect
from infra.log import read, read_streams
from infra.projector.followers import Connection, Events, View
from infra.rows import Memory, remembering
from infra.vault import Vault

CHUNK = 2_000
REMEMBERED = 10_000
NIL = UUID(int=0)

Told = Callable[[int], None]
"""Is told how many events were read."""


async def fill(
    connection: Connection, reading: Connection, vault: Vault, view: View, upto: int, told: Told
) -> None:
    """Fold the log up to a position into empty tables."""
    if view.stream_kind is None:
        chunks = _in_order(reading, vault, upto)
    else:
        chunks = _by_stream(reading, vault, view.stream_kind, upto)
    memory = Memory(REMEMBERED, fresh=view.stream_kind is not None)
    done = 0
    with remembering(connection, memory):
        async with aclosing(_ahead(chunks)) as ahead:
            async for events in ahead:
                await fold(connection, view, events, memory)
                told(done := done + len(events))


async def follow(
    connection: Connection, reading: Connection, vault: Vault, view: View, after: int, upto: int
) -> int:
    """Fold what comes after a position into filled tables, up to another at most; the position reached."""
    memory = Memory(REMEMBERED)
    with remembering(connection, memory):
        while after < upto and (events := await read(reading, vault, after, min(CHUNK, upto - after))):
            await fold(connection, view, events, memory)
            after = events[-1].position
    return after


async def fold(connection: Connection, view: View, events: Events, memory: Memory) -> None:
    """Fold events in one transaction."""
    async with connection.transaction():
        await view.apply(connection, events)
        await memory.flush(connection)


async def _in_order(reading: Connection, vault: Vault, upto: int) -> AsyncIterator[Events]:
    position = 0
    while position < upto and (events := await read(reading, vault, position, min(CHUNK, upto - position))):
        position = events[-1].position
        yield events


async def _by_stream(reading: Connection, vault: Vault, kind: str, upto: int) -> AsyncIterator[Events]:
    last, most = NIL, CHUNK
    while events := await read_streams(reading, vault, kind, last, upto, most):
        if len(events) < most:
            yield events
            return
        whole = [event for event in events if event.stream_id != events[-1].stream_id]
        if not whole:  # one stream is longer than this
            most *= 2
            continue
        last, most = whole[-1].stream_id, CHUNK
        yield whole


async def _ahead(chunks: AsyncIterator[Events]) -> AsyncIterator[Events]:
    """The chunks; the next one is read while one is folded."""
    reading = asyncio.ensure_future(anext(chunks, None))
    try:
        while (events := await reading) is not None:
            reading = asyncio.ensure_future(anext(chunks, None))
            yield events
    finally:
        reading.cancel()
        await asyncio.wait([reading])


@contextlib.asynccontextmanager
async def reader(conninfo: str) -> AsyncIterator[Connection]:
    """A connection that reads the log by its indexes, whatever the statistics say."""
    async with await connect(conninfo) as connection:
        await connection.execute(
            """SELECT set_config('enable_' || way, 'off', false)
                 FROM unnest(ARRAY['seqscan', 'sort', 'hashjoin', 'mergejoin', 'bitmapscan']) AS way"""
        )
        yield connection
