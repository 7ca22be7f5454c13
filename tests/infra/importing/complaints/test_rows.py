"""A file of complaints comes in whole, each row once and with all its commands."""

from collections import Counter

import pytest

from tests.infra.importing.complaints.desk import SIMPLE, Desk
from tests.infra.logs import ask, served

pytestmark = pytest.mark.anyio


async def test_a_row_becomes_one_stream_marked_as_imported(desk: Desk) -> None:
    report = await desk.take("id,subject\n7,late parcel\n")
    (stored,) = await desk.events()
    assert (stored.origin, stored.actor, stored.correlation) == ("import", "import:desk", report.correlation)
    assert stored.event.subject == "late parcel"
    assert await ask(desk.database, "SELECT claim FROM claims") == [("desk:7",)]


async def test_a_second_run_adds_nothing(desk: Desk) -> None:
    text = "id,subject\n1,a\n2,b\n"
    await desk.take(text)
    second = await desk.take(text)
    assert (second.rows, second.added, second.known, second.rejected) == (2, 0, 2, 0)
    assert len(await desk.events()) == 2


async def test_a_source_id_is_known_for_ever_even_when_its_idempotency_record_is_gone(
    desk: Desk,
) -> None:
    await desk.take("id,subject\n1,a\n")
    async with served(desk.database) as connection:
        await connection.execute("DELETE FROM idempotency")
    assert (await desk.take("id,subject\n1,a\n")).known == 1
    assert len(await desk.events()) == 1


async def test_an_id_that_occurs_twice_with_other_content_is_rejected_not_skipped(
    desk: Desk,
) -> None:
    report = await desk.take("id,subject\n1,a\n1,a\n1,other\n", concurrency=1)
    assert (report.added, report.known, report.rejected) == (1, 1, 1)
    (row,) = desk.rejected()
    assert (row["line"], row["field"]) == ("4", "id")
    assert "imported before with other content" in row["reason"]


async def test_rows_that_repeat_an_id_side_by_side_are_added_once(desk: Desk) -> None:
    report = await desk.take("id,subject\n" + "1,a\n" * 50)
    assert (report.added, report.known) == (1, 49)


async def test_rows_side_by_side_share_commits_of_the_log(desk: Desk) -> None:
    text = "id,subject\n" + "".join(f"{number},x\n" for number in range(300))
    await desk.take(text)
    ((commits,),) = await ask(desk.database, "SELECT count(DISTINCT recorded_at) FROM events")
    assert commits < 100


async def test_all_commands_of_a_row_or_none(desk: Desk) -> None:
    then = '[[then]]\ncommand = "add-note"\nfields = { text = { column = "note" } }\n'
    assert await desk.rejection("id,subject,note\n1,a,b\n2,a,\n", SIMPLE + then) == (
        "3",
        "note",
        "add-note: Object missing required field `text`",
    )
    assert [e.tag for e in await desk.events()] == ["complaint-registered", "note-added"]


STATED = (
    SIMPLE
    + """
[[then]]
command = "investigate"
when = { column = "state", is = ["open", "done"] }
[[then]]
command = "resolve"
when = { column = "state", is_not = ["open", "new"] }
[then.fields]
outcome = { value = "upheld" }
basis = { value = "final_position" }
summary = { column = "state" }
[known_values]
state = ["new", "open", "done"]
"""
)


async def test_further_commands_follow_where_their_condition_holds(desk: Desk) -> None:
    await desk.take("id,subject,state\n1,a,new\n2,a,open\n3,a,done\n", STATED)
    tags = Counter(event.tag for event in await desk.events())
    assert tags == {"complaint-registered": 3, "investigation-started": 2, "complaint-resolved": 1}


async def test_a_value_that_no_condition_foresaw_is_rejected(desk: Desk) -> None:
    told = await desk.rejection("id,subject,state\n1,a,new\n2,a,lost\n", STATED)
    assert told == ("3", "state", "'lost' is not one of the known values")


async def test_what_the_state_refuses_is_rejected_with_the_slug(desk: Desk) -> None:
    twice = (
        SIMPLE
        + '[[then]]\ncommand = "investigate"\nwhen = { column = "n", is = ["2"] }\n'
        + ('[[then]]\ncommand = "investigate"\nwhen = { column = "n", is = ["2"] }\n')
    )
    line, field, reason = await desk.rejection("id,subject,n\n1,a,1\n2,a,2\n", twice)
    assert (line, field) == ("3", "register + investigate + investigate")
    assert reason.startswith("wrong-state: investigate is not possible")
