"""A limit in time for many short things, of which hardly one ever reaches it."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")

LOOKS = 8
"""How often it is looked, within a limit, whether it is reached: it may be exceeded by an eighth."""


class Patience:
    """Gives up what takes too long. One timer serves all: to start and stop one costs a tenth of a commit."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until: dict[asyncio.Timeout, float] = {}
        self._looking = False

    async def limit(self, awaitable: Awaitable[T]) -> T:
        """What it gives.

        Raises:
            TimeoutError: it took too long, and was cancelled.
        """
        loop = asyncio.get_running_loop()
        timeout = asyncio.timeout(None)
        async with timeout:
            self._until[timeout] = loop.time() + self.seconds
            if not self._looking:
                self._looking = True
                loop.call_later(self.seconds / LOOKS, self._look, loop)
            try:
                return await awaitable
            finally:
                self._until.pop(timeout, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for timeout in [each for each, until in self._until.items() if until <= now]:
            del self._until[timeout]
            timeout.reschedule(now)
        self._looking = bool(self._until)
        if self._looking:
            loop.call_later(self.seconds / LOOKS, self._look, loop)
