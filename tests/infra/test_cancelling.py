"""Who is cancelled ends, also where what was waited for comes in that very moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from api.reading import Pool
from infra.broker.jetstream import refusals
from tests.infra.logs import serving

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def pool_of_one(database: str) -> AsyncIterator[Pool]:
    async with Pool(serving(database), min_size=1, max_size=1, open=False) as pool:
        yield pool


@pytest.mark.parametrize("turns", range(8))
async def test_who_waits_for_a_connection_of_the_pool(database: str, turns: int) -> None:
    async with pool_of_one(database) as pool:
        taken = await pool.getconn()

        async def hold() -> None:
            async with pool.connection():
                await asyncio.Event().wait()

        holding = asyncio.create_task(hold())
        await asyncio.sleep(0.05)
        await pool.putconn(taken)
        for _ in range(turns):
            await asyncio.sleep(0)
        holding.cancel()
        await asyncio.wait([holding], timeout=10)
        assert holding.cancelled()
        async with pool.connection() as connection:  # it came back
            await connection.execute("SELECT 1")


async def test_who_waits_for_the_broker() -> None:
    answer = asyncio.get_running_loop().create_future()
    told: list[object] = []

    async def ask() -> None:
        with refusals():
            told.append(await asyncio.wait_for(answer, 60))  # as the client of NATS does
        told.append("went on")

    asking = asyncio.create_task(ask())
    await asyncio.sleep(0.05)
    answer.set_result("answer")
    asking.cancel()
    await asyncio.wait([asking])
    assert asking.cancelled()
    assert "went on" not in told
