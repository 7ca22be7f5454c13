"""What a source left out is implied where the mapping says so: marked, counted, and no more than needed."""

import pytest

from infra.importing.planning import IMPLIED
from tests.infra.importing.logs.desk import Desk

pytestmark = pytest.mark.anyio


async def test_a_missing_command_is_implied_marked_and_counted(desk: Desk) -> None:
    report = await desk.take("1,take,2014-07-01 09:00,ana,", "1,close,2014-07-02 09:00,ana,")
    *_, resolved, closed = await desk.events()
    assert (resolved.tag, closed.tag) == ("complaint-resolved", "complaint-closed")
    assert resolved.event.backdating_reason == IMPLIED
    assert closed.event.backdating_reason == "what: close\nwho: ana"
    assert resolved.occurred_at == closed.occurred_at
    assert (report.added, report.implied) == (2, 1)


async def test_nothing_is_implied_where_the_state_allows_the_row(desk: Desk) -> None:
    report = await desk.take("1,solve,2014-07-01 09:00,ana,", "1,close,2014-07-02 09:00,ana,")
    assert (report.added, report.implied) == (2, 0)


async def test_a_row_that_is_refused_even_so_is_noted(desk: Desk) -> None:
    report = await desk.take("1,close,2014-07-01 09:00,ana,", "1,close,2014-07-02 09:00,rui,")
    assert (report.added, report.noted, report.implied) == (1, 1, 1)
    assert (await desk.tags())[-1] == "note-added"


async def test_a_command_implied_by_a_state_goes_before_the_row_and_ends_every_open_ask(
    desk: Desk,
) -> None:
    report = await desk.take(
        "1,wait,2014-07-01 09:00,ana,",
        "1,wait,2014-07-02 09:00,ana,",
        "1,take,2014-07-03 09:00,rui,",
    )
    events = await desk.events()
    assert [each.tag for each in events[3:]] == ["ask-cancelled", "ask-cancelled", "complaint-assigned"]
    assert {each.event.ask_id for each in events[1:3]} == {each.event.ask_id for each in events[3:5]}
    assert all(each.event.backdating_reason == IMPLIED for each in events[3:5])
    assert (report.added, report.implied) == (3, 2)


async def test_what_a_row_implies_is_added_even_where_the_row_itself_changes_nothing(desk: Desk) -> None:
    report = await desk.take(
        "1,take,2014-07-01 09:00,ana,",
        "1,wait,2014-07-02 09:00,ana,",
        "1,take,2014-07-03 09:00,ana,x",
    )
    assert (await desk.tags())[-2:] == ["ask-cancelled", "note-added"]
    assert (report.added, report.noted, report.implied) == (2, 1, 1)
