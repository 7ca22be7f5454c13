"""A new version of a view appears when it is complete, and an old one goes when it is dropped."""

import asyncio

import pytest

from infra.projector import (
    CannotDrop,
    View,
    checkpoints,
    drop,
    prepare,
)
from tests.infra.followers import (
    append,
    caught_up,
    following,
    leaders,
    positions,
    prepared,
    seen,
    standing,
    stopped,
    until_at,
)
from tests.infra.logs import fetch, served, until
from tests.infra.projector.trapping import Gate, Trap
from tests.infra.rebuild.rebuilding import tables

pytestmark = pytest.mark.anyio


async def test_a_view_that_is_new_while_the_log_is_long_appears_when_it_is_complete(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SHORT", 10)
    gate = Gate()
    await append(database, 11)
    view = seen(before=gate)
    async with following(database, view):
        await asyncio.wait_for(gate.reached.wait(), 60)
        assert await standing(database, view) is None
        assert await tables(database, "seen%") == ["ouvidoria_rebuild.seen_1"]
        gate.opened.set()
        await until_at(database, view, 11)
        await append(database, 1)
        await until_at(database, view, 12)
    assert await positions(database, view) == list(range(1, 13))


async def test_a_new_view_that_cannot_be_built_is_followed_up_to_the_event_that_it_fails_on(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SHORT", 10)
    view, sound = seen(before=Trap(8)), seen("sound")
    async with stopped(database, view, sound, events=11) as failed:
        await until_at(database, sound, 11)
    assert (failed.position, failed.failed_position, failed.failure) == (7, 8, "ValueError")
    assert await positions(database, view) == [1, 2, 3, 4, 5, 6, 7]


async def test_two_versions_of_a_view_are_followed_side_by_side_until_the_old_one_is_dropped(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SHORT", 0)
    old, new = seen(), seen(version=2)
    await prepared(database, old)
    async with caught_up(database, old, events=5), following(database, new):
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
