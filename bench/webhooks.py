"""Webhooks: what they cost those who append, how fast events go out, and how soon after the commit."""

import asyncio
import base64
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import uvloop

from bench.measuring import SCHEMA, Ratio, console, database, report
from domain.addresses import parsed_networks
from domain.complaint import COMPLAINT
from domain.complaint.commands import Register
from domain.webhook import WEBHOOK
from domain.webhook.commands import CreateWebhook, DeleteWebhook, Replay
from infra.commands import Caller, Commands
from infra.database import connect, serving_conninfo
from infra.log import Log
from infra.vault import Vault
from infra.webhooks import Message, Policy, Sender

MASTER = bytes(32)
RATE = 200
SECONDS = 4.0
RUNS = 3
BACKLOG = 2_000
WEBHOOKS = 10
RARE = ("complaint-reopened",)
REGISTER = Register(subject="Charged twice", description="Invoice 4471 was charged twice.", channel="web")
CALLER = Caller(actor="bench", correlation="bench")
SETTLED = """SELECT count(*) = %s AND bool_and(s.position = (SELECT max(position) FROM events))
               FROM webhook_standings s WHERE s.webhook_id = ANY(%s)"""


class Receiving(NamedTuple):
    """The receiver's process, and where it listens."""

    process: "subprocess.Popen[str]"
    port: int

    @property
    def url(self) -> str:
        """Where webhooks lead."""
        return f"http://127.0.0.1:{self.port}/hook"

    def came(self) -> list[tuple[int, float]]:
        """Positions and times of what came since this was last asked."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return [(position, at) for position, at in json.loads(self.process.stdout.readline())]


@contextmanager
def receiving() -> Iterator[Receiving]:
    """A receiver in a process of its own."""
    command = [sys.executable, "-m", "bench.receiving"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Receiving(process, int(process.stdout.readline()))
        finally:
            process.kill()


@contextmanager
def worker(url: str) -> Iterator[None]:
    """The worker in a process of its own."""
    with tempfile.TemporaryDirectory() as home:
        environ = os.environ | {
            "OUVIDORIA_HOME": home,
            "OUVIDORIA_DATABASE_URL": url,
            "OUVIDORIA_MASTER_KEY": base64.b64encode(MASTER).decode(),
            "OUVIDORIA_WEBHOOK_HTTP": "true",
            "OUVIDORIA_WEBHOOK_NETWORKS": "127.0.0.0/8",
            "OUVIDORIA_LOG_LEVEL": "warning",
        }
        command = [sys.executable, "-m", "api.cli", "worker"]
        with subprocess.Popen(command, env=environ) as process:
            try:
                yield
            finally:
                process.terminate()


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Commands]:
    """The way in."""
    log = Log(serving_conninfo(url, SCHEMA), Vault(MASTER))
    try:
        yield Commands(log)
    finally:
        await log.close()


async def subscribed(commands: Commands, url: str, many: int, types: tuple[str, ...] = ()) -> list[UUID]:
    """So many webhooks, which all lead to one receiver."""
    wanted = CreateWebhook(url=url, types=types)
    made = await asyncio.gather(*(commands.create(WEBHOOK, CALLER, wanted) for _ in range(many)))
    return [outcome.stream_id for outcome in made]


async def ended(commands: Commands, webhooks: list[UUID]) -> None:
    """The webhooks are deleted, and that is known."""
    await asyncio.gather(
        *(commands.execute(WEBHOOK, webhook_id, CALLER, DeleteWebhook()) for webhook_id in webhooks)
    )
    await asyncio.sleep(1)


async def until_settled(url: str, webhooks: list[UUID]) -> None:
    """Return once all webhooks have looked through the log."""
    async with await connect(serving_conninfo(url, SCHEMA)) as connection:
        while True:
            row = await (await connection.execute(SETTLED, [len(webhooks), webhooks])).fetchone()
            if row and row[0]:
                return
            await asyncio.sleep(0.02)


async def appending(commands: Commands) -> tuple[list[float], dict[int, float]]:
    """`RATE` commands a second: how many milliseconds each took, when which position was committed."""
    taken: list[float] = []
    committed: dict[int, float] = {}

    async def one() -> None:
        started = time.perf_counter()
        outcome = await commands.create(COMPLAINT, CALLER, REGISTER)
        committed[outcome.position] = time.time()
        taken.append((time.perf_counter() - started) * 1000)

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for n in range(int(RATE * SECONDS)):
            await asyncio.sleep(max(0.0, begun + n / RATE - time.perf_counter()))
            tasks.create_task(one())
    return taken, committed


async def cost(commands: Commands, receiver: Receiving) -> list[Ratio]:
    """The median time of an append with webhooks, against that without any, measured in turns."""
    cases: list[tuple[int, tuple[str, ...]]] = [(0, ()), (1, ()), (10, ()), (10, RARE), (100, RARE)]
    medians: list[list[float]] = [[] for _ in cases]
    for _ in range(RUNS):
        for n, (many, types) in enumerate(cases):
            webhooks = await subscribed(commands, receiver.url, many, types)
            await asyncio.sleep(1)
            medians[n].append(statistics.median((await appending(commands))[0]))
            await ended(commands, webhooks)
    receiver.came()
    without = statistics.median(medians[0])
    return [
        Ratio(
            f"append at {RATE}/s, {many} webhooks that get {'nothing' if types else 'everything'}",
            statistics.median(found),
            "no webhook",
            without,
            "ms",
            1.1,
            at_most=True,
        )
        for (many, types), found in zip(cases[1:], medians[1:], strict=True)
    ]


async def latency(url: str, commands: Commands, receiver: Receiving) -> list[Ratio]:
    """From the commit to the receiver, against the time of the command itself."""
    webhooks = await subscribed(commands, receiver.url, 1)
    await asyncio.sleep(1)
    receiver.came()
    found = [await _latencies(url, commands, receiver, webhooks) for _ in range(RUNS)]
    await ended(commands, webhooks)
    return [
        Ratio(
            f"commit to receipt at {RATE}/s, {name}",
            statistics.median(ours[n] for ours, _ in found),
            "the command itself",
            statistics.median(theirs[n] for _, theirs in found),
            "ms",
        )
        for n, name in enumerate(("p50", "p99"))
    ]


async def _latencies(
    url: str, commands: Commands, receiver: Receiving, webhooks: list[UUID]
) -> tuple[list[float], list[float]]:
    taken, committed = await appending(commands)
    await until_settled(url, webhooks)
    ours = [(at - committed[position]) * 1000 for position, at in receiver.came() if position in committed]
    return _percentiles(ours), _percentiles(taken)


def _percentiles(found: list[float]) -> list[float]:
    cuts = statistics.quantiles(found, n=100)
    return [cuts[49], cuts[98]]


async def speed(url: str, commands: Commands, receiver: Receiving) -> Ratio:
    """Deliveries a second to webhooks that are behind, against the same client sending the same alone."""
    webhooks = await subscribed(commands, receiver.url, WEBHOOKS)
    start = (await commands.create(COMPLAINT, CALLER, REGISTER)).position
    for _ in range(BACKLOG // 100):
        await asyncio.gather(*(commands.create(COMPLAINT, CALLER, REGISTER) for _ in range(100)))
    await until_settled(url, webhooks)
    receiver.came()
    ours = [await _replayed(url, commands, receiver, webhooks, start) for _ in range(RUNS)]
    theirs = [await bare(receiver) for _ in range(RUNS)]
    await ended(commands, webhooks)
    return Ratio(
        f"deliveries to {WEBHOOKS} webhooks that are behind",
        statistics.median(ours),
        "aiohttp alone, one process",
        statistics.median(theirs),
        "/s",
        0.5,
    )


async def _replayed(
    url: str, commands: Commands, receiver: Receiving, webhooks: list[UUID], start: int
) -> float:
    for webhook_id in webhooks:
        await commands.execute(WEBHOOK, webhook_id, CALLER, Replay(from_position=start))
    await asyncio.sleep(0.1)
    await until_settled(url, webhooks)
    times = sorted(at for _, at in receiver.came())
    return len(times) / (times[-1] - times[0])


async def bare(receiver: Receiving) -> float:
    """Requests a second of the client alone: signed, but read from no log and kept in no table."""
    policy = Policy(http=True, networks=parsed_networks("127.0.0.0/8"))
    body = b'{"sequence":"1"}' + b" " * 600
    message = Message(url=receiver.url, message_id="a/1", body=body, secrets=[MASTER])
    many, at_once = BACKLOG * 5, WEBHOOKS * 16
    async with Sender(policy) as sender:

        async def send() -> None:
            for _ in range(many // at_once):
                await sender.send(message, datetime.now(UTC))

        started = time.perf_counter()
        await asyncio.gather(*(send() for _ in range(at_once)))
        taken = time.perf_counter() - started
    receiver.came()
    return many // at_once * at_once / taken


async def measured(url: str, receiver: Receiving) -> list[Ratio]:
    """All comparisons."""
    async with opened(url) as commands:
        first = await subscribed(commands, receiver.url, 1)
        await until_settled(url, first)  # the worker is up
        await ended(commands, first)
        rows = await cost(commands, receiver)
        rows += await latency(url, commands, receiver)
        return [*rows, await speed(url, commands, receiver)]


def main() -> None:
    """Run the benchmark."""
    with database() as url, receiving() as receiver, worker(url):
        report("Webhooks", uvloop.run(measured(url, receiver)))
    console.print("All processes share the machine with PostgreSQL and the receiver.")
