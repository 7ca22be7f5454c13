"""What comes alone is appended as a batch of one would be: the same verdict and rows, a leaf that fits."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.database import connect
from infra.log import Append, Appended
from tests.infra.logs import NOW, append_on, append_one_on, fetch, request, serving

Connection = psycopg.AsyncConnection[Any]

ENVELOPE = "actor, correlation, causation, origin, body"
ROWS = (
    f"SELECT position, stream_id, kind, version, tag, occurred_at, {ENVELOPE} FROM events ORDER BY position",
    "SELECT * FROM stream_keys ORDER BY stream_id",
    "SELECT * FROM claims ORDER BY claim",
    "SELECT actor, key, digest, stream_id, first_version, last_version FROM idempotency ORDER BY actor, key",
    f"""SELECT leaf = leaf_of(position, stream_id, kind, version, tag, occurred_at, recorded_at, {ENVELOPE})
          FROM events ORDER BY position""",
)
streams = st.builds(UUID, int=st.integers(1, 3))
commands = st.builds(
    lambda stream, at, **fields: request(stream, *at, **fields),
    streams,
    st.tuples(st.integers(0, 3), st.integers(0, 2)).filter(any),  # a stream begins with an event
    actor=st.sampled_from(["ana", "rui"]),
    key=st.sampled_from(["a", "b", "c", "d", "e"]),
    digest=st.sampled_from([b"one", b"other"]),
    claim=st.none() | st.sampled_from(["source:1", "source:2"]),
    causation=st.none() | st.just("x/1"),
    wrapped_key=st.none() | st.just(b"wrapped"),
)


async def rows(connection: Connection) -> list[list[tuple[Any, ...]]]:
    """All that an append writes, but for the times."""
    return [await fetch(connection, query) for query in ROWS]


async def undone(connection: Connection, append: Callable[[], Awaitable[Appended]]) -> Any:
    """The answer to an append and what is in the log after it, which is then taken back."""
    async with connection.transaction(force_rollback=True):
        answer = await append()
        return answer._replace(recorded_at=NOW), await rows(connection)


async def alike(connection: Connection, command: Append) -> None:
    async def batched() -> Appended:
        return (await append_on(connection, command))[0]

    async def alone() -> Appended:
        return await append_one_on(connection, command)

    assert await undone(connection, alone) == await undone(connection, batched)
    await alone()


def test_alone_or_in_a_batch_of_one_it_comes_to_the_same(database: str) -> None:
    @settings(max_examples=40, deadline=None)
    @given(st.lists(commands, min_size=1, max_size=12))
    def compared(asked: list[Append]) -> None:
        async def run() -> None:
            async with (
                await connect(serving(database)) as connection,
                connection.transaction(force_rollback=True),
            ):
                for command in asked:
                    await alike(connection, command)

        asyncio.run(run())

    compared()


def test_every_verdict_is_the_same(database: str) -> None:
    async def run() -> None:
        stream, keyless = UUID(int=1), UUID(int=2)
        first = request(stream, events=2, key="a", claim="source:1")
        asked = [
            first,
            request(keyless, wrapped_key=None),
            first,
            request(stream, 2, key="a"),
            request(claim="source:1"),
            request(stream, 1, events=2),
            request(stream, 2, events=0, wrapped_key=b"wrapped"),
            request(keyless, 1, wrapped_key=b"wrapped"),
        ]
        async with await connect(serving(database)) as connection:
            for command in asked:
                await alike(connection, command)
            answers = [(await append_one_on(connection, command)).verdict for command in asked[1:]]
        assert answers == ["replayed", "replayed", "reused", "claimed", "conflict", "replayed", "conflict"]

    asyncio.run(run())
