"""A stream that was removed is filled anew; one that is not ours is left alone."""

from functools import partial

import pytest

from infra.broker import Diverged, Publisher
from infra.broker.jetstream import JetStream
from infra.projector import Wake, standings
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
from tests.infra.logs import run, served, serving, until
from tests.infra.nats_server import NatsServer

pytestmark = pytest.mark.anyio


async def test_a_stream_that_was_removed_is_filled_anew_from_the_first_event(
    database: str, server: NatsServer
) -> None:
    await append(database, 5)
    async with publishing(database, server):
        await until_published(server, 5)
        async with client(server) as connected:
            await connected.jetstream().delete_stream(STREAM)
        await until_published(server, 5)
    assert ids(await consumed(server)) == await logged(database)


async def test_a_stream_with_something_foreign_at_its_end_is_told_and_left_alone(
    database: str, server: NatsServer
) -> None:
    await append(database, 2)
    async with publishing(database, server), served(database) as connection:
        await until_published(server, 2)
        async with client(server) as connected:
            await connected.jetstream().publish(f"{STREAM}.complaint.x", b"foreign")
        await append(database, 1)

        async def said() -> bool:
            return [(s.position, s.failed_position, s.failure) for s in await standings(connection)] == [
                (2, 3, "Diverged")
            ]

        await until(said)
    assert len(await consumed(server)) == 3


@pytest.mark.parametrize(
    ("length", "reason"),
    [(2, "position 2, which the log has not reached"), (3, "position 2 is event .* in the log")],
)
async def test_a_stream_of_another_log_is_told_from_ours(
    database: str, server: NatsServer, length: int, reason: str
) -> None:
    await append(database, 2)
    async with publishing(database, server):
        await until_published(server, 2)
    await run(database, "ALTER TABLE events DISABLE TRIGGER ALL; DELETE FROM events")
    if length == 3:
        await append(database, length)
    wake = Wake(serving(database))
    opening = partial(JetStream.open, server.url, STREAM)
    async with served(database) as connection:
        with pytest.raises(Diverged, match=reason):
            await Publisher(opening, serving(database), "/test", wake)._lead(connection)
