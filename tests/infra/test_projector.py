"""Views get every event once and in order: in batches, across failures, rebuilds and changes of leader."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import structs

from domain.messages import Event
from infra.events import Recorded
from infra.log import Draft, read
from infra.projector import Rebuild, Runner, Tail, View, Wake, leading, prepare, runner, standings, tail
from infra.vault import Vault
from tests.infra.followers import (
    LISTENERS,
    following,
    leaders,
    positions,
    prepared,
    seen,
    standing,
    terminate,
    until_at,
    until_failed,
)
from tests.infra.logs import MASTER, NOW, append_on, ask, fetch, opened, request, served, serving, until

pytestmark = pytest.mark.anyio

Batch = Sequence[Recorded[Event]]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leading, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(runner, "CANDIDATE_SECONDS", 0.02)


async def append(database: str, events: int) -> None:
    async with opened(serving(database)) as log:
        await log.append(request(events=events, wrapped_key=None))


class Trap:
    """Raises on one event, as long as it is set."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.set = True
        self.sprung = 0

    async def __call__(self, events: Batch) -> None:
        if self.set and self.position in [event.position for event in events]:
            self.sprung += 1
            raise ValueError("this event does not fit")


class Gate:
    """Holds up whoever comes to it until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self, _events: Batch) -> None:
        self.reached.set()
        await self.opened.wait()


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


async def test_a_deposed_leader_changes_nothing_and_goes_on_from_where_the_checkpoint_is(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "POLL_SECONDS", 1_000_000)
    view = seen()
    await append(database, 3)
    async with following(database, view):
        await until_at(database, view, 3)
        async with served(database) as connection:  # what another leader would have done
            await connection.execute("UPDATE checkpoints SET position = 1")
        await append(database, 1)
        await until_at(database, view, 4)
    assert await positions(database, view) == [1, 2, 3, 2, 3, 4]


async def test_a_leader_whose_view_was_rebuilt_meanwhile_is_deposed_though_the_position_is_the_same(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "POLL_SECONDS", 1_000_000)
    view = seen()
    await append(database, 3)
    async with following(database, view):
        await until_at(database, view, 3)
        old = await leaders(database, view)
        await Rebuild(serving(database), Vault(MASTER), view).run()
        await append(database, 1)
        await until_at(database, view, 4)
        assert set(await leaders(database, view)).isdisjoint(old)
    assert await positions(database, view) == [1, 2, 3, 4]


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


async def test_of_two_runners_one_leads_and_the_other_takes_over_when_it_is_cut_off(database: str) -> None:
    took: list[str] = []

    def named(name: str) -> View:
        async def note(events: Batch) -> None:
            took.append(name)

        return seen(before=note)

    first, second = named("first"), named("second")
    async with following(database, first):
        await append(database, 2)
        await until_at(database, first, 2)
        async with following(database, second):
            await append(database, 2)
            await until_at(database, first, 4)
            old = await leaders(database, first)
            assert len(old) == 1
            await terminate(database, old)

            async def replaced() -> bool:
                return bool(set(await leaders(database, first)) - set(old))

            await until(replaced)
            await append(database, 2)
            await until_at(database, first, 6)
    assert await positions(database, first) == [1, 2, 3, 4, 5, 6]
    assert took[:2] == ["first", "first"]


async def test_a_leader_cut_off_in_the_middle_of_a_batch_leaves_nothing_behind(database: str) -> None:
    gate = Gate()
    held, free = seen(after=gate), seen()
    await append(database, 3)
    async with following(database, held):
        await asyncio.wait_for(gate.reached.wait(), 60)
        async with following(database, free):
            await terminate(database, await leaders(database, held))
            await until_at(database, free, 3)
        gate.opened.set()
        await append(database, 1)
        await until_at(database, held, 4)
    assert await positions(database, held) == [1, 2, 3, 4]


async def test_a_view_that_fails_stops_before_the_event_alone_loudly_and_keeps_serving(database: str) -> None:
    trap = Trap(5)
    broken, sound = seen("broken", after=trap), seen("sound")
    await append(database, 8)
    async with following(database, broken, sound):
        failed = await until_failed(database, broken)
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
    await append(database, 1)
    async with following(database, view):
        await until_failed(database, view)
        async with following(database, other, seen("sound")):
            await until_at(database, seen("sound"), 1)
            assert len(await leaders(database, view)) == 1
            assert second.sprung == 0


async def test_a_view_that_failed_tries_again_after_a_restart(database: str) -> None:
    trap = Trap(2)
    view = seen(before=trap)
    await append(database, 3)
    async with following(database, view):
        await until_failed(database, view)
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
    await append(database, 3)
    async with following(database, view):
        await until_failed(database, view)
        trap.set = False
        await Rebuild(serving(database), Vault(MASTER), view).run()
        await until_at(database, view, 3)
    assert await positions(database, view) == [1, 2, 3]


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


async def until_blocked(database: str) -> None:
    query = """SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'"""

    async def blocked() -> bool:
        return bool((await ask(database, query))[0][0])

    await until(blocked)


async def test_a_follower_is_woken_by_an_append_and_not_by_a_clock(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "POLL_SECONDS", 1_000_000)
    view = seen()
    async with following(database, view):
        for position in range(1, 4):
            await append(database, 1)
            await until_at(database, view, position)


async def test_a_follower_whose_listener_was_cut_off_misses_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading, "POLL_SECONDS", 1_000_000)
    view = seen()
    async with following(database, view):
        await append(database, 1)
        await until_at(database, view, 1)
        await until_listening(database)
        await terminate(database, [pid for (pid,) in await ask(database, LISTENERS)])
        await append(database, 1)
        await until_at(database, view, 2)


async def until_listening(database: str) -> None:
    async def listening() -> bool:
        return bool(await ask(database, LISTENERS))

    await until(listening)


@pytest.mark.parametrize("ticks", range(6))
async def test_a_follower_that_is_woken_and_told_to_end_at_once_ends(
    database: str, monkeypatch: pytest.MonkeyPatch, ticks: int
) -> None:
    monkeypatch.setattr(leading, "POLL_SECONDS", 1_000_000)
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
