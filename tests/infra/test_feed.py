"""Stretches of the log: found by index however little the database knows of the log."""

from uuid import uuid4

import pytest

from infra import feed
from infra.database import connect, serving_conninfo
from infra.feed import EVERYTHING, Filter
from tests.databases import SCHEMA
from tests.infra.logs import fetch, opened, request, serving

ONE = uuid4()

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("keys", [False, True])
@pytest.mark.parametrize(
    "wanted",
    [
        EVERYTHING,
        Filter(frozenset({"note-added"})),
        Filter(stream_id=ONE),
        Filter(frozenset({"note-added"}), ONE),
    ],
)
async def test_a_stretch_is_read_in_order_of_an_index(database: str, wanted: Filter, *, keys: bool) -> None:
    """A log that grew since statistics were taken, as a young one has none: nothing is sorted or scanned."""
    async with opened(serving(database)) as log:
        await log.append(request(events=500))
    arguments = {"after": 10, "until": feed.END, "limit": 5, "tags": ["note-added"], "stream": ONE}
    async with await connect(serving_conninfo(database, SCHEMA, **feed.BY_INDEX)) as connection:
        query = feed._query(wanted, keys=keys).as_string(connection)
        explained = await connection.execute(b"EXPLAIN " + query.encode(), arguments)
        plan = "\n".join(line for (line,) in await explained.fetchall())
    assert "Sort" not in plan
    assert "Seq Scan" not in plan
    assert "Bitmap" not in plan
    assert ("events_pkey on events e" in plan) == (wanted.stream_id is None)


async def test_a_stretch_ends_where_it_is_told_to(database: str) -> None:
    async with opened(serving(database)) as log:
        await log.append(request(events=10))
    async with await connect(serving(database)) as connection:
        bounded = await feed.read(connection, EVERYTHING, 2, 100, until=6)
        assert ([row.position for row in bounded.rows], bounded.covered, bounded.head) == (
            [3, 4, 5, 6],
            6,
            10,
        )
        nothing = await feed.read(connection, Filter(frozenset({"note-added"})), 2, 100, until=6)
        assert (nothing.rows, nothing.covered) == ([], 6)
        only_the_head = await feed.read(connection, EVERYTHING, 4, 0)
        assert (only_the_head.rows, only_the_head.head) == ([], 10)


async def test_keys_come_along_only_where_they_are_asked_for(database: str) -> None:
    async with opened(serving(database)) as log:
        await log.append(request())
    async with await connect(serving(database)) as connection:
        assert (await feed.read(connection, EVERYTHING, 0, 1)).rows[0].wrapped is None
        assert (await feed.read(connection, EVERYTHING, 0, 1, keys=True)).rows[0].wrapped == b"wrapped"
        assert len(await fetch(connection, "SELECT FROM stream_keys")) == 1
