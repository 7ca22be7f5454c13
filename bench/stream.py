"""Streams: events delivered to 500 clients and the cores they cost, against a queue a client."""

import asyncio
import statistics
import time
from typing import NamedTuple

from bench.measuring import Ratio, database, interleaved, report
from bench.subscribing import Served, Signals, appending, at_rate, counting, request, served, spawning

CLIENTS, RATE, SECONDS, RUNS = 500, 100, 6.0, 3


class Measured(NamedTuple):
    """What one run delivered, of what was due, at which cost."""

    delivered: float
    due: float
    cores: float

    @property
    def cost(self) -> float:
        """Microseconds of a core a delivery."""
        return 1e6 * self.cores / self.delivered


def measure(url: str, service: Served) -> Measured:
    """Deliver events at a rate to all the clients."""
    signals = Signals.new()
    path = f"/v1/events/stream?after={asyncio.run(_head(url))}"
    clients = spawning.Process(target=counting, args=(service, path, CLIENTS, signals))
    clients.start()
    signals.ready.wait()
    used, started = service.cpu_seconds(), time.monotonic()
    sent = asyncio.run(_append(url))
    time.sleep(0.5)
    cores = (service.cpu_seconds() - used) / (time.monotonic() - started)
    signals.stop.set()
    received = sum(signals.counts.get())
    clients.join()
    return Measured(received / SECONDS, sent * CLIENTS / SECONDS, cores)


async def _append(url: str) -> int:
    async with appending(url) as log:
        return await at_rate(RATE, SECONDS, lambda: log.append(request()))


async def _head(url: str) -> int:
    async with appending(url) as log:
        done = await log.append(request())
        return int(done.first_position)


def main() -> None:
    """Measure and report."""
    runs: dict[str, list[Measured]] = {"ours": [], "theirs": []}

    def taken(name: str, url: str, service: Served) -> float:
        runs[name].append(measure(url, service))
        return runs[name][-1].cost

    with database() as url, served(url) as ours, served(url, "bench.queueing") as theirs:
        costs = interleaved(RUNS, lambda: taken("ours", url, ours), lambda: taken("theirs", url, theirs))
    middle = sorted(runs["ours"])[RUNS // 2]
    cores = statistics.median(run.cores for run in runs["ours"])
    report(
        f"Streams: {CLIENTS} clients, {RATE} events/s",
        [
            Ratio("delivered", middle.delivered, "due", middle.due, "events/s", 0.99),
            Ratio("cores used", cores, "a core", 1.0, "cores", 0.25, at_most=True),
            Ratio("a delivery", costs[0], "a queue a client", costs[1], "µs of a core", 0.5, at_most=True),
        ],
    )
