"""A row without a time of its own."""

import pytest

from infra.importing.planning import UNCERTAIN
from tests.infra.importing.logs.desk import Desk

pytestmark = pytest.mark.anyio


async def test_a_row_without_a_time_takes_the_last_known_one_of_its_case_and_is_marked(desk: Desk) -> None:
    await desk.take("1,note,,ana,", "1,take,2014-07-01 09:00,ana,", "1,solve,2014-07-02 09:00,ana,")
    *_, resolved, note = await desk.events()
    assert (resolved.tag, note.tag) == ("complaint-resolved", "note-added")
    assert note.occurred_at == resolved.occurred_at
    assert (note.event.backdating_reason, note.event.time_uncertain) == (UNCERTAIN, True)
    assert UNCERTAIN not in resolved.event.backdating_reason
    assert not resolved.event.time_uncertain


async def test_a_case_without_any_time_is_rejected_for_none_is_made_up(desk: Desk) -> None:
    report = await desk.take("1,take,,ana,", "1,note,,ana,", "2,take,2014-07-01 09:00,ana,")
    assert (report.added, report.rejected, report.cases) == (1, 2, 2)
    assert {(row["field"], row["reason"]) for row in desk.rejected()} == {
        ("when", "no row of its case has a time")
    }


async def test_a_new_row_without_a_time_takes_that_of_the_last_change_in_the_log(desk: Desk) -> None:
    await desk.take("1,take,2014-07-01 09:00,ana,", "1,solve,2014-07-02 09:00,ana,")
    assert (await desk.take("1,note,,ana,")).noted == 1
    *_, resolved, note = await desk.events()
    assert (note.occurred_at, note.event.backdating_reason) == (resolved.occurred_at, UNCERTAIN)
