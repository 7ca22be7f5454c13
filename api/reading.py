"""Queries over views: from the pool, and not before the view has read as far as the caller demands."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

import psycopg
from litestar import Request
from psycopg_pool import AsyncConnectionPool

from api.problems import ViewBehind
from api.validation import Malformed, Wrong
from infra.batching import Batcher
from infra.cancelling import heed_cancellation
from infra.log import head as newest
from infra.projector import View

POLL_SECONDS = 0.005
DEFAULT_WAIT = 2.0
LONGEST_WAIT = 30.0

# Queries go through indexes, in their order; what is planned for one value is not kept for another.
SESSION = {
    "enable_incremental_sort": "off",
    "enable_seqscan": "off",
    "enable_sort": "off",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "plan_cache_mode": "force_custom_plan",
    "random_page_cost": "1.1",
}


class Pool(AsyncConnectionPool[psycopg.AsyncConnection[Any]]):
    """The connections that a process reads with; who is cancelled while waiting for one gets none."""

    async def getconn(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - the pool calls it thus
    ) -> psycopg.AsyncConnection[Any]:
        """A connection, to be given back.

        Raises:
            PoolTimeout: there was none in time.
        """
        connection = await super().getconn(timeout)
        try:
            heed_cancellation()
        except asyncio.CancelledError:
            await self.putconn(connection)
            raise
        return connection


class Positioned(Protocol):
    """An answer that says how far its view has read."""

    @property
    def log_position(self) -> int:
        """The position up to which the answer knows the log."""


A = TypeVar("A", bound=Positioned)
T = TypeVar("T")


class Reader:
    """Runs queries; requests that wait for a view share one look at the checkpoints."""

    def __init__(self, pool: Pool, *, patience: float) -> None:
        """`patience`: seconds after which a database that says nothing at all is given up."""
        self._pool = pool
        self._patience = patience
        self._looks: Batcher[str, int] = Batcher(self._look)

    async def read(
        self,
        view: View,
        request: Request[Any, Any, Any],
        query: Callable[[psycopg.AsyncConnection[Any]], Awaitable[A]],
    ) -> A:
        """The answer of a query, at `Min-Log-Position` or later.

        Raises:
            Malformed: a header is not what it should be.
            ViewBehind: the view did not get there in time.
        """
        wanted, wait = min_position(request), longest_wait(request)
        deadline = time.monotonic() + wait
        while True:
            answer = await self.run(query)
            if answer.log_position >= wanted:
                return answer
            await self._reach(view, wanted, deadline)

    async def run(self, query: Callable[[psycopg.AsyncConnection[Any]], Awaitable[T]]) -> T:
        """The answer of a query; asked again where a connection had died in the pool, perhaps each of them.

        Raises:
            psycopg.OperationalError, TimeoutError: the database does not answer.
        """
        async with asyncio.timeout(self._patience):
            for _ in range(self._pool.max_size):
                async with self._pool.connection() as connection:
                    try:
                        return await query(connection)
                    except psycopg.OperationalError:
                        if not connection.broken:
                            raise
            async with self._pool.connection() as connection:
                return await query(connection)

    async def head(self, request: Request[Any, Any, Any]) -> int:
        """Position of the newest event, for an answer straight from the log, at `Min-Log-Position` or later.

        Raises:
            Malformed: a header is not what it should be.
            ViewBehind: the log did not get there in time.
        """
        wanted, deadline = min_position(request), time.monotonic() + longest_wait(request)
        while (position := await self.run(newest)) < wanted:
            if time.monotonic() > deadline:
                raise ViewBehind(f"the log ends at {position}, before {wanted}")
            await asyncio.sleep(POLL_SECONDS)
        return position

    async def _reach(self, view: View, wanted: int, deadline: float) -> None:
        while (position := await self._looks.submit(view.follower)) < wanted:
            if time.monotonic() > deadline:
                raise ViewBehind(f"{view.name} stands at {position}, not yet at {wanted}")
            await asyncio.sleep(POLL_SECONDS)

    async def _look(self, followers: list[str]) -> Sequence[int]:
        positions = await self.run(_checkpoints)
        return [positions.get(follower, 0) for follower in followers]


async def _checkpoints(connection: psycopg.AsyncConnection[Any]) -> dict[str, int]:
    cursor = await connection.execute("SELECT follower, position FROM checkpoints")
    return {follower: int(position) for follower, position in await cursor.fetchall()}


def min_position(request: Request[Any, Any, Any]) -> int:
    """The `Min-Log-Position` header; 0 if there is none.

    Raises:
        Malformed: it is not a position.
    """
    given = request.headers.get("min-log-position", "0")
    if not re.fullmatch(r"[0-9]{1,18}", given, re.ASCII):
        raise Malformed([Wrong("Min-Log-Position", "not a position")])
    return int(given)


def longest_wait(request: Request[Any, Any, Any]) -> float:
    """Seconds to wait for the view: `Prefer: wait=<s>`, at most 30; 2 if it is not given (RFC 7240)."""
    found = re.search(r"(?:^|[,;\s])wait=([0-9]{1,4})(?=$|[,;\s])", request.headers.get("prefer", ""))
    return min(float(found[1]), LONGEST_WAIT) if found else DEFAULT_WAIT
