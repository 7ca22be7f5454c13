"""The consumer of the guide works as it stands there."""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from pathlib import Path

import pytest

from api.broker import publisher as publisher_of
from api.parts import prepare_database
from infra.projector import Wake
from infra.settings import Settings
from tests.infra.broker.publishing import append, until_published
from tests.infra.logs import ask, serving
from tests.infra.nats_server import NatsServer

pytestmark = pytest.mark.anyio


def consumer_of_the_guide() -> str:
    page = Path(__file__).parents[3] / "docs/howto/nats.md"
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    return str(code)


async def test_the_consumer_of_the_guide_prints_what_is_published(
    database: str, server: NatsServer, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, database_url=database, nats_url=server.url)
    await prepare_database(settings)
    working = asyncio.create_task(publisher_of(settings, server.url, Wake(serving(database))).run())
    await append(database, 5)
    await until_published(server, 5)
    consumer = await create_subprocess_exec(
        sys.executable, "-c", consumer_of_the_guide(), server.url, "2", stdout=PIPE
    )
    assert consumer.stdout
    shown = [(await consumer.stdout.readline()).decode().split() for _ in range(3)]
    consumer.kill()
    await consumer.wait()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    streams = [
        str(stream) for (stream,) in await ask(database, "SELECT stream_id FROM events ORDER BY position")
    ]
    assert shown == [[str(n), "ouvidoria.investigation-started", streams[n - 1]] for n in (3, 4, 5)]
