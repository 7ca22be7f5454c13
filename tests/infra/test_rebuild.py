"""A view is built anew beside the one that serves: nobody sees it half, and a crash changes nothing."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from api.parts import VIEWS
from domain.messages import Event
from infra.database import DatabaseNotReady
from infra.events import Recorded
from infra.projector import (
    BeingRebuilt,
    CannotCompare,
    CannotDrop,
    CannotFold,
    Difference,
    Rebuild,
    View,
    checkpoints,
    drop,
    prepare,
)
from infra.projector.rebuilding import filling
from infra.vault import Vault
from projections import complaints
from tests.infra.followers import (
    following,
    leaders,
    positions,
    prepared,
    seen,
    standing,
    until_at,
    until_failed,
)
from tests.infra.logs import MASTER, NOTE, ask, fetch, opened, request, run, served, serving, until
from tests.infra.processes import process
from tests.projections.house import house

pytestmark = pytest.mark.anyio

TABLES = """SELECT schemaname || '.' || tablename FROM pg_tables
             WHERE schemaname LIKE 'ouvidoria_%%' AND tablename LIKE %s ORDER BY 1"""


async def append(database: str, events: int) -> None:
    async with opened(serving(database)) as log:
        await log.append(request(events=events, wrapped_key=None))


def rebuild(database: str, view: View) -> Rebuild:
    return Rebuild(serving(database), Vault(MASTER), view)


async def tables(database: str, like: str) -> list[str]:
    return [name for (name,) in await ask(database, TABLES, like)]


@asynccontextmanager
async def reading(database: str, view: View) -> AsyncIterator[list[tuple[int, int]]]:
    """Somebody looks all the time at the view's position and the number of its rows, in one statement."""
    query = f"SELECT c.position, (SELECT count(*) FROM {view.tables[0]}) FROM checkpoints c"
    looks: list[tuple[int, int]] = []

    async def look() -> None:
        async with served(database) as connection:
            while True:
                looks.extend(await fetch(connection, query))
                await asyncio.sleep(0.002)

    looking = asyncio.create_task(look())
    try:
        yield looks
    finally:
        looking.cancel()
        await asyncio.wait([looking])
        assert looking.cancelled()


async def test_a_view_is_rebuilt_while_the_log_grows_and_readers_see_it_whole_all_the_time(
    database: str,
) -> None:
    view = seen()
    await append(database, 300)
    async with following(database, view), reading(database, view) as looks:
        await until_at(database, view, 300)
        for position in range(310, 400, 10):
            await append(database, 10)
            await rebuild(database, view).run()
            await until_at(database, view, position)
    assert await positions(database, view) == list(range(1, 391))
    assert looks == sorted(looks)
    assert all(position == rows for position, rows in looks)
    assert await tables(database, "seen%") == ["ouvidoria_views.seen_1"]


async def test_what_was_wrong_in_a_view_is_right_after_its_rebuild(database: str) -> None:
    async with house(database) as at:
        stream = await at.register()
        await at.project(complaints.VIEW)
        await run(database, "UPDATE ouvidoria_views.complaints_4 SET subject = 'wrong'")
        found = await rebuild(database, complaints.VIEW).run(compare=True)
        assert found.count == 1
        assert found.shown == (Difference("complaints_4", (str(stream),), None, ("subject",)),)
        assert (await at.detail(stream)).subject == "parcel"
        again = await rebuild(database, complaints.VIEW).run(compare=True)
        assert (again.count, again.shown) == (0, ())


async def test_rows_that_only_one_of_two_views_has_are_told(database: str) -> None:
    async with house(database) as at:
        first, second = await at.register(), await at.register()
        await at.project(complaints.VIEW)
        await run(database, f"DELETE FROM ouvidoria_views.complaints_4 WHERE complaint_id = '{first}'")
        found = await rebuild(database, complaints.VIEW).run(compare=True, switch=False)
        assert found.shown == (Difference("complaints_4", (str(first),), "new", ()),)
        await run(
            database,
            """INSERT INTO ouvidoria_views.complaints_text_4
               SELECT gen_random_uuid(), '', '', NULL, NULL, '[]', ''""",
        )
        again = await rebuild(database, complaints.VIEW).run(compare=True)
        assert {(each.table, each.only_in) for each in again.shown} == {
            ("complaints_4", "new"),
            ("complaints_text_4", "old"),
        }
        assert (await at.detail(second)).id == second


async def test_views_are_compared_at_one_position_though_the_log_grows(database: str) -> None:
    async with house(database) as at:
        stream = await at.register()
        async with following(database, complaints.VIEW):
            growing = asyncio.create_task(_register_many(at.register))
            for _ in range(5):
                assert (await rebuild(database, complaints.VIEW).run(compare=True)).count == 0
            growing.cancel()
            await asyncio.wait([growing])
        assert (await at.detail(stream)).id == stream


async def _register_many(register: object) -> None:
    while True:
        await register()  # type: ignore[operator]  # the house's


async def test_without_a_switch_the_old_view_stays_and_the_new_one_goes(database: str) -> None:
    view = seen()
    await append(database, 3)
    await prepared(database, view)
    await rebuild(database, view).run(switch=False)
    found = await standing(database, view)
    assert found
    assert found.position == 0
    assert await tables(database, "seen%") == ["ouvidoria_views.seen_1"]


async def test_a_view_that_does_not_serve_cannot_be_compared(database: str) -> None:
    await prepared(database)
    with pytest.raises(CannotCompare, match="no seen_1 serves"):
        await rebuild(database, seen()).run(compare=True)


async def test_a_view_is_rebuilt_by_one_at_a_time(database: str) -> None:
    held, go_on = asyncio.Event(), asyncio.Event()

    async def hold(_events: Sequence[Recorded[Event]]) -> None:
        held.set()
        await go_on.wait()

    await append(database, 3)
    await prepared(database, seen())
    first = asyncio.create_task(rebuild(database, seen(before=hold)).run())
    await asyncio.wait_for(held.wait(), 60)
    with pytest.raises(BeingRebuilt, match="seen is being rebuilt already"):
        await rebuild(database, seen()).run()
    go_on.set()
    await first
    assert await positions(database, seen()) == [1, 2, 3]


async def test_a_rebuild_without_its_schema_says_what_to_do(database: str) -> None:
    await prepared(database, seen())
    await run(database, "DROP SCHEMA ouvidoria_rebuild")
    with pytest.raises(DatabaseNotReady, match="run `ouvidoria migrate`"):
        await rebuild(database, seen()).run()


async def test_a_rebuild_killed_at_any_moment_leaves_the_view_whole_and_the_next_one_begins_anew(
    database: str,
) -> None:
    view, position = seen(), 200
    await append(database, position)
    async with following(database, view), reading(database, view) as looks:
        await until_at(database, view, position)
        for moment in (0.0, 0.01, 0.03, 0.06):
            with process("rebuild", database) as rebuilding:
                await until_rebuilding(database)
                await asyncio.sleep(moment)
                os.kill(rebuilding.pid, signal.SIGKILL)
            await append(database, 5)
            position += 5
            await until_at(database, view, position)
        await until_unlocked(database)
        await rebuild(database, view).run()
    assert await positions(database, view) == list(range(1, position + 1))
    assert looks == sorted(looks)
    assert all(position == rows for position, rows in looks)


REBUILDING = """SELECT FROM pg_locks JOIN pg_database d ON d.oid = database
                 WHERE locktype = 'advisory' AND granted AND datname = current_database()
                   AND (classid::bigint << 32 | pg_locks.objid::bigint)
                     = hashtextextended('ouvidoria rebuild seen_1', 1)"""


async def until_rebuilding(database: str) -> None:
    async def locked() -> bool:
        return bool(await ask(database, REBUILDING))

    await until(locked)


async def until_unlocked(database: str) -> None:
    async def unlocked() -> bool:
        return not await ask(database, REBUILDING)

    await until(unlocked)


async def test_a_switch_waits_for_a_long_reader_and_lets_others_read_meanwhile(database: str) -> None:
    view = seen()
    await append(database, 3)
    async with following(database, view):
        await until_at(database, view, 3)
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


async def test_a_view_that_is_new_while_the_log_is_long_appears_when_it_is_complete(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SHORT", 10)
    held, go_on = asyncio.Event(), asyncio.Event()

    async def hold(_events: Sequence[Recorded[Event]]) -> None:
        held.set()
        await go_on.wait()

    await append(database, 11)
    view = seen(before=hold)
    async with following(database, view):
        await asyncio.wait_for(held.wait(), 60)
        assert await standing(database, view) is None
        assert await tables(database, "seen%") == ["ouvidoria_rebuild.seen_1"]
        go_on.set()
        await until_at(database, view, 11)
        await append(database, 1)
        await until_at(database, view, 12)
    assert await positions(database, view) == list(range(1, 13))


async def test_a_new_view_that_cannot_be_built_is_followed_up_to_the_event_that_it_fails_on(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SHORT", 10)

    async def fail(events: Sequence[Recorded[Event]]) -> None:
        if events[-1].position >= 8:
            raise ValueError("this event does not fit")

    await append(database, 11)
    view, sound = seen(before=fail), seen("sound")
    async with following(database, view, sound):
        failed = await until_failed(database, view)
        await until_at(database, sound, 11)
    assert (failed.position, failed.failed_position, failed.failure) == (7, 8, "ValueError")
    assert await positions(database, view) == [1, 2, 3, 4, 5, 6, 7]


async def test_two_versions_of_a_view_are_followed_side_by_side_until_the_old_one_is_dropped(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SHORT", 0)
    old, new = seen(), seen(version=2)
    await prepared(database, old)
    await append(database, 5)
    async with following(database, old):
        await until_at(database, old, 5)
        async with following(database, new):
            await append(database, 5)
            await until_at(database, new, 10)
            await until_at(database, old, 10)
            async with served(database) as connection:
                with pytest.raises(CannotDrop, match="seen_1 is led by a running worker"):
                    await drop(connection, "seen_1")
    async with following(database, new), served(database) as connection:
        await until_unled(database, old)
        await drop(connection, "seen_1")
        await append(database, 1)
        await until_at(database, new, 11)
    assert await tables(database, "seen%") == ["ouvidoria_views.seen_2"]
    assert await standing(database, old) is None
    assert await positions(database, new) == list(range(1, 12))


async def until_unled(database: str, view: View) -> None:
    async def unled() -> bool:
        return not await leaders(database, view)

    await until(unled)


async def test_what_is_no_view_is_not_dropped(database: str) -> None:
    await prepared(database)
    async with served(database) as connection:
        await connection.execute("INSERT INTO checkpoints (follower, position) VALUES ('reactor x', 1)")
        for name in ("reactor x", "never_1"):
            with pytest.raises(CannotDrop, match=f"no view {name}"):
                await drop(connection, name)


async def test_checkpoints_of_an_earlier_version_are_brought_up_to_date(database: str) -> None:
    async with served(database) as connection:
        await connection.execute(
            """CREATE TABLE ouvidoria_views.checkpoints (
                   follower text PRIMARY KEY, position bigint NOT NULL,
                   failed_position bigint, failure text)"""
        )
        await connection.execute("CREATE TABLE ouvidoria_views.seen_1 (position bigint NOT NULL)")
        await connection.execute("INSERT INTO checkpoints (follower, position) VALUES ('seen_1', 0)")
        await prepare(connection, [seen()])
        assert await fetch(connection, "SELECT generation, tables FROM checkpoints") == [(0, ["seen_1"])]
    await append(database, 2)
    async with following(database, seen()):
        await until_at(database, seen(), 2)


async def test_a_rebuild_that_meets_an_event_that_does_not_fit_says_where_and_leaves_the_view(
    database: str,
) -> None:
    async def fail(events: Sequence[Recorded[Event]]) -> None:
        if events[-1].position >= 8:
            raise ValueError("this event does not fit")

    await append(database, 11)
    async with following(database, seen()):
        await until_at(database, seen(), 11)
    told = "seen cannot take in an event between positions 1 and 11: ValueError: this event does not fit"
    with pytest.raises(CannotFold, match=told):
        await Rebuild(serving(database), Vault(MASTER), seen(before=fail)).run()
    assert await positions(database, seen()) == list(range(1, 12))
