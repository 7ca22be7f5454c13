"""Readers that follow the log by position through all faults, and remember what they were given."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx
import nats
import psycopg
from nats.js.api import ConsumerConfig, DeliverPolicy

PAUSE_SECONDS = 0.1
STRETCH = 100  # events after which a stream is opened anew
AFTER = """SELECT position, stream_id || '/' || version FROM ouvidoria.events
            WHERE position > %s ORDER BY position LIMIT %s"""


class Away(Exception):
    """The service says that it cannot answer now."""


class Seen(NamedTuple):
    """An event as a reader was given it."""

    position: int
    id: str


class Reader(threading.Thread):
    """Remembers one number and asks for what comes after it, again and again."""

    def __init__(self) -> None:
        super().__init__(name=type(self).__name__, daemon=True)
        self.seen: list[Seen] = []
        self.failure: str | None = None
        self._ending = threading.Event()

    def next(self, after: int) -> list[Seen]:
        """What comes after a position; raises what `passing` names while it cannot be had."""
        raise NotImplementedError

    passing: tuple[type[Exception], ...] = ()

    def run(self) -> None:
        try:
            while not self._ending.is_set():
                with contextlib.suppress(*self.passing):
                    self.seen += self.next(self._position())
                time.sleep(PAUSE_SECONDS)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
            self.failure = repr(error)

    def _position(self) -> int:
        return self.seen[-1].position if self.seen else 0

    def finish(self, head: int) -> None:
        """Return once it has read to the head, or in vain for a minute."""
        deadline = time.monotonic() + 60
        while self.is_alive() and self._position() < head and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
        self.give_up()

    def give_up(self) -> None:
        """Return once it has stopped, wherever it is."""
        self._ending.set()
        if self.is_alive():
            self.join()


class Tail(Reader):
    """Follows the table itself, over a connection of its own."""

    passing = (psycopg.OperationalError, psycopg.InterfaceError)

    def __init__(self, database: str) -> None:
        super().__init__()
        self._database = database
        self._connection: psycopg.Connection | None = None

    def next(self, after: int) -> list[Seen]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._database, autocommit=True, connect_timeout=5)
        return [Seen(*row) for row in self._connection.execute(AFTER, [after, 500])]

    def give_up(self) -> None:
        super().give_up()
        if self._connection is not None:
            self._connection.close()


class Feed(Reader):
    """Follows the feed over HTTP, and waits there for what comes."""

    passing = (httpx.TransportError, Away)

    def __init__(self, url: str, token: str) -> None:
        super().__init__()
        headers = {"authorization": f"Bearer {token}", "accept": "application/cloudevents-batch+json"}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=15)

    def next(self, after: int) -> list[Seen]:
        answer = self._client.get("/v1/events", params={"after": after, "limit": 500, "wait": 1})
        if answer.status_code == 503:
            raise Away
        answer.raise_for_status()
        return [Seen(int(event["sequence"]), event["id"]) for event in answer.json()]

    def give_up(self) -> None:
        super().give_up()
        self._client.close()


class Stream(Feed):
    """Follows the stream of server-sent events, and goes on after the last id when it breaks."""

    def next(self, after: int) -> list[Seen]:
        seen: list[Seen] = []
        with contextlib.suppress(httpx.TransportError), self._opened(after) as answer:
            if answer.status_code == 503:
                raise Away
            answer.raise_for_status()
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    event = json.loads(line.removeprefix("data:"))
                    seen.append(Seen(int(event["sequence"]), event["id"]))
                if len(seen) == STRETCH or self._ending.is_set():
                    break
        return seen

    def _opened(self, after: int) -> contextlib.AbstractContextManager[httpx.Response]:
        headers = {"last-event-id": str(after), "accept": "text/event-stream"}
        return self._client.stream("GET", "/v1/events/stream", headers=headers, timeout=1)


class Subscription(Reader):
    """Follows the broker's stream, from the position after the last by its sequence."""

    passing = (nats.errors.Error, OSError)

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def next(self, after: int) -> list[Seen]:
        return asyncio.run(self._received(after))

    async def _received(self, after: int) -> list[Seen]:
        client = await nats.connect(
            self._url, allow_reconnect=False, max_reconnect_attempts=1, error_cb=self._nothing
        )
        try:
            start = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=after + 1)
            stream = client.jetstream()
            if (await stream.stream_info("ouvidoria")).state.last_seq <= after:
                return []
            subscription = await stream.subscribe("ouvidoria.>", ordered_consumer=True, config=start)
            return [seen async for seen in self._pending(subscription)]
        finally:
            await client.close()

    async def _pending(self, subscription: Any) -> AsyncIterator[Seen]:
        pending = True
        while pending:
            message = await subscription.next_msg(5)
            pending = message.metadata.num_pending > 0
            yield Seen(message.metadata.sequence.stream, message.headers["Nats-Msg-Id"])

    @staticmethod
    async def _nothing(_error: Exception) -> None:
        pass
