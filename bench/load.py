"""The load generator: keep-alive connections in a process of its own, as cheap as Python allows."""

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import uvloop

spawning = multiprocessing.get_context("spawn")


class Load(NamedTuple):
    """What a load met: answers a second, and seconds from a request to its answer."""

    rate: float
    seconds: Sequence[float]

    def quantile(self, share: float) -> float:
        """Milliseconds within which this share of the answers came."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def middle(loads: Sequence[Load]) -> Load:
    """The load of median rate."""
    return sorted(loads, key=lambda load: load.rate)[len(loads) // 2]


class Connection(asyncio.Protocol):
    """Sends one request after another, each when the answer to the one before is complete."""

    def __init__(self, left: list[bytes], seconds: list[float], done: asyncio.Future[None]) -> None:
        self._left, self._seconds, self._done = left, seconds, done
        self._answer = b""
        self._wanted = 0

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer."""
        self._answer += data
        if not self._wanted:
            head, found, _ = self._answer.partition(b"\r\n\r\n")
            if not found:
                return
            assert head[9:10] == b"2", self._answer
            lengths = head.lower().partition(b"\r\ncontent-length:")[2]
            self._wanted = len(head) + 4 + int(lengths.partition(b"\r\n")[0])
        if len(self._answer) >= self._wanted:
            self._seconds.append(time.perf_counter() - self._sent)
            self._answer, self._wanted = b"", 0
            self._next()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell a connection that ended too early."""
        if not self._done.done():
            self._done.set_exception(error or EOFError("the server closed the connection"))

    def _next(self) -> None:
        if self._left:
            self._sent = time.perf_counter()
            self._transport.write(self._left.pop())
        else:
            self._done.set_result(None)
            self._transport.close()


async def _run(port: int, requests: list[bytes], connections: int) -> Load:
    loop = asyncio.get_running_loop()
    seconds: list[float] = []
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(connections)]
    started = time.perf_counter()
    for end in ends:
        await loop.create_connection(lambda end=end: Connection(requests, seconds, end), "127.0.0.1", port)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    await asyncio.gather(*ends)
    return Load(len(seconds) / (time.perf_counter() - started), seconds)


def _in_process(port: int, requests: list[bytes], connections: int, loads: Any) -> None:
    try:
        loads.put(uvloop.run(_run(port, requests, connections)))
    except Exception as error:  # noqa: BLE001 - raised where the load was asked for
        loads.put(RuntimeError(f"{type(error).__name__}: {error}"))


def load(port: int, requests: list[bytes], connections: int) -> Load:
    """Send the requests over so many connections, each busy all the time."""
    loads = spawning.Queue()
    process = spawning.Process(target=_in_process, args=(port, requests, connections, loads))
    process.start()
    found: Load | RuntimeError = loads.get()
    process.join()
    if isinstance(found, RuntimeError):
        raise found
    return found


def get(path: str, **headers: str) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"GET {path} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def post(path: str, body: bytes, **headers: str) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", "content-type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body
