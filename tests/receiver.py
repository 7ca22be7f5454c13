"""A receiver of webhooks on a real socket, which answers as it is told."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from aiohttp import web


class Received(NamedTuple):
    """A request: its headers, its body as sent, and what the receiver answered."""

    headers: dict[str, str]
    body: bytes
    path: str

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def position(self) -> int:
        return int(self.event["sequence"])

    @property
    def subject(self) -> str:
        return str(self.event["subject"])


Answer = Callable[[web.Request, Received], Awaitable[web.StreamResponse]]


async def well(_request: web.Request, _received: Received) -> web.StreamResponse:
    return web.Response(status=204)


def answering(status: int, text: str = "", **headers: str) -> Answer:
    async def answer(_request: web.Request, _received: Received) -> web.StreamResponse:
        return web.Response(status=status, text=text, headers=headers)

    return answer


def failing(wanted: Callable[[Received], bool], status: int = 500, **headers: str) -> Answer:
    """Fails on some events and takes the others."""

    async def answer(_request: web.Request, received: Received) -> web.StreamResponse:
        return web.Response(status=status if wanted(received) else 204, headers=headers)

    return answer


def of_stream(stream_id: UUID) -> Callable[[Received], bool]:
    return lambda received: received.subject == str(stream_id)


class Receiver:
    """What it was sent, in the order in which it came, and what of that it took (2xx)."""

    def __init__(self, answer: Answer = well) -> None:
        self.answer = answer
        self.received: list[Received] = []
        self.taken: list[Received] = []
        self.under_way = 0
        self.most_under_way = 0
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._serve()])

    @property
    def port(self) -> int:
        return int(urlsplit(self.url).port or 0)

    def positions(self) -> list[int]:
        """The positions of what it took, the first time each."""
        return list(dict.fromkeys(received.position for received in self.taken))

    def start(self, port: int = 0) -> None:
        self._port = port
        self._thread.start()
        assert self._up.wait(30)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        assert not self._thread.is_alive()
        self._loop.close()

    async def _serve(self) -> None:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._up.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            received = Received(dict(request.headers), await request.read(), request.path_qs)
            self.received.append(received)
            response = await self.answer(request, received)
            if 200 <= response.status < 300:
                self.taken.append(received)
            return response
        finally:
            self.under_way -= 1


@contextmanager
def receiving(answer: Answer = well, port: int = 0) -> Iterator[Receiver]:
    receiver = Receiver(answer)
    receiver.start(port)
    try:
        yield receiver
    finally:
        receiver.stop()
