"""A view is built anew beside the one that serves: nobody sees it half."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from api.parts import VIEWS
from domain.messages import Event
from infra.database import LOST, DatabaseNotReady
from infra.events import Recorded
from infra.projector import (
    BeingRebuilt,
    CannotFold,
)
from infra.projector.rebuilding import filling
from infra.projector.rebuilding import rebuild as switching
from tests.infra.followers import (
    append,
    caught_up,
    positions,
    prepared,
    seen,
    until_at,
)
from tests.infra.logs import NOTE, fetch, run, served
from tests.infra.projector.trapping import Gate, Trap
from tests.infra.rebuild.rebuilding import reading, rebuild, tables, until_rebuilding
from tests.projections.house import house

pytestmark = pytest.mark.anyio


async def test_a_view_is_rebuilt_while_the_log_grows_and_readers_see_it_whole_all_the_time(
    database: str,
) -> None:
    view = seen()
    async with caught_up(database, view, events=300), reading(database, view) as looks:
        for position in range(310, 400, 10):
            await append(database, 10)
            await rebuild(database, view).run()
            await until_at(database, view, position)
    assert await positions(database, view) == list(range(1, 391))
    assert looks == sorted(looks)
    assert all(position == rows for position, rows in looks)
    assert await tables(database, "seen%") == ["ouvidoria_views.seen_1"]


async def test_a_view_is_rebuilt_by_one_at_a_time(database: str) -> None:
    gate = Gate()
    await append(database, 3)
    await prepared(database, seen())
    first = asyncio.create_task(rebuild(database, seen(before=gate)).run())
    await asyncio.wait_for(gate.reached.wait(), 60)
    with pytest.raises(BeingRebuilt, match="seen is being rebuilt already"):
        await rebuild(database, seen()).run()
    gate.opened.set()
    await first
    assert await positions(database, seen()) == [1, 2, 3]


async def test_a_rebuild_without_its_schema_says_what_to_do(database: str) -> None:
    await prepared(database, seen())
    await run(database, "DROP SCHEMA ouvidoria_rebuild")
    with pytest.raises(DatabaseNotReady, match="run `ouvidoria migrate`"):
        await rebuild(database, seen()).run()


async def test_a_switch_waits_for_a_long_reader_and_lets_others_read_meanwhile(database: str) -> None:
    view = seen()
    async with caught_up(database, view, events=3):
        async with served(database) as reader, reader.transaction():
            await fetch(reader, "SELECT FROM seen_1")
            rebuilding = asyncio.create_task(rebuild(database, view).run())
            await until_rebuilding(database)
            for position in range(4, 14):
                await append(database, 1)
                await until_at(database, view, position)
                assert await positions(database, view) == list(range(1, position + 1))
            assert not rebuilding.done()
        await rebuilding
        await append(database, 1)
        await until_at(database, view, 14)
    assert await positions(database, view) == list(range(1, 15))


async def test_a_switch_that_waits_for_a_long_reader_leaves_the_others_alone_most_of_the_time(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        rests.append(seconds)
        await sleep(0)

    monkeypatch.setattr(switching, "PATIENCE", (0.01,))
    await append(database, 3)
    await prepared(database, seen())
    async with served(database) as reader, reader.transaction():
        await fetch(reader, "SELECT FROM seen_1")
        monkeypatch.setattr(asyncio, "sleep", note)
        waiting = asyncio.create_task(rebuild(database, seen()).run())
        while len([rest for rest in rests if rest < 0.5]) < 3:  # those of a second are between signs of life
            await sleep(0.01)
        monkeypatch.undo()
        waiting.cancel()
        await asyncio.wait([waiting])
    assert min(rests) >= 5 * 0.01


async def test_streams_longer_than_a_chunk_and_many_short_ones_are_folded_whole(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "CHUNK", 3)
    async with house(database) as at:
        for notes in (0, 9, 1, 2, 3, 0, 0, 4):
            await at.register(*[NOTE] * notes)
        await at.project()
        for view in VIEWS:
            assert (await rebuild(database, view).run(compare=True)).count == 0


async def test_what_is_done_together_is_cancelled_once_so_that_each_can_end_its_statement() -> None:
    ended: list[str] = []

    async def work(name: str, seconds: float) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(seconds)
            ended.append(name)

    working = asyncio.create_task(filling.together([work("first", 0), work("second", 0.01)]))
    await asyncio.sleep(0.01)
    working.cancel()
    await asyncio.wait([working])
    assert working.cancelled()
    assert ended == ["first", "second"]


async def test_a_rebuild_that_meets_an_event_that_does_not_fit_says_where_and_leaves_the_view(
    database: str,
) -> None:
    async with caught_up(database, seen(), events=11):
        pass
    told = "seen cannot take in an event between positions 1 and 11: ValueError: this event does not fit"
    with pytest.raises(CannotFold, match=told):
        await rebuild(database, seen(before=Trap(8))).run()
    assert await positions(database, seen()) == list(range(1, 12))


async def test_a_process_that_came_to_a_halt_in_the_middle_of_a_fold_is_no_event_that_does_not_fit(
    database: str,
) -> None:
    async def halt(connection: psycopg.AsyncConnection[Any], _events: Sequence[Recorded[Event]]) -> None:
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = '10ms'")
        time.sleep(0.5)  # noqa: ASYNC251 - nothing goes on meanwhile
        await connection.execute("SELECT 1")

    await append(database, 3)
    await prepared(database, seen())
    with pytest.raises(LOST):
        await rebuild(database, replace(seen(), apply=halt)).run()
