"""Followers that a batch does not concern: they pass it over together, and are fenced off like any other."""

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from domain.messages import Event
from infra.events import Recorded
from infra.projector import View, leading, place, runner
from infra.projector.moving import Move, Moves
from tests.infra.followers import following, leaders, prepared, seen, terminate, until_at
from tests.infra.logs import append_on, ask, request, served, serving, until

pytestmark = pytest.mark.anyio

POSITIONS = "SELECT follower, position FROM ouvidoria_views.checkpoints ORDER BY follower"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leading, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(runner, "CANDIDATE_SECONDS", 0.02)


def unconcerned(name: str) -> View:
    """A view of streams that there are none of; it would fail on any other."""

    async def apply(_connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        raise AssertionError(events)

    ddl = f"CREATE TABLE IF NOT EXISTS {name}_1 (position bigint NOT NULL)"
    return View(
        name=name, version=1, ddl=ddl, tables=(f"{name}_1",), apply=apply, stream_kinds=("no-such-kind",)
    )


async def append(database: str, events: int) -> None:
    async with served(database) as connection:
        await append_on(connection, *(request(events=1, wrapped_key=None) for _ in range(events)))


async def test_checkpoints_move_together_and_only_from_where_they_are(database: str) -> None:
    one, other, third = seen("one"), seen("other"), seen("third")
    await prepared(database, one, other, third)
    moves = Moves(serving(database))
    asked = (
        Move("one_1", 0, 0, 5),
        Move("other_1", 0, 3, 5),
        Move("third_1", 1, 0, 5),
        Move("no_1", 0, 0, 5),
    )
    assert await asyncio.gather(*map(moves.move, asked)) == [True, False, False, False]
    assert await moves.move(Move("one_1", 0, 5, 6)) is True
    assert await ask(database, POSITIONS) == [("one_1", 6), ("other_1", 0), ("third_1", 0)]
    await moves.close()


async def test_what_does_not_concern_a_view_is_passed_over_without_it(database: str) -> None:
    quiet, other, busy = unconcerned("quiet"), unconcerned("other"), seen("busy")
    async with following(database, quiet, other, busy):
        for position in range(1, 30):
            await append(database, 1)
            for view in (quiet, other, busy):
                await until_at(database, view, position)


async def test_a_view_that_passes_all_over_gives_way_to_whoever_has_moved_it(database: str) -> None:
    quiet = unconcerned("quiet")
    async with following(database, quiet):
        await append(database, 1)
        await until_at(database, quiet, 1)
        await ask(database, "UPDATE ouvidoria_views.checkpoints SET position = 0, generation = 7 RETURNING 1")
        await append(database, 1)
        await until_at(database, quiet, 2)
    kept = await ask(database, "SELECT position, generation FROM ouvidoria_views.checkpoints")
    assert kept == [(2, 7)]


async def test_a_view_that_passes_all_over_notices_that_it_lost_the_lead(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log grows all the while, so that nobody ever waits for it and looks at the checkpoint."""
    monkeypatch.setattr(leading, "POLL_SECONDS", 1_000_000)
    monkeypatch.setattr(place, "SIGN_SECONDS", 0.5)
    quiet = unconcerned("quiet")
    async with following(database, quiet):
        await append(database, 1)
        await until_at(database, quiet, 1)
        old = await leaders(database, quiet)
        await terminate(database, old)

        async def replaced() -> bool:
            await append(database, 1)
            return bool(set(await leaders(database, quiet)) - set(old))

        await until(replaced)
