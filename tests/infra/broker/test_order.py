"""Every event once, in order, at its position, whatever dies meanwhile."""

import asyncio
import json

import pytest
from nats.js.api import StorageType, StreamConfig

from domain.complaint import COMPLAINT
from infra.broker import FOLLOWER
from infra.projector import standings
from tests.infra.broker.publishing import (
    STREAM,
    append,
    client,
    consumed,
    ids,
    logged,
    publishing,
    until_published,
)
from tests.infra.logs import REGISTER, caller, commanding, served, until
from tests.infra.nats_server import NatsServer

pytestmark = pytest.mark.anyio


async def test_every_event_is_published_in_order_at_its_own_position(
    database: str, server: NatsServer
) -> None:
    await append(database, 30)
    async with publishing(database, server):
        await until_published(server, 30)
        await append(database, 30)
        await until_published(server, 60)
    assert ids(await consumed(server)) == await logged(database)
    assert ids(await consumed(server, after=40)) == (await logged(database))[40:]


async def test_the_subject_routes_and_the_payload_says_nothing_personal(
    database: str, server: NatsServer
) -> None:
    async with commanding(database) as commands, publishing(database, server):
        outcome = await commands.create(COMPLAINT, caller(), REGISTER)
        await append(database, 1)
        await until_published(server, 2)
    (message,) = await consumed(server, subject=f"{STREAM}.complaint.complaint-registered.>")
    assert message.subject == f"{STREAM}.complaint.complaint-registered.{outcome.stream_id}"
    assert message.headers["Content-Type"] == "application/cloudevents+json"
    event = json.loads(message.data)
    assert (event["type"], event["subject"]) == ("ouvidoria.complaint-registered", str(outcome.stream_id))
    assert event["data"]["channel"] == "web"
    assert REGISTER.description.encode() not in message.data


async def test_a_stream_that_is_there_is_used_as_it_is(database: str, server: NatsServer) -> None:
    async with client(server) as connected:
        await connected.jetstream().add_stream(
            StreamConfig(name=STREAM, subjects=[f"{STREAM}.>"], storage=StorageType.MEMORY, max_msgs=5)
        )
    await append(database, 12)
    async with publishing(database, server):
        await until_published(server, 12)
    async with publishing(database, server):
        await append(database, 3)
        await until_published(server, 15)
    assert ids(await consumed(server)) == (await logged(database))[10:]


async def test_what_a_limit_or_a_purge_has_removed_is_not_published_again(
    database: str, server: NatsServer
) -> None:
    await append(database, 4)
    async with publishing(database, server):
        await until_published(server, 4)
    async with client(server) as connected:
        await connected.jetstream().purge_stream(STREAM)
    async with publishing(database, server):
        await append(database, 2)
        await until_published(server, 6)
    assert ids(await consumed(server)) == (await logged(database))[4:]


async def test_a_server_killed_half_way_misses_and_doubles_nothing(database: str, server: NatsServer) -> None:
    async with publishing(database, server):
        for round_ in range(1, 4):
            appending = asyncio.create_task(append(database, 200))
            await until_published(server, round_ * 200 - 150)
            server.kill()
            await appending
            server.start()
            await until_published(server, round_ * 200)
    assert ids(await consumed(server)) == await logged(database)


async def test_a_server_that_is_not_there_yet_is_waited_for_and_said_to_be_away(
    database: str, server: NatsServer
) -> None:
    server.kill()
    await append(database, 3)
    async with publishing(database, server), served(database) as connection:

        async def said() -> bool:
            return any(s.failure == "Unreachable" for s in await standings(connection))

        async def well() -> bool:
            return [(s.follower, s.position, s.failure) for s in await standings(connection)] == [
                (FOLLOWER, 3, None)
            ]

        await until(said)
        server.start()
        await until(well)
    assert ids(await consumed(server)) == await logged(database)
