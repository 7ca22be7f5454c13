"""A crash of a rebuild changes nothing."""

import asyncio
import os
import signal

import pytest

from tests.infra.followers import (
    append,
    caught_up,
    positions,
    prepared,
    seen,
    until_asleep,
    until_at,
)
from tests.infra.logs import ask, until
from tests.infra.processes import process
from tests.infra.rebuild.rebuilding import REBUILDING, reading, rebuild, until_rebuilding

pytestmark = pytest.mark.anyio

EXCLUSIVE = """SELECT FROM pg_locks WHERE relation = 'ouvidoria_views.seen_1'::regclass AND granted
                AND mode = 'AccessExclusiveLock'"""


async def test_a_rebuild_killed_at_any_moment_leaves_the_view_whole_and_the_next_one_begins_anew(
    database: str,
) -> None:
    view, position = seen(), 200
    async with caught_up(database, view, events=position), reading(database, view) as looks:
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


async def test_a_rebuild_killed_in_the_middle_of_a_statement_is_in_nobodys_way(database: str) -> None:
    await append(database, 3)
    await prepared(database, seen())
    with process("rebuild-sleep", database) as rebuilding:
        await until_asleep(database)
        os.kill(rebuilding.pid, signal.SIGKILL)
        await until_unlocked(database)
        await rebuild(database, seen()).run()
    assert await positions(database, seen()) == [1, 2, 3]


async def test_a_rebuild_that_hangs_while_nobody_can_read_the_view_is_in_nobodys_way_for_long(
    database: str,
) -> None:
    async def switching() -> bool:
        return bool(await ask(database, EXCLUSIVE))

    async with caught_up(database, seen(), events=3):
        with process("switch", database) as rebuilding:
            await until(switching)
            os.kill(rebuilding.pid, signal.SIGSTOP)
            await append(database, 1)
            await until_at(database, seen(), 4)
            assert await positions(database, seen()) == [1, 2, 3, 4]


async def until_unlocked(database: str) -> None:
    async def unlocked() -> bool:
        return not await ask(database, REBUILDING)

    await until(unlocked)
