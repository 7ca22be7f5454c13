"""A crew: the requests of one webhook that are under way, each chain in order, several side by side."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from uuid import UUID

from infra.webhooks.deliveries import Chain, Item
from infra.webhooks.sending import Attempt

GRACE_SECONDS = 1.0
"""A request that takes longer does not hold up the round."""


class Crew:
    """Sends chains. What takes too long goes on while the next round begins, and ends up in `late`.

    `send` tries one delivery, `stops` says that nothing new is to be begun, `returned` is called when
    something late is there.
    """

    def __init__(
        self,
        send: Callable[[Item], Awaitable[Attempt]],
        stops: Callable[[Chain | None], bool],
        returned: Callable[[], None],
    ) -> None:
        self.under_way: dict[UUID, Chain] = {}
        """By their streams."""
        self._late: list[Chain] = []
        self._send = send
        self._stops = stops
        self._returned = returned
        self._workers: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> set[UUID]:
        """The streams of which something is under way, or has come late and is not kept yet."""
        return self.under_way.keys() | {chain.stream_id for chain in self._late}

    @property
    def size(self) -> int:
        """How many requests are under way."""
        return len(self._workers)

    @property
    def is_late(self) -> bool:
        """Whether something that took too long has come to its end."""
        return bool(self._late)

    def take_late(self) -> list[Chain]:
        """What took too long and has come to its end since this was last asked."""
        late, self._late = self._late, []
        return late

    async def send(self, given: list[Chain], at_once: int) -> None:
        """Send until all that was begun is done, or takes too long; so many requests at once."""
        queue = deque(given)
        workers = {asyncio.create_task(self._work(queue)) for _ in range(min(len(given), at_once))}
        self._workers |= workers
        for worker in workers:
            worker.add_done_callback(self._workers.discard)
        while workers:
            done, workers = await asyncio.wait(workers, timeout=GRACE_SECONDS)
            for worker in done:
                worker.result()
            if not queue:
                return

    async def finish(self) -> None:
        """Return once nothing is under way."""
        while self._workers:
            await asyncio.wait(self._workers)

    def cancel(self) -> None:
        """Drop what is under way."""
        for worker in self._workers:
            worker.cancel()

    async def _work(self, queue: deque[Chain]) -> None:
        while queue and not self._stops(None):
            chain = queue.popleft()
            await self._follow(chain)
            if self._stops(chain):
                return

    async def _follow(self, chain: Chain) -> None:
        chain.under_way = True
        self.under_way[chain.stream_id] = chain
        try:
            for item in chain.left():
                if chain.tries and self._stops(None):
                    break
                chain.tries.append(await self._send(item))
        finally:
            chain.under_way = False
            del self.under_way[chain.stream_id]
        if chain.cut:
            self._late.append(chain)
            self._returned()
