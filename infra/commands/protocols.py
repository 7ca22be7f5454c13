"""Protocol numbers: unique over all processes of a tenant."""

import asyncio

from domain.protocol import protocol
from infra.log import Log

BLOCK = 100  # as the sequence in the first migration counts


class ProtocolNumbers:
    """Unique protocol numbers, drawn from the database in blocks; what a restart leaves of one is a gap."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._next = self._end = 0
        self._drawing = asyncio.Lock()

    async def draw(self, year: int) -> str:
        """The next protocol, of the given year."""
        while self._next == self._end:
            await self._draw_block()
        number, self._next = self._next, self._next + 1
        return protocol(year, number)

    async def _draw_block(self) -> None:
        async with self._drawing:
            if self._next == self._end:  # nobody who stood in line before has done it
                self._next = await self._log.next_protocol_block()
                self._end = self._next + BLOCK
