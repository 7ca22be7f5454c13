"""Latency of a command, and from its answer to every view, at shares of the service's maximal rate."""

import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import uvloop
from rich.table import Table

from api.parts import VIEWS
from bench.http import registrations
from bench.load import load, spawning
from bench.measuring import SCHEMA, Ratio, console, report
from infra.database import connect, owner_conninfo
from infra.embedded import url

RUNS, SHARES, SECONDS, CONNECTIONS = 3, (0.1, 0.5, 0.9), 5.0, 64
VISIBLE = f"SELECT min(position) FROM {SCHEMA}_views.checkpoints WHERE follower = ANY(%s)"  # noqa: S608 - constants
FOLLOWERS = [view.follower for view in VIEWS]


class Taken(NamedTuple):
    """Seconds from when a command was due to its answer, and from the answer to the last view."""

    answered: Sequence[float]
    visible: Sequence[float]


class Sender(asyncio.Protocol):
    """A connection that is free or waits for one answer."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[bytes] | None = None
        self._data = b""

    def connection_made(self, transport: Any) -> None:
        """Ready."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """The answers here are small: they are complete with their last brace."""
        self._data += data
        if self._data.endswith(b"}") and self._answer is not None:
            self._answer.set_result(self._data)
            self._data = b""

    async def send(self, request: bytes) -> int:
        """The position that the answer tells."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        answer = await self._answer
        assert answer[9:10] == b"2", answer
        return int(answer.partition(b"log-position: ")[2].partition(b"\r\n")[0])


async def _send(port: int, requests: list[bytes], rate: float, conninfo: str) -> Taken:
    """Open loop: each request is sent when it is due, however long the ones before take."""
    loop = asyncio.get_running_loop()
    free: asyncio.Queue[Sender] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait((await loop.create_connection(Sender, "127.0.0.1", port))[1])
    answered: list[float] = []
    at: dict[int, float] = {}

    async def one(request: bytes, due: float) -> None:
        sender = await free.get()
        position = await sender.send(request)
        at[position] = time.perf_counter()
        answered.append(at[position] - due)
        free.put_nowait(sender)

    visible: list[float] = []
    done = asyncio.Event()
    async with await connect(conninfo) as connection:
        await connection.execute(VISIBLE, [FOLLOWERS])
        watching = asyncio.create_task(_watch(connection, at, visible, done))
        started = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number, request in enumerate(requests):
                due = started + number / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                tasks.create_task(one(request, due))
        done.set()
        await watching
    return Taken(answered, visible)


async def _watch(
    connection: psycopg.AsyncConnection[Any], at: dict[int, float], visible: list[float], done: asyncio.Event
) -> None:
    """Look every two milliseconds how far the last view is."""
    while at or not done.is_set():
        (reached,) = await (await connection.execute(VISIBLE, [FOLLOWERS])).fetchone() or (0,)
        now = time.perf_counter()
        visible.extend(now - at.pop(position) for position in [each for each in at if each <= reached])
        await asyncio.sleep(0.002)


def _in_process(port: int, requests: list[bytes], rate: float, conninfo: str, taken: Any) -> None:
    taken.put(uvloop.run(_send(port, requests, rate, conninfo)))


def at_rate(port: int, requests: list[bytes], rate: float, conninfo: str) -> Taken:
    """Send at this rate, from a process of its own."""
    taken = spawning.Queue()
    process = spawning.Process(target=_in_process, args=(port, requests, rate, conninfo, taken))
    process.start()
    found: Taken = taken.get()
    process.join()
    return found


@contextmanager
def running() -> Iterator[tuple[int, str, Path]]:
    """Port, development key and home of a service as `make run` starts it."""
    with tempfile.TemporaryDirectory(prefix="ouvidoria-bench-") as folder:
        home = Path(folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "run"],
            env={**os.environ, "OUVIDORIA_HOME": folder, "OUVIDORIA_PORT": str(port)},
            stderr=subprocess.DEVNULL,
        )
        try:
            _until_ready(process, port)
            yield port, json.loads((home / "dev-keys.json").read_text())["analyst"], home
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _until_ready(process: "subprocess.Popen[bytes]", port: int) -> None:
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5):
                return
        except OSError:
            assert process.poll() is None, "the service ended"
            time.sleep(0.2)


def main() -> None:
    """Find the maximal rate, then measure below it, in turns."""
    with running() as (port, bearer, home):
        conninfo = owner_conninfo(url(home), SCHEMA)
        load(port, registrations(bearer), CONNECTIONS)
        most = statistics.median(load(port, registrations(bearer), CONNECTIONS).rate for _ in range(RUNS))

        def measured(share: float) -> list[float]:
            requests = registrations(bearer, int(share * most * SECONDS))
            return _milliseconds(at_rate(port, requests, share * most, conninfo))

        runs = [[measured(share) for share in SHARES] for _ in range(RUNS)]
    medians = [[statistics.median(each) for each in zip(*of, strict=True)] for of in zip(*runs, strict=True)]
    table = Table("share", "commands/s", *(f"{what} {q} ms" for what in KINDS for q in QUANTILES))
    for share, found in zip(SHARES, medians, strict=True):
        table.add_row(f"{share:.0%}", f"{share * most:,.0f}", *(f"{value:.1f}" for value in found))
    console.print(
        f"Register, API and worker running; maximal rate {most:,.0f}/s at {CONNECTIONS} connections; "
        f"medians of {RUNS}"
    )
    console.print(table)
    half = medians[SHARES.index(0.5)][len(QUANTILES) :]
    limits = zip(QUANTILES, half, LIMITS, strict=False)
    report(
        "From the answer to all views, at half of the maximal rate",
        [Ratio(quantile, ms, "limit", limit, "ms", 1, at_most=True) for quantile, ms, limit in limits],
    )


KINDS, QUANTILES = ("answer", "all views"), ("p50", "p99", "max")
LIMITS = (15.0, 60.0)


def _milliseconds(taken: Taken) -> list[float]:
    return [value for seconds in taken for value in _quantiles(seconds)]


def _quantiles(seconds: Sequence[float]) -> list[float]:
    ordered = sorted(seconds)
    return [1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.99, 1.0)]
