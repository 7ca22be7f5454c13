"""The newest events, read once for all webhooks; older ones are read by who is behind."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from infra.database import Link
from infra.events import Row
from infra.feed import EVERYTHING, read
from infra.log import head
from infra.projector import Wake
from infra.webhooks.targets import Connection

SIZE = 1_000
POLL_SECONDS = 1.0
PAUSE_SECONDS = 0.004
"""Between two looks, so that a stream of single commits does not cost a look each."""
UNHEARD_SECONDS = 0.1
"""Between two looks while there is nobody to be told."""


class Window:
    """Holds the newest events, at most twice `SIZE`, and tells everybody when there are more."""

    def __init__(self, reading: Link, wake: Wake, grown: Callable[[Sequence[Row]], bool]) -> None:
        """`grown` is given new events, and says whether it told anybody."""
        self._reading = reading
        self._wake = wake
        self._grown = grown
        self._rows: list[Row] = []
        self._head = 0

    async def follow(self, connection: Connection) -> None:
        """Follow the log for ever."""
        self._head = await head(connection)
        while True:
            grown = self._wake.arm()
            if rows := (await read(connection, EVERYTHING, self._head, SIZE)).rows:
                heard = self._take(rows) or len(rows) == SIZE
                await asyncio.sleep(PAUSE_SECONDS if heard else UNHEARD_SECONDS)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await grown.wait()

    async def after(self, position: int, limit: int) -> list[Row]:
        """The next events after a position, at most `limit`; none at the head, as far as it is known."""
        if position >= self._head:
            return []
        if self._rows and position >= self._rows[0].position - 1:
            start = position + 1 - self._rows[0].position
            return self._rows[start : start + limit]
        async with self._reading.use() as connection:
            return (await read(connection, EVERYTHING, position, limit)).rows

    def _take(self, rows: list[Row]) -> bool:
        self._rows += rows
        if len(self._rows) > 2 * SIZE:
            del self._rows[:-SIZE]
        self._head = rows[-1].position
        return self._grown(rows)
