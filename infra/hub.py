"""One look at the log for all who follow it live: each event is read, and written out, once a process."""

import asyncio
import contextlib
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
import psycopg
import structlog

from infra.cloudevents import CloudEvent, encoded, padded, rendered
from infra.events import Row
from infra.feed import EVERYTHING, Filter, Stretch
from infra.projector import Wake

log = structlog.get_logger()

BATCH = 250
KEPT_BYTES = 1024 * 1024
KEPT_BYTES_OF_ALL = 64 * 1024 * 1024
LOOK_SECONDS = 1.0
LEAST_PAUSE = 0.005
MOST_PAUSE = 0.05
PAUSE_A_CLIENT = 0.0001
"""Seconds between two looks at the log, a client: so many are served at the price of a little delay."""

PASSING = (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError)

Read = Callable[[Filter, int, int, int | None], Awaitable[Stretch]]
"""Reads what a filter asks for: the filter, after which position, how many at most, up to which position."""


class Piece(NamedTuple):
    """Messages of a stream, for all who wait for them; they account for the positions up to `covered`.

    The first of them is as long as `first_length`. It covers the positions after `before`, the last event of
    the piece is `told`.
    """

    covered: int
    before: int
    told: int
    text: bytes
    first: CloudEvent | None = None
    first_length: int = 0

    def text_for(self, told: int) -> bytes:
        """The messages to a client whose last event was `told`: the first covers what came after that."""
        if self.first is None or told >= self.before:
            return self.text
        return message(self.first, told + 1) + self.text[self.first_length :]


class Channel:
    """What those who ask for the same get: the newest pieces, and no more than so many bytes of them."""

    def __init__(self, wanted: Filter, start: int) -> None:
        self.wanted = wanted
        self.clients = 0
        self.grown = asyncio.Event()
        self.spoke_at = time.monotonic()
        self._told = start
        self._forgotten = start
        self._pieces: deque[Piece] = deque()
        self._bytes = 0
        self._number = 0

    def place(self, position: int) -> int | None:
        """The number of the first piece for who knows everything up to a position; None: too far back."""
        if position < self._forgotten:
            return None
        newer = itertools.takewhile(lambda piece: piece.covered > position, reversed(self._pieces))
        return self._number - sum(1 for _ in newer)

    def since(self, number: int) -> list[Piece] | None:
        """The pieces from a number on; None: they are not remembered any more."""
        wanted = self._number - number
        if wanted > len(self._pieces):
            return None
        return [self._pieces[-back] for back in range(wanted, 0, -1)]

    def take(self, events: Sequence[CloudEvent], covered: int, keep: int) -> None:
        """Add events of the log, those that are asked for; remember `keep` bytes."""
        if not events:
            return
        texts = list(messages(events, self._told))
        told = int(events[-1].sequence)
        self._add(Piece(covered, self._told, told, b"".join(texts), events[0], len(texts[0])), keep)
        self._told = told

    def beat(self, covered: int, keep: int) -> None:
        """Say that the stream is alive, and that there is nothing up to a position."""
        self._add(Piece(covered, self._told, self._told, heartbeat(covered)), keep)

    def _add(self, piece: Piece, keep: int) -> None:
        self._pieces.append(piece)
        self._number += 1
        self._bytes += len(piece.text)
        while self._bytes > keep and len(self._pieces) > 1:
            old = self._pieces.popleft()
            self._bytes -= len(old.text)
            self._forgotten = old.covered
        self.spoke_at = time.monotonic()
        self.grown.set()
        self.grown = asyncio.Event()


class Hub:
    """Follows the log from its head on, for any number of clients."""

    def __init__(self, read: Read, wake: Wake, source: str, *, heartbeat_seconds: float) -> None:
        self._read = read
        self._wake = wake
        self._source = source
        self._heartbeat = heartbeat_seconds
        self._channels: dict[Filter, Channel] = {}
        self._asked = asyncio.Event()
        self._catching_up = asyncio.Semaphore(2)
        self.position = 0
        """Up to where the log was handed to the channels; without any, where it was left."""
        self.clients = 0

    async def run(self) -> None:
        """Follow the log for ever; after an outage, from where we were."""
        while True:
            try:
                while True:
                    await self._look()
            except PASSING as error:
                log.warning("hub-interrupted", error=type(error).__name__)
            except Exception as error:
                log.exception("hub-failed", exc_info=error)
            await asyncio.sleep(LOOK_SECONDS)

    @contextlib.asynccontextmanager
    async def joined(self, wanted: Filter) -> AsyncIterator[Channel]:
        """The channel of a filter, kept while it has clients; the first begins at the head of the log."""
        if not self._channels:
            head = (await self._read(EVERYTHING, self.position, 0, None)).head
            self.position = self.position if self._channels else head
        channel = self._channels.setdefault(wanted, Channel(wanted, self.position))
        channel.clients += 1
        self.clients += 1
        self._asked.set()
        try:
            yield channel
        finally:
            channel.clients -= 1
            self.clients -= 1
            if not channel.clients:
                del self._channels[wanted]
            if not self._channels:
                self._asked.clear()

    async def earlier(self, wanted: Filter, after: int, until: int) -> Stretch:
        """A stretch that the channels do not remember, straight from the log; for a few clients at a time."""
        async with self._catching_up:
            return await self._read(wanted, after, BATCH, until)

    def messages(self, stretch: Stretch, told: int) -> bytes:
        """The messages of a stretch to a client whose last event was `told`."""
        return b"".join(messages(map(self._event, stretch.rows), told))

    async def _look(self) -> None:
        await self._asked.wait()
        grown, before = self._wake.arm(), self.position
        stretch = await self._read(EVERYTHING, before, BATCH, None)
        if self.position != before:
            return  # all went, and others came who begin elsewhere
        self._hand_out(stretch)
        await asyncio.sleep(min(max(LEAST_PAUSE, self.clients * PAUSE_A_CLIENT), MOST_PAUSE))
        if self.position >= stretch.head:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await grown.wait()

    def _hand_out(self, stretch: Stretch) -> None:
        keep = min(KEPT_BYTES, KEPT_BYTES_OF_ALL // max(1, len(self._channels)))
        events = [(row, self._event(row)) for row in stretch.rows]
        silent_since = time.monotonic() - self._heartbeat
        self.position = stretch.covered
        for channel in self._channels.values():
            asked = [event for row, event in events if channel.wanted.matches(row)]
            channel.take(asked, stretch.covered, keep)
            if channel.spoke_at < silent_since:
                channel.beat(stretch.covered, keep)

    def _event(self, row: Row) -> CloudEvent:
        return rendered(row, self._source, row.position)


def messages(events: Iterable[CloudEvent], told: int) -> Iterator[bytes]:
    """Events as messages of a stream to who was told of an event before."""
    for event in events:
        yield message(event, told + 1)
        told = int(event.sequence)


def message(event: CloudEvent, covers_from: int) -> bytes:
    """One event as a message that covers the positions from `covers_from` on."""
    own = msgspec.structs.replace(event, coversfrom=padded(covers_from))
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (int(event.sequence), event.type.encode(), encoded(own))


def heartbeat(covered: int) -> bytes:
    """A message without an event, which says up to where there is none."""
    return b": nothing more yet\nid: %d\n\n" % covered
