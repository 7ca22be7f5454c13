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
from infra.projector import View

POLL_SECONDS = 0.005
DEFAULT_WAIT = 2.0
LONGEST_WAIT = 30.0

Pool = AsyncConnectionPool[psycopg.AsyncConnection[Any]]


class Positioned(Protocol):
    """An answer that says how far its view has read."""

    @property
    def log_position(self) -> int:
        """The position up to which the answer knows the log."""


A = TypeVar("A", bound=Positioned)


class Reader:
    """Runs queries; requests that wait for a view share one look at the checkpoints."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
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

    async def run(self, query: Callable[[psycopg.AsyncConnection[Any]], Awaitable[A]]) -> A:
        """The answer of a query; tried again once on a connection that had died in the pool."""
        try:
            async with self._pool.connection() as connection:
                return await query(connection)
        except psycopg.OperationalError:
            async with self._pool.connection() as connection:
                return await query(connection)

    async def _reach(self, view: View, wanted: int, deadline: float) -> None:
        while (position := await self._looks.submit(view.follower)) < wanted:
            if time.monotonic() > deadline:
                raise ViewBehind(f"{view.name} stands at {position}, not yet at {wanted}")
            await asyncio.sleep(POLL_SECONDS)

    async def _look(self, followers: list[str]) -> Sequence[int]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT follower, position FROM checkpoints")
            positions = {follower: int(position) for follower, position in await cursor.fetchall()}
        return [positions.get(follower, 0) for follower in followers]


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
