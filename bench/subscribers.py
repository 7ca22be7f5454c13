"""From commit to subscriber, in milliseconds, at 200 commands a second: long poll and stream."""

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import aiohttp

from bench.measuring import Ratio, database, report
from bench.subscribing import Served, Signals, appending, at_rate, request, served, spawning

RATE, SECONDS, RUNS = 200, 5.0, 3
PAUSE_SECONDS = 1.0

Note = Callable[[dict[str, Any]], None]
Follow = Callable[[aiohttp.ClientSession, int, Note], Awaitable[None]]


async def by_long_poll(client: aiohttp.ClientSession, after: int, note: Note) -> None:
    """Follow the feed."""
    while True:
        async with client.get("/v1/events", params={"after": after, "limit": 1000, "wait": 30}) as answer:
            page = await answer.json()
        for event in page["events"]:
            note(event)
        after = page["next"]


async def by_stream(client: aiohttp.ClientSession, after: int, note: Note) -> None:
    """Follow the stream."""
    async with client.get("/v1/events/stream", params={"after": after}, timeout=None) as answer:
        async for line in answer.content:
            if line.startswith(b"data: "):
                note(json.loads(line[6:]))


WAYS: dict[str, Follow] = {"long poll": by_long_poll, "stream": by_stream}


async def _follow(service: Served, way: str, after: int, signals: Signals) -> Sequence[float]:
    """Milliseconds from the time under which an event was recorded until it was here."""
    passed: list[float] = []

    def note(event: dict[str, Any]) -> None:
        passed.append(1000 * (time.time() - datetime.fromisoformat(event["recordedtime"]).timestamp()))

    base = f"http://127.0.0.1:{service.port}"
    async with aiohttp.ClientSession(base, headers=service.headers()) as client:
        following = asyncio.ensure_future(WAYS[way](client, after, note))
        await asyncio.sleep(PAUSE_SECONDS)
        signals.ready.set()
        await asyncio.to_thread(signals.stop.wait)
        following.cancel()
    return passed


def subscribing(service: Served, way: str, after: int, signals: Signals) -> None:
    """The subscriber's process."""
    signals.counts.put(asyncio.run(_follow(service, way, after, signals)))


def measure(url: str, service: Served, way: str) -> Sequence[float]:
    """Latencies of one run, in milliseconds, in ascending order."""
    signals = Signals.new()
    after = asyncio.run(_append(url, 1, 0.001))
    subscriber = spawning.Process(target=subscribing, args=(service, way, after, signals))
    subscriber.start()
    signals.ready.wait()
    head = asyncio.run(_append(url, RATE, SECONDS))
    time.sleep(PAUSE_SECONDS)
    signals.stop.set()
    found: Sequence[float] = signals.counts.get()
    subscriber.join()
    assert len(found) == head - after, f"{len(found)} of {head - after} events came"
    return sorted(found)


async def _append(url: str, rate: int, seconds: float) -> int:
    """Append at a rate; gives the last position."""
    async with appending(url) as log:
        await at_rate(rate, seconds, lambda: log.append(request()))
        return int((await log.append(request())).first_position)


def main() -> None:
    """Measure and report."""
    rows = []
    with database() as url, served(url) as service:
        for way in WAYS:
            runs = [measure(url, service, way) for _ in range(RUNS)]
            for share, aim in ((0.5, 1.0), (0.99, 1.0)):
                middle = statistics.median(run[int(share * len(run))] for run in runs)
                what = f"{way}, p{100 * share:.0f}"
                rows.append(Ratio(what, middle, "what is promised", 50.0, "ms", aim, at_most=True))
    report(f"From commit to subscriber at {RATE} commands/s", rows)
