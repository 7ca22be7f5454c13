"""A rebuild tells where the view that serves was wrong."""

import asyncio

import pytest

from infra.projector import (
    CannotCompare,
    Difference,
)
from projections import complaints
from tests.infra.followers import (
    append,
    following,
    prepared,
    seen,
    standing,
)
from tests.infra.logs import run
from tests.infra.rebuild.rebuilding import rebuild, tables
from tests.projections.house import house

pytestmark = pytest.mark.anyio


async def test_what_was_wrong_in_a_view_is_right_after_its_rebuild(database: str) -> None:
    async with house(database) as at:
        stream = await at.register()
        await at.project(complaints.VIEW)
        await run(database, "UPDATE ouvidoria_views.complaints_4 SET subject = 'wrong', severity = 'low'")
        found = await rebuild(database, complaints.VIEW).run(compare=True)
        assert found.count == 1
        assert found.shown == (Difference("complaints_4", (str(stream),), None, ("severity", "subject")),)
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
