"""A view that fails stops before the event, alone and loudly, until it is mended."""

import dataclasses
from typing import Any

import psycopg
import pytest
from msgspec import structs

from infra.log import Draft
from infra.projector import Rebuild
from infra.rows import write
from infra.vault import Vault
from tests.infra.followers import (
    following,
    leaders,
    positions,
    seen,
    standing,
    stopped,
    until_at,
    until_failed,
)
from tests.infra.logs import MASTER, NOW, append_on, request, served, serving
from tests.infra.projector.trapping import Batch, Trap

pytestmark = pytest.mark.anyio


async def test_a_view_that_fails_stops_before_the_event_alone_loudly_and_keeps_serving(database: str) -> None:
    trap = Trap(5)
    broken, sound = seen("broken", after=trap), seen("sound")
    async with stopped(database, broken, sound, events=8) as failed:
        await until_at(database, sound, 8)
        assert (failed.position, failed.failed_position, failed.failure) == (4, 5, "ValueError")
        assert failed.head == 8
        assert failed.behind_seconds > 0
        assert await positions(database, broken) == [1, 2, 3, 4]
        assert await positions(database, sound) == list(range(1, 9))


async def test_a_view_that_failed_keeps_the_lead_so_that_no_other_process_fails_in_its_turn(
    database: str,
) -> None:
    first, second = Trap(1), Trap(1)
    view, other = seen(before=first), seen(before=second)
    async with stopped(database, view, events=1), following(database, other, seen("sound")):
        await until_at(database, seen("sound"), 1)
        assert len(await leaders(database, view)) == 1
        assert second.sprung == 0


async def test_a_view_that_failed_tries_again_after_a_restart(database: str) -> None:
    trap = Trap(2)
    view = seen(before=trap)
    async with stopped(database, view, events=3):
        pass
    trap.set = False
    async with following(database, view):
        await until_at(database, view, 3)
        after = await standing(database, view)
    assert after
    assert (after.failed_position, after.failure) == (None, None)
    assert await positions(database, view) == [1, 2, 3]


async def test_a_view_that_failed_resumes_when_it_is_rebuilt(database: str) -> None:
    trap = Trap(2)
    view = seen(before=trap)
    async with stopped(database, view, events=3):
        trap.set = False
        await Rebuild(serving(database), Vault(MASTER), view).run()
        await until_at(database, view, 3)
    assert await positions(database, view) == [1, 2, 3]


async def test_a_view_whose_statement_fails_stops_before_the_event_and_tells_why(database: str) -> None:
    async def apply(connection: psycopg.AsyncConnection[Any], events: Batch) -> None:
        for event in events:
            statement = b"INSERT INTO seen_1 SELECT CASE WHEN 1 / (%s - 5) <> 9 THEN %s::bigint END"
            await write(connection, statement, [event.position, event.position])

    view = dataclasses.replace(seen(), apply=apply)
    async with stopped(database, view, events=8) as failed:
        assert (failed.position, failed.failed_position, failed.failure) == (4, 5, "DivisionByZero")
    assert await positions(database, view) == [1, 2, 3, 4]


async def test_a_view_that_makes_too_much_of_an_event_stops_before_it_and_does_not_try_for_ever(
    database: str,
) -> None:
    async def apply(connection: psycopg.AsyncConnection[Any], events: Batch) -> None:
        for event in events:
            words = "SELECT string_agg(md5(n::text), ' ') FROM generate_series(1, 40000) n WHERE %s = 5"
            statement = (
                f"INSERT INTO seen_1 SELECT %s + 0 * coalesce(length(to_tsvector('simple', ({words}))), 0)"
            )
            await write(connection, statement.encode(), [event.position, event.position])

    async with stopped(database, dataclasses.replace(seen(), apply=apply), events=8) as failed:
        assert (failed.position, failed.failed_position, failed.failure) == (4, 5, "ProgramLimitExceeded")


async def test_a_view_that_writes_at_once_is_folded_step_by_step_and_nothing_is_doubled(
    database: str,
) -> None:
    trap = Trap(5)

    async def apply(connection: psycopg.AsyncConnection[Any], events: Batch) -> None:
        for event in events:
            await connection.execute("INSERT INTO seen_1 VALUES (%s)", [event.position])
        await trap(events)

    view = dataclasses.replace(seen(), apply=apply)
    async with stopped(database, view, events=8) as failed:
        assert (failed.position, failed.failed_position, failed.failure) == (4, 5, "ValueError")
    trap.set = False
    async with following(database, view):
        await until_at(database, view, 8)
    assert await positions(database, view) == list(range(1, 9))


async def test_an_event_that_this_version_does_not_know_stops_a_view_before_it(database: str) -> None:
    view = seen()
    strange = [Draft("never-heard-of", NOW, b"{}")]
    async with served(database) as connection:
        await append_on(connection, request(events=5, wrapped_key=None))
        await append_on(connection, structs.replace(request(wrapped_key=None), events=strange))
        await append_on(connection, request(events=5, wrapped_key=None))
    async with following(database, view):
        failed = await until_failed(database, view)
    assert (failed.position, failed.failed_position, failed.failure) == (5, 6, "UnknownEvent")
    assert await positions(database, view) == [1, 2, 3, 4, 5]
