"""Of several publishers one leads, and none rests on that for what it promises."""

import asyncio
import sys
from asyncio.subprocess import Process, create_subprocess_exec
from typing import Any

import pytest

from infra.broker import Message, Unreachable, jetstream, publisher
from infra.broker.jetstream import JetStream
from tests.infra.broker.publishing import STREAM, append, consumed, ids, logged, publishing, until_published
from tests.infra.followers import prepared
from tests.infra.logs import ask, run
from tests.infra.nats_server import NatsServer

pytestmark = pytest.mark.anyio

HOLDER = """SELECT pid FROM pg_locks JOIN pg_database ON database = pg_database.oid
             WHERE locktype = 'advisory' AND granted AND datname = current_database()"""

PUBLISHER = """
import asyncio, sys
from tests.infra.broker.publishing import publish_for_ever
asyncio.run(publish_for_ever(*sys.argv[1:]))
"""


async def start_publisher(database: str, server: NatsServer) -> Process:
    return await create_subprocess_exec(sys.executable, "-c", PUBLISHER, database, server.url)


async def test_a_publisher_killed_half_way_is_followed_by_another_that_goes_on(
    database: str, server: NatsServer
) -> None:
    await prepared(database)
    first = await start_publisher(database, server)
    appending = asyncio.create_task(append(database, 400))
    await until_published(server, 20)
    second = await start_publisher(database, server)
    first.kill()
    await first.wait()
    await appending
    await until_published(server, 400)
    second.kill()
    await second.wait()
    assert ids(await consumed(server)) == await logged(database)


async def test_two_publishers_that_both_lead_publish_nothing_twice_or_out_of_order(
    database: str, server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "LEAD", "SELECT %s::text")  # everybody is told to lead
    monkeypatch.setattr(publisher, "BATCH", 20)
    async with publishing(database, server), publishing(database, server):
        for _ in range(4):
            await asyncio.gather(append(database, 50), append(database, 50))
        await until_published(server, 400)
    assert ids(await consumed(server)) == await logged(database)


async def test_one_of_two_publishers_leads(database: str, server: NatsServer) -> None:
    async with publishing(database, server), publishing(database, server):
        await append(database, 1)
        await until_published(server, 1)
        assert len(await ask(database, HOLDER)) == 1


async def test_nothing_rests_on_the_dedupe_window(
    database: str, server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jetstream, "DUPLICATE_SECONDS", 0.1)
    await append(database, 10)
    async with publishing(database, server):
        await until_published(server, 10)
    await asyncio.sleep(0.3)  # the server has forgotten every id
    await run(database, "DELETE FROM ouvidoria_views.checkpoints")
    async with publishing(database, server):
        await append(database, 5)
        await until_published(server, 15)
    again = Message(3, "some/1", "complaint", "note-added", (await logged_stream(database)), b"{}")
    broker = await JetStream.open(server.url, STREAM)
    with pytest.raises(Unreachable, match="wrong last sequence"):
        await broker.publish([again])
    await broker.close()
    assert ids(await consumed(server)) == await logged(database)


async def logged_stream(database: str) -> Any:
    return (await ask(database, "SELECT stream_id FROM events WHERE position = 3"))[0][0]
