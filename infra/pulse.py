"""Signs of life over connections that hold what others wait for: a process that hangs gives none."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from infra.database import LOST

PULSE_SECONDS = 1.0
RESTING = (TransactionStatus.IDLE, TransactionStatus.INTRANS)

Connection = psycopg.AsyncConnection[Any]


@contextlib.asynccontextmanager
async def pulsing(*connections: Connection) -> AsyncIterator[None]:
    """Mortal connections live on meanwhile, however little is asked of them, as long as this process runs."""
    beating = asyncio.create_task(_beat(connections))
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.wait([beating])


async def _beat(connections: Sequence[Connection]) -> None:
    while True:
        await asyncio.sleep(PULSE_SECONDS)
        for connection in filter(_rests, connections):
            # Who works over a connection that is lost finds out by itself.
            with contextlib.suppress(*LOST):
                await connection.execute("SELECT")


def _rests(connection: Connection) -> bool:
    """Whether nobody is in the middle of a statement or a COPY over it."""
    free = not (connection.closed or connection.lock.locked())
    return free and connection.info.transaction_status in RESTING
