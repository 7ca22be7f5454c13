"""A row of a log is executed at its place, or kept as a note, or rejected, and its case goes on."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.analyst import ANALYST, RegisterAnalyst
from domain.complaint import commands as c
from domain.team import TEAM, RegisterTeam
from infra.commands import Caller, Commands
from infra.reference import Reference
from tests.infra.importing.logs.desk import LOG, ON, Desk
from tests.infra.logs import served

pytestmark = pytest.mark.anyio


async def test_the_first_row_of_a_case_registers_it_and_is_then_executed_as_any_other(desk: Desk) -> None:
    report = await desk.take("7,take,2014-07-01 09:00,ana,", "7,solve,2014-07-02 10:30,rui,")
    registered, assigned, resolved = await desk.events()
    assert [each.tag for each in (registered, assigned, resolved)] == [
        "complaint-registered",
        "complaint-assigned",
        "complaint-resolved",
    ]
    assert registered.event.subject == "ana"
    assert {registered.occurred_at.isoformat(), assigned.occurred_at.isoformat()} == {
        "2014-07-01T07:00:00+00:00"
    }
    assert resolved.occurred_at.isoformat() == "2014-07-02T08:30:00+00:00"
    assert (resolved.origin, resolved.actor, resolved.correlation) == (
        "import",
        "import:desk",
        report.correlation,
    )
    assert report.counts() == {
        "cases": 1,
        "rows": 2,
        "added": 2,
        "known": 0,
        "rejected": 0,
        "noted": 0,
        "implied": 0,
    }


async def test_rows_are_executed_in_the_order_of_time_and_equal_times_in_that_of_the_file(
    desk: Desk,
) -> None:
    await desk.take(
        "1,close,2014-07-03 09:00,ana,",
        "1,solve,2014-07-02 09:00,ana,",
        "1,take,2014-07-02 09:00,rui,",
        "1,take,2014-07-01 09:00,ana,",
    )
    assert await desk.tags() == [
        "complaint-registered",
        "complaint-assigned",
        "complaint-resolved",
        "complaint-reopened",
        "complaint-assigned",
        "complaint-resolved",
        "complaint-closed",
    ]


async def test_what_no_field_took_stands_in_the_reason_of_the_rows_first_event(desk: Desk) -> None:
    await desk.take(
        "1,take,2014-07-01 09:00,ana,x", "1,solve,2014-07-02 09:00,ana,", "1,take,2014-07-03 09:00,rui,y"
    )
    reasons = [each.event.backdating_reason for each in await desk.events()]
    assert reasons == [
        None,
        "what: take\nwho: ana\nstate: x",
        "what: solve\nwho: ana",
        "what: take\nwho: rui\nstate: y",
        None,
    ]


async def test_an_activity_without_commands_is_kept_as_a_note(desk: Desk) -> None:
    report = await desk.take("1,note,2014-07-01 09:00,ana,x")
    _, note = await desk.events()
    assert (report.added, report.noted) == (0, 1)
    assert note.event.text == "what: note\nwho: ana\nstate: x"


async def test_a_row_that_changes_nothing_is_kept_as_a_note(desk: Desk) -> None:
    report = await desk.take("1,rank,2014-07-01 09:00,ana,1", "1,rank,2014-07-02 09:00,rui,1")
    assert await desk.tags() == ["complaint-registered", "complaint-classified", "note-added"]
    note = (await desk.events())[-1]
    assert note.event.text == "Kept as a note; it changes nothing.\nwhat: rank\nwho: rui\nstate: 1"
    assert (report.added, report.noted) == (1, 1)


async def test_an_assignment_from_a_file_says_whom_the_team_belongs_to_as_any(desk: Desk) -> None:
    reference = Reference()
    commands, who = Commands(desk.log, reference), Caller(actor="sofia", correlation="request-1")
    await commands.create(TEAM, who, RegisterTeam(name="night", provider="third_party"))
    async with served(desk.database) as connection:
        await reference.read(connection)
        await commands.create(ANALYST, who, RegisterAnalyst(subject="ana", team="night"))
        await reference.read(connection)
    report = await desk.take(
        "1,take,2014-07-01 09:00,ana,", "1,take,2014-07-02 09:00,ana,", commands=commands
    )
    assigned, note = [each.event for each in (await desk.events())[-2:]]
    assert (assigned.analyst, assigned.team, assigned.provider) == ("ana", "night", "third_party")
    assert note.text.startswith("Kept as a note; it changes nothing.")
    assert (report.added, report.noted) == (1, 1)


async def test_a_refused_row_is_noted_with_the_reason_unless_the_mapping_says_otherwise(
    desk: Desk,
) -> None:
    report = await desk.take(
        "1,solve,2014-07-01 09:00,ana,",
        "1,solve,2014-07-02 09:00,rui,",
        "1,take,2014-07-03 09:00,rui,",
    )
    note = (await desk.events())[2]
    assert note.tag == "note-added"
    assert note.event.text.startswith(
        "Kept as a note; wrong-state: resolve is not possible in the state resolved"
    )
    assert note.event.text.endswith("\nwhat: solve\nwho: rui")
    assert note.occurred_at.isoformat() == "2014-07-02T07:00:00+00:00"
    assert (report.added, report.noted, report.rejected) == (2, 1, 0)


async def test_a_refused_row_is_rejected_where_the_mapping_says_so_and_the_others_of_its_case_are_not(
    desk: Desk,
) -> None:
    rows = (
        "1,solve,2014-07-01 09:00,ana,",
        "1,wait,2014-07-02 09:00,ana,",
        "1,close,2014-07-03 09:00,ana,",
    )
    report = await desk.take(*rows)
    assert (report.added, report.rejected) == (2, 1)
    (row,) = desk.rejected()
    assert (row["line"], row["field"], row["row"]) == ("3", "request-information", rows[1])
    assert row["reason"].startswith("wrong-state: request-information is not possible")
    assert await desk.tags() == ["complaint-registered", "complaint-resolved", "complaint-closed"]
    again = await desk.take(*rows)
    assert (again.known, again.rejected) == (2, 1)


async def test_the_log_says_what_becomes_of_refused_rows_where_the_activity_does_not(desk: Desk) -> None:
    strict = LOG + 'refused = "reject"\n' + ON
    report = await desk.take("1,solve,2014-07-01 09:00,a,", "1,solve,2014-07-02 09:00,b,", mapping=strict)
    assert (report.rejected, desk.rejected()[0]["field"]) == (1, "resolve")


async def test_a_refusal_that_only_the_service_knows_of_is_handled_as_any(desk: Desk) -> None:
    commands = Commands(desk.log, reopen_window=timedelta(days=30))
    report = await desk.take(
        "1,solve,2014-01-01 09:00,ana,", "1,take,2014-07-01 09:00,rui,", commands=commands
    )
    assert (report.added, report.noted) == (1, 1)
    assert (await desk.tags())[-1] == "note-added"


async def test_a_case_that_somebody_works_on_meanwhile_is_decided_anew(desk: Desk) -> None:
    class Busy(Commands):
        interrupted = False

        async def execute(self, aggregate: Any, stream_id: UUID, caller: Caller, *commands: Any) -> Any:
            if isinstance(commands[0], c.Resolve) and not self.interrupted:
                self.interrupted = True
                live = Caller(actor="ana", correlation="request-1")
                withdraw = c.Withdraw(by="customer", reason="settled")
                await super().execute(aggregate, stream_id, live, withdraw)
            return await super().execute(aggregate, stream_id, caller, *commands)

    report = await desk.take(
        "1,take,2014-07-01 09:00,ana,", "1,solve,2014-07-02 09:00,ana,", commands=Busy(desk.log)
    )
    assert (report.added, report.noted) == (1, 1)
    assert (await desk.tags())[-2:] == ["complaint-withdrawn", "note-added"]


async def test_taking_a_resolved_case_again_reopens_it(desk: Desk) -> None:
    await desk.take(
        "1,take,2014-07-01 09:00,ana,", "1,solve,2014-07-02 09:00,ana,", "1,take,2014-07-03 09:00,rui,"
    )
    assert (await desk.tags())[-2:] == ["complaint-reopened", "complaint-assigned"]
