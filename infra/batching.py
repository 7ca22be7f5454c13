"""Group commit in general: what arrives while one batch is under way becomes the next batch."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

FEW = 64  # items that are not worth a division into batches abreast
SMOOTHED_OVER = 100  # callers over whom the pace is averaged


class Overloaded(Exception):
    """More is waiting than can be served soon; nothing was done, so it may be asked again later."""


class Gate:
    """Lets in no more callers than can be served in time, judged by how fast the last ones were served.

    Little's law: who enters behind n others, served in so many seconds each, waits n times as long. While
    nobody is served at all, as when the database is away, the time since the last one counts; but not where
    only one is inside, who may be slow by itself.
    """

    def __init__(self, longest: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`longest`: how many seconds a caller may have to wait."""
        self._longest = longest
        self._clock = clock
        self._inside = 0
        self._pace = 0.0
        self._last = 0.0

    def __enter__(self) -> None:
        """Enter.

        Raises:
            Overloaded: it would take too long.
        """
        now = self._clock()
        if self._inside <= 1:
            self._last = now
        if max(self._inside * self._pace, now - self._last) > self._longest:
            raise Overloaded(f"{self._inside} requests are served, which takes too long")
        self._inside += 1

    def __exit__(self, *_: object) -> None:
        """Leave: served, or refused."""
        now = self._clock()
        self._pace += (now - self._last - self._pace) / SMOOTHED_OVER
        self._last = now
        self._inside -= 1


class Shared(Generic[R]):
    """Lets those who ask for the same at the same time wait for one answer."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Future[R]] = {}

    async def get(self, key: Hashable, ask: Callable[[], Coroutine[None, None, R]]) -> R:
        """The answer under way for the key, else that of `ask`; who gives up takes it from nobody else."""
        if key not in self._under_way:
            self._under_way[key] = asyncio.create_task(ask(), context=Context())
            self._under_way[key].add_done_callback(lambda _: self._under_way.pop(key))
        return await asyncio.shield(self._under_way[key])


class Batcher(Generic[T, R]):
    """Hands the items of concurrent callers to `handle` in batches; each gets its result.

    `handle` gives one result an item, in order; a result that is an exception is raised to that caller alone.
    Items that share a value of `apart` never meet in one batch: the later one waits for the next.
    `abreast` batches may be under way at a time, each with a fair share of the items, so that one is served
    while the callers of another work.
    """

    def __init__(
        self,
        handle: Callable[[list[T]], Awaitable[Sequence[R | BaseException]]],
        *,
        abreast: int = 1,
        most: int = 512,
        waiting: int = 10_000,
        apart: Callable[[T], Iterable[Hashable]] = lambda _: (),
    ) -> None:
        self._handle = handle
        self._abreast = abreast
        self._most = most
        self._waiting = waiting
        self._apart = apart
        self._queue: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._under_way = 0
        self._runners: set[asyncio.Task[None]] = set()

    async def submit(self, item: T) -> R:
        """The result of `item`, once its batch is done.

        Raises:
            Overloaded: the queue is full.
        """
        if len(self._queue) >= self._waiting:
            raise Overloaded(f"{self._waiting} requests are waiting")
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._queue.append((item, future))
        if len(self._runners) < self._abreast:
            # In a context of its own: what it logs belongs to no single caller.
            self._runners.add(asyncio.create_task(self._run(), context=Context()))
        return await future

    async def drain(self) -> None:
        """Return once nothing is waiting or under way."""
        while self._runners:
            await asyncio.wait(self._runners)

    async def _run(self) -> None:
        try:
            while self._queue:
                await self._gather()
                if batch := self._take():
                    self._under_way += len(batch)
                    try:
                        await self._serve(batch)
                    finally:
                        self._under_way -= len(batch)
        except BaseException:  # cancelled: nobody serves those who wait
            for _, future in self._queue:
                future.cancel()
            self._queue.clear()
            raise
        finally:
            self._runners.remove(asyncio.current_task())  # type: ignore[arg-type]  # this is a task

    async def _gather(self) -> None:
        """Let those come along who are about to submit: as long as each turn of the loop brings more."""
        waiting = -1
        while waiting < len(self._queue) < self._most:
            waiting = len(self._queue)
            await asyncio.sleep(0)

    def _take(self) -> list[tuple[T, asyncio.Future[R]]]:
        share = math.ceil((len(self._queue) + self._under_way) / self._abreast)
        most = min(self._most, max(share, FEW))
        batch: list[tuple[T, asyncio.Future[R]]] = []
        later: list[tuple[T, asyncio.Future[R]]] = []
        taken: set[Hashable] = set()
        while self._queue and len(batch) + len(later) < most:
            item, future = self._queue.popleft()
            if future.done():
                continue  # its caller has gone
            marks = set(self._apart(item))
            if marks & taken:
                later.append((item, future))
            else:
                batch.append((item, future))
            taken |= marks
        self._queue.extendleft(reversed(later))
        return batch

    async def _serve(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        results: Sequence[R | BaseException]
        try:
            results = await self._handle([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - every caller of the batch is told
            results = [error] * len(batch)
        except BaseException:
            for _, future in batch:
                future.cancel()
            raise
        if len(results) != len(batch):
            results = [RuntimeError(f"{len(batch)} items had {len(results)} results")] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)
