"""What the followers of a process share: reading the log once, and moving checkpoints together."""

import asyncio
import time

from domain.messages import Event
from infra.database import Link
from infra.events import Recorded
from infra.log import read
from infra.projector.followers import Events
from infra.projector.moving import Moves
from infra.vault import Vault

REST_SECONDS = 0.006
"""How long the end of the log is not looked at again: what is found there costs each follower a turn."""


class Tail:
    """The events that the foremost follower has read last; who comes after it finds them read and decoded.

    Followers further back read for themselves, over a connection that they share.
    """

    def __init__(self, conninfo: str, vault: Vault, *, keep: int = 10_000) -> None:
        """`keep`: how many events are kept at most."""
        self._vault = vault
        self._keep = keep
        self._newest, self._older = Link(conninfo), Link(conninfo)
        self.moves = Moves(conninfo)
        self._reading = asyncio.Lock()
        self._events: list[Recorded[Event]] = []
        self._after = 0
        """The position before the first event kept."""
        self._rested = 0.0

    async def after(self, position: int, limit: int) -> Events:
        """The next events after a position, in order, without a hole; none at the end of the log."""
        if position < self._after:
            return await self._read(self._older, position, limit)
        if position >= self._end:
            async with self._reading:
                if position >= self._end:  # nobody has read on meanwhile
                    await self._read_on(position, limit)
        if position < self._after:
            return await self._read(self._older, position, limit)
        start = position - self._after
        return self._events[start : start + limit]

    async def close(self) -> None:
        """Close the connections."""
        await self._newest.close()
        await self._older.close()
        await self.moves.close()

    @property
    def _end(self) -> int:
        return self._after + len(self._events)

    async def _read_on(self, position: int, limit: int) -> None:
        await asyncio.sleep(max(self._rested - time.monotonic(), 0))
        events = await self._read(self._newest, position, limit)
        if len(events) < limit:
            self._rested = time.monotonic() + REST_SECONDS
        self._keep_on(position, events)

    def _keep_on(self, position: int, events: Events) -> None:
        if position != self._end:
            self._events, self._after = [], position
        self._events.extend(events)
        excess = max(len(self._events) - self._keep, 0)
        del self._events[:excess]
        self._after += excess

    async def _read(self, link: Link, position: int, limit: int) -> Events:
        async with link.use() as connection:
            return await read(connection, self._vault, position, limit)
