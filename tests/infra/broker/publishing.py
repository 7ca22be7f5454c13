"""Publishers, and what a consumer gets of what they publish."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import nats
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, DeliverPolicy

from infra.broker import Publisher
from infra.broker.jetstream import JetStream
from infra.projector import Wake
from tests.infra.followers import prepared
from tests.infra.logs import append_on, ask, request, served, serving, until
from tests.infra.nats_server import NatsServer

STREAM = "ouvidoria"


async def publish_for_ever(database: str, url: str) -> None:
    """What the worker does."""
    wake = Wake(serving(database))
    publishing = Publisher(partial(JetStream.open, url, STREAM), serving(database), "/test", wake)
    await asyncio.gather(wake.listen(), publishing.run())


@asynccontextmanager
async def publishing(database: str, server: NatsServer) -> AsyncIterator[None]:
    """A publisher runs meanwhile; it never ends by itself."""
    await prepared(database)
    task = asyncio.create_task(publish_for_ever(database, server.url))
    try:
        yield
    finally:
        assert not task.done(), task
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def append(database: str, many: int) -> None:
    async with served(database) as connection:
        for _ in range(many):
            await append_on(connection, request())


@asynccontextmanager
async def client(server: NatsServer) -> AsyncIterator[Client]:
    connected = await nats.connect(server.url)
    try:
        yield connected
    finally:
        await connected.close()


async def until_published(server: NatsServer, position: int) -> None:
    """Return once the stream ends at the position, or beyond."""

    async def there() -> bool:
        try:
            async with client(server) as connected:
                return bool((await connected.jetstream().stream_info(STREAM)).state.last_seq >= position)
        except nats.errors.Error:  # it is away, or there is no stream yet
            return False

    await until(there)


async def consumed(server: NatsServer, after: int = 0, subject: str = f"{STREAM}.>") -> list[Any]:
    """What a consumer that starts after a position gets, up to the end of the stream; at least one."""
    start = ConsumerConfig(deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=after + 1)
    async with client(server) as connected:
        stream = connected.jetstream()
        subscription = await stream.subscribe(subject, ordered_consumer=True, config=start)
        messages = [await subscription.next_msg(10)]
        while messages[-1].metadata.num_pending:
            messages.append(await subscription.next_msg(10))
        return messages


async def logged(database: str) -> list[tuple[int, str]]:
    query = "SELECT position, stream_id || '/' || version FROM events ORDER BY position"
    return [(position, event) for position, event in await ask(database, query)]


def ids(messages: list[Any]) -> list[tuple[int, str]]:
    """Sequence and event id of each message, whose headers and payload must say the same."""
    for each in messages:
        event = json.loads(each.data)
        assert event["id"] == each.headers["Nats-Msg-Id"]
        assert (
            int(event["sequence"]) == int(each.headers["Ouvidoria-Position"]) == each.metadata.sequence.stream
        )
    return [(each.metadata.sequence.stream, each.headers["Nats-Msg-Id"]) for each in messages]
