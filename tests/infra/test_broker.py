"""The log on a real NATS JetStream: every event once, in order, at its position, whatever dies meanwhile."""

import asyncio
import json
import re
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import nats
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, DeliverPolicy, StorageType, StreamConfig

from api.broker import publisher as publisher_of
from api.parts import prepare_database
from domain.complaint import COMPLAINT
from infra.broker import FOLLOWER, Diverged, Message, Publisher, Unreachable, jetstream, publisher
from infra.broker.jetstream import JetStream
from infra.projector import Wake, standings
from infra.settings import Settings
from tests.infra.followers import prepared
from tests.infra.logs import (
    REGISTER,
    append_on,
    ask,
    caller,
    commanding,
    request,
    run,
    served,
    serving,
    until,
)
from tests.infra.nats_server import Missing, NatsServer, binary

pytestmark = pytest.mark.anyio
STREAM = "ouvidoria"
HOLDER = """SELECT pid FROM pg_locks JOIN pg_database ON database = pg_database.oid
             WHERE locktype = 'advisory' AND granted AND datname = current_database()"""


@pytest.fixture(scope="session")
def program() -> Path:
    try:
        return binary()
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def server(program: Path, tmp_path: Path) -> Iterator[NatsServer]:
    running = NatsServer(program, tmp_path)
    running.start()
    yield running
    running.kill()


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


PUBLISHER = """
import asyncio, sys
from tests.infra.test_broker import publish_for_ever
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


async def test_where_encryption_is_asked_for_a_server_without_it_is_refused(server: NatsServer) -> None:
    with pytest.raises(Unreachable, match="does not encrypt"):
        await JetStream.open(server.url.replace("nats://", "tls://"), STREAM)


async def test_an_encrypted_connection_needs_a_certificate_that_is_trusted(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = self_signed(tmp_path)
    server = NatsServer(program, tmp_path, tls={"cert_file": str(certificate), "key_file": str(key)})
    server.start()
    url = server.url.replace("nats://127.0.0.1", "tls://localhost")
    with pytest.raises(Unreachable, match="certificate verify failed"):
        await JetStream.open(url, STREAM)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    broker = await JetStream.open(url, STREAM)
    assert await broker.last() == (0, None)
    await broker.close()
    server.kill()


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Files of a certificate for localhost and its key."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]),
    )
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files


def consumer_of_the_guide() -> str:
    page = Path(__file__).parents[2] / "docs/howto/nats.md"
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
