"""Group commit: what is asked at the same time goes to the database together."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import TypeVar
from uuid import UUID

import structlog
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from domain.messages import Event
from infra.batching import Batcher
from infra.database import Link, Unavailable, passes
from infra.events import Recorded, Row, recorded
from infra.log.arguments import ids, texts
from infra.log.requests import (
    APPEND,
    APPEND_ONE,
    BLOCKS,
    CLAIMS,
    KEYS,
    STREAMS,
    Append,
    Appended,
    Load,
    Loaded,
    Seen,
    columns,
    fields,
)
from infra.patience import Patience
from infra.vault import Vault

log = structlog.get_logger()

T = TypeVar("T")
R = TypeVar("R")


ABREAST = 2
"""Batches of appends under way: one is ready to be sent before the callers of the one before it are told."""

_number = attrgetter("stream_id.int")  # numbers are hashed and compared in a tenth of the time of ids


def _apart(command: Append) -> Iterable[object]:
    yield command.stream_id
    yield command.actor, command.key
    if command.claim is not None:
        yield command.claim


class Log:
    """The log of one tenant for one event loop: appends and loads in batches, over one connection each."""

    def __init__(self, conninfo: str, vault: Vault, *, patience: float = 5.0) -> None:
        """`patience`: for how many seconds an absent database is tried again before callers are told."""
        self.vault = vault
        self._patience = Patience(patience)
        self._answering = True
        self._writing = Link(_by_index(conninfo))
        self._reading = Link(_by_index(conninfo))
        self._appends: Batcher[Append, Appended] = Batcher(self._append, abreast=ABREAST, apart=_apart)
        self._loads: Batcher[Load, Loaded] = Batcher(self._load)
        self._claims: Batcher[Sequence[str], dict[str, UUID]] = Batcher(self._claimed, most=64)

    async def append(self, command: Append) -> Appended:
        """Append together with whoever else appends now; durable when it returns.

        Raises:
            Unavailable: the database did not answer in time; asking again with its key tells the outcome.
            Overloaded: too much is waiting.
        """
        return await self._appends.submit(command)

    async def load(self, request: Load) -> Loaded:
        """Read a stream and a key together with whoever else reads now.

        Raises:
            Unavailable: the database did not answer in time.
        """
        return await self._loads.submit(request)

    async def claimed(self, claims: Sequence[str]) -> dict[str, UUID]:
        """Those of the claims that are taken, each with the stream that took it.

        Raises:
            Unavailable: the database did not answer in time.
        """
        return await self._claims.submit(claims)

    async def stream(self, stream_id: UUID) -> list[Recorded[Event]]:
        """All events of a stream, in order; none if there is no such stream."""
        return [recorded(row, self.vault) for row in (await self.load(Load(stream_id))).rows]

    async def protocol_blocks(self, many: int) -> list[int]:
        """First numbers of so many blocks of a hundred that nobody else is given.

        Raises:
            Unavailable: the database did not answer in time.
        """
        blocks = (await self._each([many], self._draw))[0]
        if isinstance(blocks, BaseException):
            raise blocks
        return blocks

    async def close(self) -> None:
        """Finish what is under way, then close both connections."""
        await self._appends.drain()
        await self._loads.drain()
        await self._claims.drain()
        await self._writing.close()
        await self._reading.close()

    async def _append(self, batch: list[Append]) -> Sequence[Appended | BaseException]:
        # A connection lost on the way leaves the outcome unknown; the keys, checked under the lock, tell it.
        return await self._each(batch, self._append_once)

    async def _load(self, batch: list[Load]) -> Sequence[Loaded | BaseException]:
        return await self._each(batch, self._load_once)

    async def _claimed(self, batch: list[Sequence[str]]) -> Sequence[dict[str, UUID] | BaseException]:
        return await self._each(batch, self._claimed_once)

    async def _each(
        self, batch: list[T], once: Callable[[list[T]], Awaitable[Sequence[R]]]
    ) -> Sequence[R | BaseException]:
        """The results of a batch, tried again while the database is away; what else fails, fails alone."""
        started = time.monotonic()
        while True:
            try:
                results = await self._patience.limit(once(batch))
            except Exception as error:  # noqa: BLE001 - goes to the callers it is about
                if not _lost(error):
                    return await self._halve(batch, once, error)
                log.warning("database-lost", error=type(error).__name__)
                if time.monotonic() - started >= (self._patience.seconds if self._answering else 0):
                    self._answering = False  # whoever waits now is not kept waiting as long again
                    return [_unavailable(error) for _ in batch]
                await asyncio.sleep(0.1)
            else:
                self._answering = True
                return results

    async def _halve(
        self, batch: list[T], once: Callable[[list[T]], Awaitable[Sequence[R]]], error: Exception
    ) -> Sequence[R | BaseException]:
        if len(batch) == 1:
            return [error]
        half = len(batch) // 2
        return [*await self._each(batch[:half], once), *await self._each(batch[half:], once)]

    async def _append_once(self, batch: list[Append]) -> list[Appended]:
        statement, arguments = (APPEND_ONE, fields(*batch)) if len(batch) == 1 else (APPEND, columns(batch))
        async with self._writing.cursor() as cursor:
            await cursor.execute(statement, arguments)
            return [Appended._make(values) for values in await cursor.fetchall()]

    async def _load_once(self, batch: list[Load]) -> list[Loaded]:
        keyed = [request for request in batch if request.key is not None]
        seen: dict[tuple[str, str | None], Seen] = {}
        async with self._reading.cursor() as cursor:
            await cursor.execute(STREAMS, [ids({request.stream_id for request in batch})])
            rows = [Row._make(values) for values in await cursor.fetchall()]
            if (
                keyed
            ):  # after the streams: a command seen here may be missing there, never the other way round
                await cursor.execute(KEYS, [texts([r.actor for r in keyed]), texts([r.key for r in keyed])])
                seen = {(s.actor, s.key): s for s in map(Seen._make, await cursor.fetchall())}
        streams = {number: list(group) for number, group in groupby(rows, _number)}
        return [Loaded(streams.get(r.stream_id.int, ()), seen.get((r.actor, r.key))) for r in batch]

    async def _claimed_once(self, batch: list[Sequence[str]]) -> list[dict[str, UUID]]:
        async with self._reading.use() as connection:
            cursor = await connection.execute(CLAIMS, [[claim for claims in batch for claim in claims]])
            taken = dict(await cursor.fetchall())
        return [{claim: taken[claim] for claim in claims if claim in taken} for claims in batch]

    async def _draw(self, wanted: list[int]) -> list[list[int]]:
        async with self._reading.use() as connection:
            cursor = await connection.execute(BLOCKS, wanted)
            return [[int(number) for (number,) in await cursor.fetchall()]]


def _lost(error: Exception) -> bool:
    return passes(error) or isinstance(error, TimeoutError)


def _unavailable(cause: Exception) -> Unavailable:
    error = Unavailable("the database does not answer")
    error.__cause__ = cause
    return error


def _by_index(conninfo: str) -> str:
    """Plans of point lookups, made while the tables are still small, are kept when they have grown."""
    options = conninfo_to_dict(conninfo).get("options") or ""
    off = " ".join(f"-c enable_{way}=off" for way in ("seqscan", "hashjoin", "mergejoin"))
    return make_conninfo(
        conninfo, options=f"{options} {off} -c jit=off -c plan_cache_mode=force_generic_plan"
    )
