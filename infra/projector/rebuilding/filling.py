"""Filling the tables of a view: stream by stream where its rows allow it, else in the log's order.

Streams know nothing of each other, so that two connections write: the server works for one while the rows of
the other are folded here. In memory are, at most, three chunks of events, or of the longest stream, and the
rows of two; in the log's order two chunks, and so many remembered rows a table.
"""

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from infra.database import connect, passes
from infra.log import read, read_streams
from infra.projector.followers import Connection, Events, View
from infra.rows import Memory, remembering
from infra.vault import Vault

CHUNK = 2_000
REMEMBERED = 20_000
NIL = UUID(int=0)

Chunks = AsyncGenerator[Events, None]


class CannotFold(Exception):
    """The view cannot take in an event."""

    def __init__(self, view: View, first: int, last: int, cause: Exception) -> None:
        what = f"{type(cause).__name__}: {cause}"
        super().__init__(f"{view.name} cannot take in an event between positions {first} and {last}: {what}")


@dataclass(frozen=True)
class Filling:
    """Folds the log, read over one connection, into the tables that two others find."""

    connection: Connection
    second: Connection
    reading: Connection
    vault: Vault
    view: View

    async def fill(self, upto: int, told: Callable[[int], None]) -> None:
        """Fold the log up to a position into empty tables; `told` is told how many events more are done."""
        if self.view.copy is not None:
            stretches = iter(range(0, upto, CHUNK))
            await together(self._copy(lane, stretches, upto, told) for lane in self._lanes)
            return
        kinds = self.view.stream_kinds
        chunks = self._by_stream(kinds, upto) if kinds else self._in_order(0, upto)
        async with aclosing(_ahead(chunks)) as ahead:
            if not kinds:
                await self._fold_all(self.connection, ahead, Memory(REMEMBERED), told)
                return
            turn = asyncio.Lock()
            await together(
                self._fold_all(lane, _in_turns(ahead, turn), Memory(0, fresh=True), told)
                for lane in self._lanes
            )

    @property
    def _lanes(self) -> tuple[Connection, Connection]:
        return self.connection, self.second

    async def _copy(
        self, connection: Connection, stretches: Iterator[int], upto: int, told: Callable[[int], None]
    ) -> None:
        copy = cast("Callable[[Connection, int, int], Awaitable[None]]", self.view.copy)
        for after in stretches:
            last = min(after + CHUNK, upto)
            await copy(connection, after + 1, last)
            told(last - after)

    async def follow(self, after: int, upto: int) -> int:
        """Fold what comes after a position, up to another at most; the position reached."""

        def folded(events: int) -> None:
            nonlocal after
            after += events

        async with aclosing(self._in_order(after, upto)) as chunks:
            await self._fold_all(self.connection, chunks, Memory(REMEMBERED), folded)
        return after

    async def _fold_all(
        self, connection: Connection, chunks: Chunks, memory: Memory, told: Callable[[int], None]
    ) -> None:
        with remembering(connection, memory):
            async for events in chunks:
                await self._fold(connection, events, memory)
                told(len(events))

    async def _fold(self, connection: Connection, events: Events, memory: Memory) -> None:
        try:
            async with connection.transaction():
                await self.view.apply(connection, events)
                await memory.flush(connection)
        except Exception as error:
            if passes(error):
                raise
            positions = [event.position for event in events]
            raise CannotFold(self.view, min(positions), max(positions), error) from error

    async def _in_order(self, after: int, upto: int) -> Chunks:
        while after < upto and (
            events := await read(self.reading, self.vault, after, min(CHUNK, upto - after))
        ):
            after = events[-1].position
            yield events

    async def _by_stream(self, kinds: Sequence[str], upto: int) -> Chunks:
        last, most = NIL, CHUNK
        while events := await read_streams(self.reading, self.vault, kinds, last, upto, most):
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


async def _in_turns(chunks: Chunks, turn: asyncio.Lock) -> Chunks:
    """Chunks that others take from too."""
    while True:
        async with turn:
            events = await anext(chunks, None)
        if events is None:
            return
        yield events


async def together(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all at the same time; where one fails, the others are cancelled."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            # Who is cancelled with us is so once: a second time would interrupt the end of its statement.
            if not task.cancelling():
                task.cancel()
        await asyncio.wait(tasks)


@asynccontextmanager
async def reader(conninfo: str) -> AsyncIterator[Connection]:
    """A connection that reads the log by its indexes, whatever the statistics say."""
    async with await connect(conninfo) as connection:
        await connection.execute(
            """SELECT set_config('enable_' || way, 'off', false)
                 FROM unnest(ARRAY['seqscan', 'sort', 'hashjoin', 'mergejoin', 'bitmapscan']) AS way"""
        )
        yield connection
