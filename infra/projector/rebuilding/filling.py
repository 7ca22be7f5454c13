"""Filling the tables of a view: stream by stream where its rows allow it, else in the log's order.

In memory are, at most, two chunks of events, or the longest stream, and the rows of one chunk; in the log's
order also so many remembered rows a table.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from infra.database import connect
from infra.log import read, read_streams
from infra.projector.followers import Connection, Events, View
from infra.rows import Memory, remembering
from infra.vault import Vault

CHUNK = 2_000
REMEMBERED = 20_000
NIL = UUID(int=0)

Chunks = AsyncGenerator[Events, None]


@dataclass(frozen=True)
class Filling:
    """Folds the log, read over one connection, into the tables that another one finds."""

    connection: Connection
    reading: Connection
    vault: Vault
    view: View

    async def fill(self, upto: int, told: Callable[[int], None]) -> None:
        """Fold the log up to a position into empty tables; `told` is told how many events are done."""
        kind = self.view.stream_kind
        chunks = self._in_order(0, upto) if kind is None else self._by_stream(kind, upto)
        done = 0
        async with aclosing(_ahead(chunks)) as ahead:
            with remembering(self.connection, Memory(REMEMBERED, fresh=kind is not None)) as memory:
                async for events in ahead:
                    await self._fold(events, memory)
                    told(done := done + len(events))

    async def follow(self, after: int, upto: int) -> int:
        """Fold what comes after a position, up to another at most; the position reached."""
        async with aclosing(self._in_order(after, upto)) as chunks:
            with remembering(self.connection, Memory(REMEMBERED)) as memory:
                async for events in chunks:
                    await self._fold(events, memory)
                    after = events[-1].position
        return after

    async def _fold(self, events: Events, memory: Memory) -> None:
        async with self.connection.transaction():
            await self.view.apply(self.connection, events)
            await memory.flush(self.connection)

    async def _in_order(self, after: int, upto: int) -> Chunks:
        while after < upto and (
            events := await read(self.reading, self.vault, after, min(CHUNK, upto - after))
        ):
            after = events[-1].position
            yield events

    async def _by_stream(self, kind: str, upto: int) -> Chunks:
        last, most = NIL, CHUNK
        while events := await read_streams(self.reading, self.vault, kind, last, upto, most):
            if len(events) < most:
                yield events
                return
            whole = [event for event in events if event.stream_id != events[-1].stream_id]
            if not whole:  # one stream is longer than this
                most *= 2
                continue
            last, most = whole[-1].stream_id, CHUNK
            yield whole


async def _ahead(chunks: Chunks) -> Chunks:
    """The chunks; the next one is read while one is folded."""
    reading = asyncio.ensure_future(anext(chunks, None))
    try:
        while (events := await reading) is not None:
            reading = asyncio.ensure_future(anext(chunks, None))
            yield events
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        await chunks.aclose()


@asynccontextmanager
async def reader(conninfo: str) -> AsyncIterator[Connection]:
    """A connection that reads the log by its indexes, whatever the statistics say."""
    async with await connect(conninfo) as connection:
        await connection.execute(
            """SELECT set_config('enable_' || way, 'off', false)
                 FROM unnest(ARRAY['seqscan', 'sort', 'hashjoin', 'mergejoin', 'bitmapscan']) AS way"""
        )
        yield connection
