"""Deliveries when processes die: nothing is lost, and every complaint's events come in their order."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from tests.infra.followers import terminate
from tests.infra.logs import ask, until
from tests.infra.webhooks import Office, office
from tests.infra.worker_process import worker
from tests.receiver import Received, Receiver, receiving

pytestmark = pytest.mark.anyio

LEADER = """SELECT a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
             WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
               AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended('ouvidoria webhooks', 1)"""
SEED = int(os.environ.get("FAULT_SEED", "1"))


def unsteady(receiver: Receiver, chance: random.Random) -> None:
    """The receiver fails now and then, answers slowly now and then, and asks to be tried again soon."""

    async def answer(_request: web.Request, _received: Received) -> web.StreamResponse:
        await asyncio.sleep(chance.choice((0, 0, 0.001, 0.02)))
        failed = chance.random() < 0.1
        return web.Response(status=503 if failed else 200, headers={"Retry-After": "1"} if failed else {})

    receiver.answer = answer


async def write(at: Office, chance: random.Random, complaints: int, notes: int) -> None:
    """Complaints, and notes on them in any order."""
    made = [await at.complaint() for _ in range(complaints)]
    for n in range(notes):
        await at.note(chance.choice(made), f"note {n}")


def check(receiver: Receiver, first: int, last: int) -> None:
    """Everything arrived, and the first arrivals of each complaint's events were in order."""
    assert sorted(receiver.positions()) == list(range(first, last + 1))
    arrived: dict[str, list[int]] = {}
    for received in receiver.taken:
        if received.position not in arrived.setdefault(received.subject, []):
            arrived[received.subject].append(received.position)
    assert all(positions == sorted(positions) for positions in arrived.values())
    spans = sorted({(r.position, int(r.event["coversfrom"])) for r in receiver.taken})
    assert [n for end, start in spans for n in range(start, end + 1)] == list(range(first, last + 1))


async def head(at: Office) -> int:
    return int((await ask(at.database, "SELECT max(position) FROM events"))[0][0])


@asynccontextmanager
async def leaping(at: Office, seed: int) -> AsyncIterator[None]:
    """The clock leaps meanwhile."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret

    async def leap() -> None:
        while True:
            await asyncio.sleep(0.05)
            at.clock.put_on(seconds=chance.choice((0, 1, 5, 60)))

    leaps = asyncio.create_task(leap())
    try:
        yield
    finally:
        leaps.cancel()


async def leader(database: str) -> list[int]:
    return [pid for (pid,) in await ask(database, LEADER)]


async def test_nothing_is_lost_when_workers_are_killed_again_and_again(database: str, tmp_path: Path) -> None:
    """Two workers at once; one after the other is killed with -9 while events are written and delivered."""
    chance = random.Random(SEED)  # noqa: S311 - repeatable, not secret
    with receiving() as receiver:
        unsteady(receiver, chance)
        async with office(database) as at:
            webhook_id = await at.webhook(receiver.url)
            writing = asyncio.create_task(write(at, chance, complaints=20, notes=400))
            with worker(database, tmp_path) as one, worker(database, tmp_path):
                await until_taken(receiver, 40)
                one.kill()
                await until_taken(receiver, len(receiver.taken) + 40)
            for _ in range(2):
                with worker(database, tmp_path):
                    await until_taken(receiver, min(len(receiver.taken) + 60, 350))
            await writing
            with worker(database, tmp_path):
                # What was under way in a killed one is sent again after a minute.
                await at.until_settled(webhook_id, seconds=240)
            check(receiver, 2, await head(at))


async def until_taken(receiver: Receiver, many: int) -> None:
    async def enough() -> bool:
        return len(receiver.taken) >= many

    await until(enough)


async def until_led(database: str) -> list[int]:
    """Return once somebody delivers; who."""
    found: list[int] = []

    async def led() -> bool:
        found[:] = await leader(database)
        return bool(found)

    await until(led)
    return found


async def test_a_deliverer_whose_connection_is_cut_goes_on_where_it_was(database: str) -> None:
    chance = random.Random(SEED)  # noqa: S311 - repeatable, not secret
    with receiving() as receiver:
        unsteady(receiver, chance)
        async with office(database) as at, at.delivering(), at.delivering(), leaping(at, SEED):
            webhook_id = await at.webhook(receiver.url)
            writing = asyncio.create_task(write(at, chance, complaints=10, notes=200))
            for many in (30, 80, 130):
                await until_taken(receiver, many)
                await terminate(database, await until_led(database))
            await writing
            await at.until_settled(webhook_id)
            check(receiver, 2, await head(at))


async def test_a_deliverer_that_hangs_is_replaced(database: str, tmp_path: Path) -> None:
    with receiving() as receiver:
        async with office(database) as at:
            await at.webhook(receiver.url)
            with worker(database, tmp_path) as hanging:
                await until_led(database)
                os.kill(hanging.pid, signal.SIGSTOP)
                made = await at.complaint()
                async with at.delivering():
                    await until_taken(receiver, 1)
                    os.kill(hanging.pid, signal.SIGCONT)
                    await at.note(made, "it goes on")
                    await until_taken(receiver, 2)
            check(receiver, 2, await head(at))


@pytest.mark.parametrize("seed", range(SEED, SEED + 3))
async def test_whatever_fails_whenever_the_order_of_each_complaint_stays(database: str, seed: int) -> None:
    """Two webhooks with receivers that fail at random, and a clock that leaps."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    with receiving() as one, receiving() as other:
        for receiver in (one, other):
            unsteady(receiver, random.Random(seed))  # noqa: S311 - repeatable, not secret
        async with office(database) as at, at.delivering(), leaping(at, seed):
            first, second = await at.webhook(one.url), await at.webhook(other.url)
            writing = asyncio.create_task(write(at, chance, complaints=15, notes=150))
            await writing
            for webhook_id in (first, second):
                await at.until_settled(webhook_id)
            check(one, 2, await head(at))
            check(other, 3, await head(at))
