"""Views get every event once and in order, in batches."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest

from infra.log import read
from infra.projector import Runner, Tail, Wake, prepare, standings, tail
from infra.vault import Vault
from tests.infra.followers import (
    LISTENERS,
    append,
    caught_up,
    following,
    leaders,
    positions,
    prepared,
    seen,
    standing,
    terminate,
    until_at,
)
from tests.infra.logs import MASTER, ask, fetch, served, serving, until
from tests.infra.projector.trapping import Batch, Gate

pytestmark = pytest.mark.anyio


async def test_a_view_gets_every_event_once_in_order_and_in_batches(database: str) -> None:
    sizes: list[int] = []

    async def count(events: Batch) -> None:
        sizes.append(len(events))

    view = seen(before=count)
    await append(database, 10)
    async with following(database, view, batch=4):
        await until_at(database, view, 10)
    assert await positions(database, view) == list(range(1, 11))
    assert sizes == [4, 4, 2]


async def test_rows_and_checkpoint_become_visible_together(database: str) -> None:
    gate = Gate()
    view = seen(after=gate)
    await append(database, 3)
    async with following(database, view):
        await asyncio.wait_for(gate.reached.wait(), 60)
        before = await standing(database, view)
        assert before
        assert before.position == 0
        assert await positions(database, view) == []
        gate.opened.set()
        await until_at(database, view, 3)
        assert await positions(database, view) == [1, 2, 3]


async def test_followers_of_a_process_read_the_log_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []

    async def counted(connection: Any, vault: Vault, after: int, limit: int) -> Batch:
        events = await read(connection, vault, after, limit)
        reads.extend(event.position for event in events)
        return events

    monkeypatch.setattr(tail, "read", counted)
    one, other = seen("one"), seen("other")
    async with following(database, one, other):
        for position in range(1, 6):
            await append(database, 1)
            await until_at(database, one, position)
            await until_at(database, other, position)
    assert reads == [1, 2, 3, 4, 5]
    assert await positions(database, one) == await positions(database, other) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("keep", [1, 3, 100])
async def test_the_tail_gives_each_follower_what_comes_next_wherever_it_stands(
    database: str, keep: int
) -> None:
    await append(database, 20)
    log, chance = Tail(serving(database), Vault(MASTER), keep=keep), random.Random(keep)  # noqa: S311 - repeatable, not secret
    for _ in range(60):
        after, limit = chance.randrange(22), chance.randrange(1, 9)
        found = [event.position for event in await log.after(after, limit)]
        assert found == list(range(after + 1, min(after + len(found), 20) + 1))
        assert found or after >= 20
    await log.close()


@pytest.mark.usefixtures("no_clock")
async def test_a_follower_is_woken_by_an_append_and_not_by_a_clock(database: str) -> None:
    view = seen()
    async with following(database, view):
        for position in range(1, 4):
            await append(database, 1)
            await until_at(database, view, position)


@pytest.mark.usefixtures("no_clock")
async def test_a_follower_whose_listener_was_cut_off_misses_nothing(database: str) -> None:
    view = seen()
    async with caught_up(database, view, events=1):
        await until_listening(database)
        await terminate(database, [pid for (pid,) in await ask(database, LISTENERS)])
        await append(database, 1)
        await until_at(database, view, 2)


async def until_listening(database: str) -> None:
    async def listening() -> bool:
        return bool(await ask(database, LISTENERS))

    await until(listening)


@pytest.mark.usefixtures("no_clock")
@pytest.mark.parametrize("ticks", range(6))
async def test_a_follower_that_is_woken_and_told_to_end_at_once_ends(database: str, ticks: int) -> None:
    view, wake = seen(), Wake(serving(database))
    await prepared(database, view)
    await append(database, 1)
    running = asyncio.create_task(Runner(view, serving(database), Vault(MASTER), wake).run())
    await until_at(database, view, 1)
    await until_idle(database, await leaders(database, view))
    wake._changed.set()
    for _ in range(ticks):
        await asyncio.sleep(0)
    running.cancel()
    ended, _ = await asyncio.wait([running], timeout=30)
    assert ended


async def until_idle(database: str, pids: Sequence[int]) -> None:
    """Return once the backends have nothing to do: their follower has read to the end and waits."""
    query = """SELECT bool_and(state = 'idle' AND query LIKE '%%COMMIT%%') FROM pg_stat_activity
                WHERE pid = ANY(%s)"""

    async def idle() -> bool:
        return bool((await ask(database, query, list(pids)))[0][0])

    await until(idle)


async def test_views_can_be_prepared_by_many_at_once_and_again(database: str) -> None:
    views = [seen("one"), seen("two")]
    await asyncio.gather(*(prepared(database, *views) for _ in range(5)))
    async with served(database) as connection:
        await prepare(connection, views)
        assert [s.follower for s in await standings(connection)] == ["one_1", "two_1"]
        schemas = await fetch(
            connection, "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE 'one%'"
        )
    assert schemas == [("ouvidoria_views",)]


async def test_each_version_of_a_view_has_its_own_checkpoint(database: str) -> None:
    assert seen().follower == "seen_1"
