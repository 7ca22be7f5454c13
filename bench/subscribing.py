"""What the benchmarks of subscribers share: a service to follow, events at a rate, and clients that count."""

import asyncio
import contextlib
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import httpx

from bench.measuring import SCHEMA
from infra import access
from infra.database import connect, serving_conninfo
from infra.log import Append, Draft, Log
from infra.projector import prepare
from infra.vault import Vault

BODY = b'{"type":"complaint-classified","category":"billing","severity":"high","product":"credit-card"}'
MARK = b"\ndata: "
TICKS = os.sysconf("SC_CLK_TCK")
spawning = multiprocessing.get_context("spawn")


class Served(NamedTuple):
    """A process that serves the feed of a database."""

    port: int
    key: str
    pid: int

    def cpu_seconds(self) -> float:
        """Seconds of a core that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def headers(self) -> dict[str, str]:
        """What opens it."""
        return {"Authorization": f"Bearer {self.key}"}


@contextlib.contextmanager
def served(url: str, *command: str) -> Iterator[Served]:
    """A serving process over a database: the API, or another command that takes a port."""
    key = asyncio.run(_key(url))
    with tempfile.TemporaryDirectory() as home, socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
        probe.close()
        environ = os.environ | {
            "OUVIDORIA_HOME": home, "OUVIDORIA_DATABASE_URL": url, "OUVIDORIA_PORT": str(port),
            "OUVIDORIA_LOG_LEVEL": "warning", "OUVIDORIA_PARENT_FD": "",
        }  # fmt: skip
        arguments = [sys.executable, "-m", *(command or ("api.cli", "api"))]
        process = subprocess.Popen(arguments, env=environ)
        try:
            _wait_for(port)
            yield Served(port, key, process.pid)
        finally:
            process.terminate()
            process.wait()


def conninfo(url: str) -> str:
    """How the service connects."""
    return serving_conninfo(url, SCHEMA)


async def _key(url: str) -> str:
    async with await connect(conninfo(url)) as connection:
        await prepare(connection, [])
        return (await access.create(connection, "bench", ["integrator"]))[1]


def _wait_for(port: int) -> None:
    while True:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/health/live")
            return
        time.sleep(0.1)


def request(events: int = 1) -> Append:
    """One command: a new stream of so many events."""
    key = uuid4().hex
    return Append(
        stream_id=uuid4(), kind="complaint", expected=0, actor="bench", key=key, digest=key.encode(),
        events=[Draft("complaint-classified", datetime.now(UTC), BODY)] * events, correlation="bench",
        wrapped_key=bytes(60),
    )  # fmt: skip


@contextlib.asynccontextmanager
async def appending(url: str) -> Any:
    """The log, to append to."""
    log = Log(conninfo(url), Vault(bytes(32)))
    try:
        yield log
    finally:
        await log.close()


async def at_rate(rate: int, seconds: float, act: Callable[[], Awaitable[Any]]) -> int:
    """Act so often a second, whether the last time is over or not; how often it was."""
    started = time.monotonic()
    acts: list[asyncio.Future[Any]] = []
    while (passed := time.monotonic() - started) < seconds:
        while len(acts) < passed * rate:
            acts.append(asyncio.ensure_future(act()))
        await asyncio.sleep(0.001)
    await asyncio.gather(*acts)
    return len(acts)


async def fill(url: str, events: int) -> None:
    """Append so many events."""
    async with appending(url) as log:
        for _ in range(0, events, 10_000):
            await asyncio.gather(*(log.append(request(20)) for _ in range(min(events, 10_000) // 20)))


class Counting(asyncio.Protocol):
    """A client of a stream that counts events and looks no further."""

    def __init__(self, asks: bytes) -> None:
        self._asks = asks
        self._tail = b""
        self.count = 0

    def connection_made(self, transport: Any) -> None:
        """Ask."""
        transport.write(self._asks)

    def data_received(self, data: bytes) -> None:
        """Count."""
        seen = self._tail + data
        self.count += seen.count(MARK)
        self._tail = seen[-len(MARK) + 1 :]


class Signals(NamedTuple):
    """Between the process that measures and that of the clients."""

    ready: Any
    stop: Any
    counts: Any

    @classmethod
    def new(cls) -> "Signals":
        """Fresh ones."""
        return cls(spawning.Event(), spawning.Event(), spawning.Queue())


async def _count(service: Served, path: str, many: int, signals: Signals) -> Sequence[int]:
    asks = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.key}\r\n\r\n".encode()
    clients = [Counting(asks) for _ in range(many)]
    for client in clients:
        connect_to = partial(asyncio.get_running_loop().create_connection, host="127.0.0.1")
        await connect_to(lambda client=client: client, port=service.port)
    await asyncio.sleep(2)
    signals.ready.set()
    await asyncio.to_thread(signals.stop.wait)
    return [client.count for client in clients]


def counting(service: Served, path: str, many: int, signals: Signals) -> None:
    """A process of clients: says when it is ready, counts until told to stop."""
    signals.counts.put(asyncio.run(_count(service, path, many, signals)))
