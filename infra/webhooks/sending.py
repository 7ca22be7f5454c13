"""Sending one event to one receiver: bounded in time and bytes, to no address that is not allowed."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

import aiohttp
from msgspec import Struct
from msgspec.structs import replace

from domain.addresses import Network, refusal_of_address, refusal_of_url
from infra.cloudevents import MEDIA_TYPE
from infra.webhooks.resolving import Resolver
from infra.webhooks.schedule import retry_after
from infra.webhooks.signing import signed

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 4.0
"""So long a connection is kept for the next event: less than the 5 that many servers keep theirs."""
BODY_SECONDS = 2.0
"""After so long the body of an answer is no longer waited for: its status said what counts."""
READ_BYTES = 4096
"""How much of an answer is read; the rest is cut off."""
SHOWN_CHARACTERS = 500
AT_ONCE = 512
"""Requests under way, over all receivers."""
GONE = 410


class Policy(Struct, frozen=True, kw_only=True):
    """Where events may be sent, and how long a receiver may take, in seconds."""

    http: bool = False
    networks: tuple[Network, ...] = ()
    timeout: float = 15.0


class Message(Struct, frozen=True, kw_only=True):
    """What is sent, signed with each of the secrets; `message_id` stays the same however often it is sent."""

    url: str
    message_id: str
    body: bytes
    secrets: Sequence[bytes]


class Attempt(Struct, frozen=True, kw_only=True):
    """What came of a try: the answer's status and beginning, or the error; how long it took.

    `retry_after` is how long the receiver asks to be left alone.
    """

    at: datetime
    status: int | None = None
    response: str | None = None
    error: str | None = None
    seconds: float = 0.0
    retry_after: timedelta | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver has it: only 2xx says so."""
        return self.error is None

    @property
    def gone(self) -> bool:
        """Whether the receiver wants nothing any more."""
        return self.status == GONE


class Forbidden(OSError):
    """The address is not allowed; the message says why."""


class Sender:
    """Sends to any number of receivers at once, keeping connections; used as a context."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the session."""
        # The socket is made for an address that was resolved already: what is checked is what is called.
        self._resolver = Resolver()
        connector = aiohttp.TCPConnector(
            limit=AT_ONCE,
            keepalive_timeout=IDLE_SECONDS,
            resolver=self._resolver,
            socket_factory=self._socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=self._policy.timeout, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": "ouvidoria-webhooks/1", "Accept-Encoding": "identity"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            await self._resolver.close()

    async def send(self, message: Message, now: datetime) -> Attempt:
        """Try once; whatever goes wrong is told in the attempt."""
        if refusal := refusal_of_url(message.url, http=self._policy.http, networks=self._policy.networks):
            return Attempt(at=now, error=f"Forbidden: {refusal}")
        started = time.monotonic()
        try:
            found = await self._post(message, now)
        except TimeoutError:
            found = Attempt(at=now, error=f"no whole answer within {self._policy.timeout:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            found = Attempt(at=now, error=_reason(error))
        return replace(found, seconds=round(time.monotonic() - started, 4))

    async def _post(self, message: Message, now: datetime) -> Attempt:
        if self._session is None:
            raise RuntimeError("the sender is not open")
        headers = signed(message.message_id, now, message.body, message.secrets)
        async with self._session.post(
            message.url,
            data=message.body,
            headers={"Content-Type": MEDIA_TYPE, **headers},
            allow_redirects=False,
        ) as response:
            text = await _beginning(response)
            return Attempt(
                at=now,
                status=response.status,
                response=text,
                error=_error(response),
                retry_after=retry_after(response.headers.get("Retry-After"), now),
            )

    def _socket(self, address: Any) -> socket.socket:
        family, kind, protocol, _, where = address
        if refusal := refusal_of_address(where[0], self._policy.networks):
            raise Forbidden(refusal)
        return socket.socket(family, kind, protocol)


async def _beginning(response: aiohttp.ClientResponse) -> str:
    """The beginning of the answer's body, as text that a database takes; what is long or late is cut off."""
    if response.content.at_eof():
        return ""
    data = bytearray()
    with contextlib.suppress(TimeoutError, aiohttp.ClientError, OSError):  # what counts is the status
        async with asyncio.timeout(BODY_SECONDS):
            while len(data) < READ_BYTES and (chunk := await response.content.read(READ_BYTES)):
                data += chunk
    if not response.content.at_eof():
        response.close()
    return data[:READ_BYTES].decode(errors="replace").replace("\x00", "\ufffd")[:SHOWN_CHARACTERS]


def _error(response: aiohttp.ClientResponse) -> str | None:
    if 200 <= response.status < 300:
        return None
    if 300 <= response.status < 400:
        return f"answered {response.status}: redirects are not followed"
    return f"answered {response.status}"


def _reason(error: Exception) -> str:
    inner = getattr(error, "os_error", error)
    return f"{type(inner).__name__}: {inner}"[:SHOWN_CHARACTERS]
