"""Rows folded from streams: read once, remembered, written in sets, and forgotten when that went wrong."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from msgspec import Struct

from domain.messages import Event
from infra.events import Recorded
from infra.projector import View, leading, runner
from infra.rows import Memory, fold_rows, folding, one_by_one, remembering, tables
from tests.infra.followers import following, until_at, until_failed
from tests.infra.logs import NOW, append_on, fetch, request, served

pytestmark = pytest.mark.anyio

DDL = """CREATE TABLE IF NOT EXISTS counts_1 (
    stream_id uuid PRIMARY KEY, events bigint NOT NULL, tags text[], said json, at timestamptz, name text,
    share float8, kept jsonb, open boolean, ids uuid[])"""


class Count(Struct, frozen=True, kw_only=True):
    """A column of every type that rows may have."""

    stream_id: UUID
    events: int = 0
    tags: tuple[str, ...] = ("a", "b,{}\"'\\")
    said: tuple[str, ...] = ("ação", "\\")
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    name: str | None = None
    share: float = 0.25
    kept: tuple[str, ...] = ("\t",)
    open: bool = True
    ids: tuple[UUID, ...] = (UUID(int=1),)


def counted(row: Count | None, event: Recorded[Event]) -> Count:
    return Count(stream_id=event.stream_id, events=row.events + 1 if row else 1, name=event.actor)


async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    await fold_rows(
        connection, events, table="counts_1", key="stream_id", row_type=Count, fold=one_by_one(counted)
    )


COUNTS = View(name="counts", version=1, ddl=DDL, tables=("counts_1",), apply=apply)
ROWS = "SELECT t::text FROM counts_1 t ORDER BY 1"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leading, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(runner, "CANDIDATE_SECONDS", 0.02)


def event(stream_id: UUID, version: int = 1) -> Recorded[Event]:
    note = Event()
    return Recorded(1, stream_id, "complaint", version, "x", NOW, NOW, "ana", "r", None, "live", b"", note)


@pytest.fixture
async def connection(database: str) -> Any:
    async with served(database) as connection:
        await connection.execute("SET search_path = ouvidoria_views")
        await connection.execute(DDL.encode())
        yield connection


async def test_rows_are_the_same_whether_they_are_copied_or_sent_as_json(
    connection: psycopg.AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [event(UUID(int=number)) for number in (1, 2, 3, 1)]
    await apply(connection, events)
    sent = await fetch(connection, ROWS)
    monkeypatch.setattr(tables, "FEW", 0)
    await connection.execute("TRUNCATE counts_1")
    async with connection.transaction():
        await apply(connection, events)
    assert await fetch(connection, ROWS) == sent
    async with connection.transaction():
        await apply(connection, [event(each.stream_id, 3) for each in events])
    counts = await fetch(connection, "SELECT events FROM counts_1 ORDER BY stream_id")
    assert counts == [(4,), (2,), (2,)]


async def test_others_have_their_turn_while_a_long_stream_is_folded(
    connection: psycopg.AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "PIECE", 10)
    done: list[str] = []

    def fold(row: Count | None, events: Sequence[Recorded[Event]]) -> Count:
        done.append(f"{len(events)} events")
        asyncio.get_running_loop().call_soon(done.append, "another's turn")
        return one_by_one(counted)(row, events)

    events = [event(UUID(int=1), version) for version in range(1, 26)]
    with remembering(connection, Memory(100)) as memory:
        await fold_rows(connection, events, table="counts_1", key="stream_id", row_type=Count, fold=fold)
        assert done == ["10 events", "another's turn", "10 events", "another's turn", "5 events"]
        await memory.flush(connection)
    assert await fetch(connection, "SELECT events FROM counts_1") == [(25,)]


async def test_a_column_that_cannot_be_copied_is_told_at_the_first_row(
    connection: psycopg.AsyncConnection[Any],
) -> None:
    await connection.execute("CREATE TABLE odd_1 (stream_id uuid PRIMARY KEY, share numeric)")

    class Odd(Struct):
        stream_id: UUID
        share: str = "1"

    with pytest.raises(TypeError, match=r"odd_1\.share: rows with a numeric cannot be copied"):
        await fold_rows(
            connection,
            [event(uuid4())],
            table="odd_1",
            key="stream_id",
            row_type=Odd,
            fold=lambda _, events: Odd(events[0].stream_id),
        )


async def test_what_is_remembered_is_not_read_again_and_no_more_is_kept_than_allowed(
    connection: psycopg.AsyncConnection[Any],
) -> None:
    first, second, third = (uuid4() for _ in range(3))
    with remembering(connection, Memory(2)) as memory:
        await apply(connection, [event(first), event(second), event(third)])
        assert await fetch(connection, "SELECT FROM counts_1") == []
        await memory.flush(connection)
        await connection.execute("UPDATE counts_1 SET events = 100")  # which no leader would see
        await apply(connection, [event(first, 2), event(third, 2)])
        await memory.flush(connection)
    found = dict(await fetch(connection, "SELECT stream_id, events FROM counts_1"))
    assert found == {first: 101, second: 100, third: 2}


async def test_a_view_that_fails_half_way_forgets_what_it_did_not_commit(database: str) -> None:
    faults = ["a fault"]

    async def failing(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        await apply(connection, events)
        if faults and events[-1].position == 3:
            raise ValueError(faults[0])

    view = View(name="counts", version=1, ddl=DDL, tables=("counts_1",), apply=failing)
    stream = uuid4()
    async with served(database) as connection:
        async with following(database, view):
            await append_on(connection, request(stream, events=2, wrapped_key=None))
            await until_at(database, view, 2)
            await append_on(connection, request(stream, 2, events=1))
            await until_failed(database, view)
            faults.clear()
            await connection.execute("UPDATE checkpoints SET failure = NULL")
            await until_at(database, view, 3)
        assert await fetch(connection, "SELECT events FROM counts_1") == [(3,)]


async def test_a_statement_that_fails_among_a_few_is_found_and_the_others_are_folded(database: str) -> None:
    """A few events go to the server in one round trip, which says nothing of what failed."""

    async def dividing(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        await apply(connection, events)
        divisor = 0 if 5 in [event.position for event in events] else 1
        await connection.execute("SELECT 1 / %s", [divisor])

    view = View(name="counts", version=1, ddl=DDL, tables=("counts_1",), apply=dividing)
    async with served(database) as connection, following(database, view):
        await append_on(connection, *(request(events=2, wrapped_key=None) for _ in range(4)))
        failed = await until_failed(database, view)
        assert (failed.position, failed.failed_position, failed.failure) == (4, 5, "DivisionByZero")
        assert await fetch(connection, "SELECT sum(events)::int FROM counts_1") == [(4,)]


async def test_a_long_way_is_caught_up_in_stretches(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leading, "REMEMBERED", 3)
    streams = [uuid4() for _ in range(50)]
    async with served(database) as connection:
        for version in range(4):
            await append_on(
                connection, *(request(each, version, events=1, wrapped_key=None) for each in streams)
            )
        async with following(database, COUNTS, batch=7):
            await until_at(database, COUNTS, 200)
        assert await fetch(connection, "SELECT count(*), min(events), max(events) FROM counts_1") == [
            (50, 4, 4)
        ]
