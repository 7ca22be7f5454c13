"""One leads a view at a time, and whoever is deposed changes nothing."""

import asyncio

import pytest

from infra.projector import Rebuild, View
from infra.vault import Vault
from tests.infra.followers import (
    append,
    caught_up,
    following,
    leaders,
    positions,
    seen,
    terminate,
    until_at,
)
from tests.infra.logs import MASTER, served, serving, until
from tests.infra.projector.trapping import Batch, Gate

pytestmark = pytest.mark.anyio


@pytest.mark.usefixtures("no_clock")
async def test_a_deposed_leader_changes_nothing_and_goes_on_from_where_the_checkpoint_is(
    database: str,
) -> None:
    view = seen()
    async with caught_up(database, view, events=3):
        async with served(database) as connection:  # what another leader would have done
            await connection.execute("UPDATE checkpoints SET position = 1")
        await append(database, 1)
        await until_at(database, view, 4)
    assert await positions(database, view) == [1, 2, 3, 2, 3, 4]


@pytest.mark.usefixtures("no_clock")
async def test_a_leader_whose_view_was_rebuilt_meanwhile_is_deposed_though_the_position_is_the_same(
    database: str,
) -> None:
    view = seen()
    async with caught_up(database, view, events=3):
        old = await leaders(database, view)
        await Rebuild(serving(database), Vault(MASTER), view).run()
        await append(database, 1)
        await until_at(database, view, 4)
        assert set(await leaders(database, view)).isdisjoint(old)
    assert await positions(database, view) == [1, 2, 3, 4]


async def test_of_two_runners_one_leads_and_the_other_takes_over_when_it_is_cut_off(database: str) -> None:
    took: list[str] = []

    def named(name: str) -> View:
        async def note(events: Batch) -> None:
            took.append(name)

        return seen(before=note)

    first, second = named("first"), named("second")
    async with caught_up(database, first, events=2), following(database, second):
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
