"""A log that comes again, or grown: what is known adds nothing, what is new finds its place."""

from datetime import datetime, timedelta

import pytest

from tests.infra.importing.logs.desk import LOG, ON, Desk
from tests.infra.importing.logs.made_up import dice, made_up
from tests.infra.logs import served

pytestmark = pytest.mark.anyio


async def test_a_row_told_twice_is_one_row(desk: Desk) -> None:
    twice = "1,note,2014-07-01 09:00,ana,"
    report = await desk.take(twice, twice, "2,note,2014-07-01 09:00,ana,")
    assert (report.noted, report.known) == (2, 1)


async def test_a_row_is_known_again_by_its_identity_alone_where_the_mapping_names_one(desk: Desk) -> None:
    numbered = LOG + 'identity = ["what", "when"]\n' + ON
    await desk.take("1,note,2014-07-01 09:00,ana,", mapping=numbered)
    assert (await desk.take("1,note,2014-07-01 09:00,rui,x", mapping=numbered)).known == 1


async def test_columns_that_are_ignored_are_no_part_of_a_rows_identity(desk: Desk) -> None:
    ignoring = (
        'ignored = ["state"]\n'
        + LOG.replace('"who", "state"', '"who"')
        + ON.replace('{ column = "state", translate = { "1" = "low", "2" = "high" } }', '{ value = "low" }')
    )
    await desk.take("1,note,2014-07-01 09:00,ana,variant 1", mapping=ignoring)
    assert (await desk.take("1,note,2014-07-01 09:00,ana,variant 2", mapping=ignoring)).known == 1


async def test_a_second_run_adds_nothing_even_when_the_idempotency_records_are_gone(desk: Desk) -> None:
    rows = made_up(dice(3), cases=20)
    first = await desk.take(*rows)
    async with served(desk.database) as connection:
        await connection.execute("DELETE FROM idempotency")
    many = len(await desk.events())
    second = await desk.take(*rows)
    assert (second.added, second.noted, second.implied) == (0, 0, 0)
    assert (second.known, second.rejected) == (first.rows - first.rejected, first.rejected)
    assert len(await desk.events()) == many


async def test_a_grown_file_adds_its_new_rows_whether_it_has_the_old_ones_or_not(desk: Desk) -> None:
    await desk.take("1,take,2014-07-01 09:00,ana,")
    grown = await desk.take("1,take,2014-07-01 09:00,ana,", "1,solve,2014-07-02 09:00,ana,")
    assert (grown.known, grown.added) == (1, 1)
    assert (await desk.take("1,close,2014-07-03 09:00,ana,")).added == 1
    assert await desk.tags() == [
        "complaint-registered",
        "complaint-assigned",
        "complaint-resolved",
        "complaint-closed",
    ]
    assert {each.stream_id for each in await desk.events()} == {(await desk.events())[0].stream_id}


async def test_a_new_row_from_before_the_last_change_is_noted_for_history_is_not_rewritten(
    desk: Desk,
) -> None:
    await desk.take("1,take,2014-07-01 09:00,ana,", "1,wait,2014-07-03 09:00,ana,")
    late = await desk.take("1,solve,2014-07-02 09:00,ana,")
    note = (await desk.events())[-1]
    assert (late.noted, note.occurred_at.isoformat()) == (1, "2014-07-02T07:00:00+00:00")
    assert note.event.text.startswith("Kept as a note; before-last-change")


@pytest.mark.parametrize("notes", [0, 450])
async def test_an_import_with_rejects_run_twice_rejects_the_same_rows_and_adds_nothing(
    desk: Desk, notes: int
) -> None:
    start = datetime(2014, 7, 1)  # noqa: DTZ001 - local time
    between = [f"1,note,{start + timedelta(minutes=minute):%Y-%m-%d %H:%M},ana," for minute in range(notes)]
    bad = (
        "1,take,2014-06-01 09:00,,",  # cannot register, so the next one does
        "1,wait,2014-08-01 09:00,ana,",  # refused, as the case is solved; possible in the end
        "1,wait,2014-08-01 09:00,ana,",  # the same told twice
    )
    rows = (
        *bad,
        *between,
        "1,solve,2014-06-02 09:00,ana,",
        "1,take,2014-08-02 09:00,rui,",
        "1,rank,2014-08-03 09:00,rui,1",
    )
    first = await desk.take(*rows)
    rejected, many = desk.rejected(), len(await desk.events())
    assert {row["row"] for row in rejected} == set(bad)
    second = await desk.take(*rows)
    assert desk.rejected() == rejected
    assert (second.known, second.rejected) == (first.added + first.noted, first.rejected)
    assert len(await desk.events()) == many


async def test_a_new_row_before_known_ones_that_was_possible_at_its_place_is_tried_as_any(
    desk: Desk,
) -> None:
    old = ("1,take,2014-07-01 09:00,ana,", "1,solve,2014-07-03 09:00,ana,", "1,take,2014-07-04 09:00,rui,")
    await desk.take(*old)
    grown = await desk.take(*old, "1,wait,2014-07-02 09:00,ana,", "1,rank,2014-07-02 10:00,ana,1")
    assert (grown.known, grown.added, grown.rejected) == (3, 1, 1)
    assert desk.rejected()[0]["reason"].startswith("before-last-change")
    assert (await desk.tags())[-1] == "complaint-classified"


async def test_a_file_that_does_not_tell_how_its_case_went_rejects_no_row_for_that(desk: Desk) -> None:
    await desk.take("1,take,2014-07-01 09:00,ana,")
    assert (await desk.take("1,rank,,rui,2")).added == 1
    grown = await desk.take("1,wait,,ana,", "1,rank,,rui,2")
    assert (grown.known, grown.added) == (1, 1)
