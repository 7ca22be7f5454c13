"""What the benchmark of streams compares with: a queue and a message a client, as tutorials have it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from litestar import Litestar, get
from litestar.response import ServerSentEvent

from infra import feed
from infra.cloudevents import encoded, rendered
from infra.database import connect, serving_conninfo
from infra.projector import Wake
from infra.settings import Settings

queues: set[asyncio.Queue[tuple[int, str]]] = set()


async def follow(conninfo: str, wake: Wake) -> None:
    """Put every event of the log into every queue."""
    async with await connect(conninfo) as connection:
        position = (await feed.read(connection, feed.EVERYTHING, 0, 0)).head
        while True:
            grown = wake.arm()
            stretch = await feed.read(connection, feed.EVERYTHING, position, 500)
            for row in stretch.rows:
                text = encoded(rendered(row, "bench", row.position)).decode()
                for queue in queues:
                    queue.put_nowait((row.position, text))
            position = stretch.covered
            if not stretch.behind:
                await grown.wait()


async def messages() -> AsyncIterator[dict[str, Any]]:
    """What one client gets."""
    queue: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
    queues.add(queue)
    try:
        while True:
            position, text = await queue.get()
            yield {"id": position, "event": "event", "data": text}
    finally:
        queues.discard(queue)


@get("/v1/events/stream", sync_to_thread=False)
def stream() -> ServerSentEvent:
    """The stream."""
    return ServerSentEvent(messages())


@get("/health/live", sync_to_thread=False)
def live() -> str:
    """Whether it runs."""
    return "live"


@contextlib.asynccontextmanager
async def following(_: Litestar) -> AsyncIterator[None]:
    """Follow the log while serving."""
    settings = Settings.load()
    conninfo = serving_conninfo(settings.url(), settings.schema)
    wake = Wake(conninfo)
    tasks = [asyncio.create_task(wake.listen()), asyncio.create_task(follow(conninfo, wake))]
    yield
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    app = Litestar([stream, live], lifespan=[following], openapi_config=None, logging_config=None)
    uvicorn.run(
        app, port=Settings.load().port, loop="uvloop", http="httptools", ws="none", log_config=None,
        access_log=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
