"""Access keys: what is stored of them, and how soon the ring knows of a change."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from infra import access
from infra.access import KeyRing
from tests.infra.logs import served, serving

pytestmark = pytest.mark.anyio


@pytest.fixture
async def connection(database: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    async with served(database) as opened:
        yield opened


@pytest.fixture
async def ring(database: str) -> AsyncIterator[KeyRing]:
    opened = KeyRing(serving(database))
    yield opened
    await opened.close()


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    reads: list[float] = []
    original = access.keys

    async def keys(connection: psycopg.AsyncConnection[Any]) -> list[access.AccessKey]:
        reads.append(time.monotonic())
        return await original(connection)

    monkeypatch.setattr(access, "keys", keys)
    return reads


async def test_the_token_itself_is_not_stored(connection: psycopg.AsyncConnection[Any]) -> None:
    _, token = await access.create(connection, "ana", ["analyst"])
    cursor = await connection.execute("SELECT access_keys::text FROM access_keys")
    ((row,),) = await cursor.fetchall()
    assert token.startswith(access.PREFIX)
    assert token not in row
    assert token.removeprefix(access.PREFIX) not in row
    assert access.digest(token).hex() in row


async def test_a_key_is_found_with_what_was_said_of_it(
    connection: psycopg.AsyncConnection[Any], ring: KeyRing
) -> None:
    expires = access.utc_now() + timedelta(days=1)
    key_id, token = await access.create(
        connection, "ana", ["sector", "auditor"], sector="billing", expires_at=expires
    )
    key = await ring.find(token)
    assert key is not None
    assert (key.id, key.subject, key.roles, key.sector) == (key_id, "ana", ["sector", "auditor"], "billing")
    assert key.refusal(access.utc_now()) is None
    assert key.refusal(expires) == "the key has expired"


async def test_a_key_made_a_moment_ago_is_known_though_the_ring_has_just_been_read(
    connection: psycopg.AsyncConnection[Any], ring: KeyRing
) -> None:
    for number in range(5):
        _, token = await access.create(connection, f"a{number}", ["analyst"])
        assert await ring.find(token) is not None


async def test_a_token_that_was_never_given_is_not_found(ring: KeyRing) -> None:
    assert await ring.find("ouv_made-up") is None
    assert await ring.find("") is None
    assert await ring.find("☎") is None


async def test_a_revoked_key_is_known_to_be_so_when_the_ring_is_no_longer_fresh(
    connection: psycopg.AsyncConnection[Any], ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_id, token = await access.create(connection, "ana", ["analyst"])
    assert await ring.find(token) is not None
    assert await access.revoke(connection, key_id)
    monkeypatch.setattr(access, "FRESH_SECONDS", 0.0)
    key = await ring.find(token)
    assert key is not None
    assert key.refusal(access.utc_now()) == "the key is revoked"


async def test_a_key_is_revoked_once(connection: psycopg.AsyncConnection[Any]) -> None:
    key_id, _ = await access.create(connection, "ana", ["analyst"])
    assert [await access.revoke(connection, key_id) for _ in range(2)] == [True, False]
    assert not await access.revoke(connection, uuid4())


async def test_known_keys_cost_no_reads_while_the_ring_is_fresh(
    connection: psycopg.AsyncConnection[Any], ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = count_reads(monkeypatch)
    _, token = await access.create(connection, "ana", ["analyst"])
    monkeypatch.setattr(access, "FRESH_SECONDS", 3600.0)
    for _ in range(100):
        assert await ring.find(token) is not None
    assert len(reads) == 1


async def test_a_crowd_of_callers_makes_the_ring_read_once_for_all_of_them(
    connection: psycopg.AsyncConnection[Any], ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = count_reads(monkeypatch)
    _, token = await access.create(connection, "ana", ["analyst"])
    found = await asyncio.gather(*(ring.find(token) for _ in range(200)))
    assert None not in found
    assert await asyncio.gather(*(ring.find(f"made-up-{number}") for number in range(200))) == [None] * 200
    assert len(reads) <= 3


async def test_who_comes_while_the_ring_is_read_anew_waits_for_no_second_reading(
    connection: psycopg.AsyncConnection[Any], ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = await access.create(connection, "ana", ["analyst"])
    reading, read = asyncio.Event(), asyncio.Event()
    original = access.keys

    async def keys(connection: psycopg.AsyncConnection[Any]) -> list[access.AccessKey]:
        reading.set()
        await read.wait()
        return await original(connection)

    monkeypatch.setattr(access, "keys", keys)
    first = asyncio.create_task(ring.find(token))
    await reading.wait()
    monkeypatch.setattr(access, "LEAST_SECONDS", 3600.0)
    second = asyncio.create_task(ring.find(token))
    await asyncio.sleep(0)
    read.set()
    async with asyncio.timeout(60):
        assert await first == await second is not None


async def test_tokens_tried_one_after_another_do_not_make_the_ring_read_without_pause(
    ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = count_reads(monkeypatch)
    await ring.find("made-up-0")
    monkeypatch.setattr(access, "LEAST_SECONDS", 3600.0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ring.find("made-up-1"), 0.1)
    assert len(reads) == 1
    (waiting,) = ring._reads._runners
    waiting.cancel()


async def test_without_a_database_everybody_who_waits_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = KeyRing("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2")
    results = await asyncio.gather(*(ring.find("x") for _ in range(50)), return_exceptions=True)
    assert {type(result) for result in results} == {psycopg.OperationalError}
    await ring.close()


async def test_a_caller_who_leaves_does_not_spoil_the_reading_for_the_others(
    connection: psycopg.AsyncConnection[Any], ring: KeyRing
) -> None:
    _, token = await access.create(connection, "ana", ["analyst"])
    leaving, staying = (asyncio.create_task(ring.find(token)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying is not None
