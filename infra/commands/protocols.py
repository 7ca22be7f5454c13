"""Protocol numbers: unique over all processes of a tenant."""

from collections import deque

from domain.protocol import protocol
from infra.batching import Batcher
from infra.log import Log

BLOCK = 100  # as the sequence in the first migration counts


class ProtocolNumbers:
    """Unique protocol numbers, drawn from the database in blocks; what a restart leaves of them is a gap."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._numbers: deque[int] = deque()
        self._draws: Batcher[None, int] = Batcher(self._draw)

    async def draw(self, year: int) -> str:
        """The next protocol, of the given year.

        Raises:
            Unavailable: the database did not answer in time.
        """
        return protocol(year, self._numbers.popleft() if self._numbers else await self._draws.submit(None))

    async def _draw(self, waiting: list[None]) -> list[int]:
        """A number for each who waits, and the more in stock the more of them there are."""
        blocks = await self._log.protocol_blocks(1 + len(waiting) // 10)
        self._numbers.extend(number for first in blocks for number in range(first, first + BLOCK))
        return [self._numbers.popleft() for _ in waiting]
