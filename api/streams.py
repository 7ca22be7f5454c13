"""Streams of server-sent events: one a client, fed from the hub; a client stuck or locked out is cut off."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from litestar import Request, Response
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from api.auth import Authenticator
from api.problems import Unauthenticated
from api.reading import Reader
from infra import feed
from infra.batching import Overloaded
from infra.feed import Filter
from infra.hub import PASSING, Channel, Hub, Read, heartbeat

log = structlog.get_logger()

MEDIA_TYPE = "text/event-stream"
ACTION = "read feed"
RETRY_MS = 2_000
STUCK_SECONDS = 10.0
"""For how long a client may take nothing before it is cut off."""
LOOK_SECONDS = 0.5
CHECK_SECONDS = 2.0
LAST_WORD_SECONDS = 1.0

# `no-transform` and the other: proxies are to pass on each message as it comes.
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}


def following(reader: Reader) -> Read:
    """How the hub reads the log."""

    async def read(wanted: Filter, after: int, limit: int, until: int | None) -> feed.Stretch:
        return await reader.run(partial(feed.read, wanted=wanted, after=after, limit=limit, until=until))

    return read


class Client:
    """One stream: knows everything up to `position`, was told of events up to `told`."""

    def __init__(self, hub: Hub, wanted: Filter, start: int, authorization: str | None) -> None:
        self.authorization = authorization
        self.sending_since: float | None = None
        self._hub = hub
        self._wanted = wanted
        self._position = start
        self._told = start

    async def follow(self, send: Send) -> None:
        """Send what comes, for ever."""
        await self._say(send, b"retry: %d\nid: %d\n\n" % (RETRY_MS, self._position))
        async with self._hub.joined(self._wanted) as channel:
            while True:
                await self._catch_up(send)
                await self._go_along(channel, send)

    async def _catch_up(self, send: Send) -> None:
        """Read from the log itself, up to where the hub was when we began."""
        while (until := self._hub.position) < self._position:  # noqa: ASYNC110 - rare, and soon over
            await asyncio.sleep(0.005)
        while self._position < until:
            stretch = await self._hub.earlier(self._wanted, self._position, until)
            text = self._hub.messages(stretch, self._told) or heartbeat(stretch.covered)
            await self._say(send, text)
            self._position = stretch.covered
            self._told = stretch.rows[-1].position if stretch.rows else self._told

    async def _go_along(self, channel: Channel, send: Send) -> None:
        """Send what the channel has, until it has forgotten where we are."""
        number = channel.place(self._position)
        while number is not None and (pieces := channel.since(number)) is not None:
            grown = channel.grown
            for piece in pieces:
                await self._say(send, piece.text_for(self._told))
                self._position, self._told = piece.covered, piece.told
            number += len(pieces)
            if not pieces:
                await grown.wait()

    async def _say(self, send: Send, text: bytes) -> None:
        self.sending_since = time.monotonic()
        await send({"type": "http.response.body", "body": text, "more_body": True})
        self.sending_since = None


class Streams:
    """All streams of the process."""

    def __init__(self, hub: Hub, authenticator: Authenticator, *, most: int) -> None:
        self._hub = hub
        self._authenticator = authenticator
        self._most = most
        self._open: dict[Client, asyncio.Task[None]] = {}
        self._closed = False

    def opened(self, request: Request[Any, Any, Any], wanted: Filter, start: int) -> Response[None]:
        """The answer that is a stream from a position on.

        Raises:
            Overloaded: there are too many streams.
        """
        if request.scope["state"]["asked"] == "HEAD":
            return Response(None, media_type=MEDIA_TYPE, headers=HEADERS)
        if len(self._open) >= self._most or self._closed:
            raise Overloaded(f"{self._most} streams are open")
        authorization = request.headers.get("authorization")
        return _Stream(partial(self._serve, Client(self._hub, wanted, start, authorization)))

    async def run(self) -> None:
        """Watch over the streams for ever."""
        checked_at = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            stuck_since = time.monotonic() - STUCK_SECONDS
            self._end([c for c in self._open if c.sending_since and c.sending_since < stuck_since], "stuck")
            if time.monotonic() - checked_at > CHECK_SECONDS:
                self._end(await self._locked_out(), "locked-out")
                checked_at = time.monotonic()

    def close(self) -> None:
        """End all streams: the process is about to stop."""
        self._closed = True
        self._end(list(self._open), "closing")

    def _end(self, clients: list[Client], reason: str) -> None:
        for client in clients:
            self._open[client].cancel()
        if clients:
            log.info("streams-ended", reason=reason, streams=len(clients))

    async def _locked_out(self) -> list[Client]:
        """The clients whose key or token does not open any more."""
        opens = {header: await self._opens(header) for header in {c.authorization for c in self._open}}
        return [client for client in self._open if not opens.get(client.authorization, True)]

    async def _opens(self, authorization: str | None) -> bool:
        try:
            return (await self._authenticator.principal(authorization)).may(ACTION)
        except Unauthenticated:
            return False
        except PASSING:
            return True  # nobody can tell just now

    async def _serve(self, client: Client, scope: Scope, receive: Receive, send: Send) -> None:
        following = asyncio.create_task(client.follow(send))
        leaving = asyncio.create_task(_left(receive))
        self._open[client] = following
        try:
            await asyncio.wait([following, leaving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._open[client]
            failed, _ = await _ended(following, leaving)
        if isinstance(failed, PASSING):
            log.warning("stream-interrupted", error=type(failed).__name__)
        elif isinstance(failed, Exception):
            log.error("stream-failed", exc_info=failed)
        await _finish(send, scope["state"].get("abort"))


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _ended(*tasks: asyncio.Task[None]) -> list[BaseException | None]:
    """What they ended with, once they have; cancelled again where a wake-up swallowed the first one."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=LOOK_SECONDS)
    return await asyncio.gather(*tasks, return_exceptions=True)


async def _finish(send: Send, abort: Callable[[], None] | None) -> None:
    """End the answer in good order, or drop the connection of a client who does not even take that."""
    try:
        async with asyncio.timeout(LAST_WORD_SECONDS):
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    except TimeoutError:
        if abort is not None:
            abort()


class _Stream(Response[None]):
    """The answer whose body is sent by `serve`."""

    def __init__(self, serve: Callable[[Scope, Receive, Send], Any]) -> None:
        super().__init__(None, media_type=MEDIA_TYPE, headers=HEADERS)
        self._serve = serve

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIResponse:
        """The answer as the server sends it."""
        return _Body(self._serve)


class _Body(ASGIResponse):
    _should_set_content_length = False

    def __init__(self, serve: Callable[[Scope, Receive, Send], Any]) -> None:
        super().__init__(media_type=MEDIA_TYPE, headers=HEADERS)
        self._serve = serve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.start_response(send)
        await self._serve(scope, receive, send)
