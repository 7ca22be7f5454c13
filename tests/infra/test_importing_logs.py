"""A file of changes becomes histories: in the order of time, once, and with nothing lost."""

import asyncio
import csv
import random
import re
import textwrap
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.analyst import ANALYST, RegisterAnalyst
from domain.complaint import commands as c
from domain.team import TEAM, RegisterTeam
from infra.commands import Caller, Commands
from infra.database import Unavailable
from infra.events import Recorded
from infra.importing import BadMapping, FileRefused, Progress, Report, load_mapping, outcomes, run
from infra.importing.loading import parse
from infra.importing.planning import IMPLIED, UNCERTAIN
from infra.log import Log, read
from infra.reference import Reference
from tests.infra.logs import ask, opened, served, serving

pytestmark = pytest.mark.anyio

HEADER = "case,what,when,who,state"
TIME = 'time = { column = "when", date_format = "%Y-%m-%d %H:%M", zone = "Europe/Rome" }'
LOG = """
source = "desk"
[id]
column = "case"
[register]
subject = { column = "who" }
description = { columns = ["who"], labelled = true }
channel = { value = "unknown" }
[log]
activity = "what"
time = { column = "when", date_format = "%Y-%m-%d %H:%M", zone = "Europe/Rome" }
row = { columns = ["what", "who", "state"], labelled = true }
"""
ON = """
[[on]]
activity = ["note"]
[[on]]
activity = ["rank"]
[[on.then]]
command = "classify"
fields = { severity = { column = "state", translate = { "1" = "low", "2" = "high" } } }
[[on]]
activity = ["take"]
[[on.imply]]
command = "cancel-ask"
in = ["awaiting_customer"]
fields = { reason = { value = "work goes on" } }
[[on.then]]
command = "reopen"
in = ["resolved", "closed"]
fields = { reason = { value = "taken again" } }
[[on.then]]
command = "assign"
fields = { analyst = { column = "who" } }
[[on]]
activity = ["wait"]
refused = "reject"
[[on.then]]
command = "request-information"
fields = { question = { value = "unknown" } }
[[on]]
activity = ["solve"]
[[on.then]]
command = "resolve"
[on.then.fields]
outcome = { value = "upheld" }
basis = { value = "final_position" }
summary = { column = "who" }
[[on]]
activity = ["close"]
refused = "imply"
[[on.imply]]
command = "resolve"
[on.imply.fields]
outcome = { value = "upheld" }
basis = { value = "not_required" }
summary = { value = "unknown" }
[[on.then]]
command = "close"
fields = { reason = { value = "not_required" } }
"""
DESK = LOG + ON


@pytest.fixture
async def log(database: str) -> AsyncIterator[Log]:
    async with opened(serving(database)) as log:
        yield log


class Desk:
    """Imports made-up logs into one database."""

    def __init__(self, database: str, log: Log, folder: Path) -> None:
        self.database = database
        self.log = log
        self.file = folder / "desk.csv"
        self.rejects = folder / "desk.rejects.csv"

    async def take(
        self, *rows: str, mapping: str = DESK, commands: Commands | None = None, **options: Any
    ) -> Report:
        self.file.write_text("\n".join((HEADER, *rows)) + "\n")
        report = await run(self.file, parse(mapping), commands or Commands(self.log), **options)
        assert report.rows == report.added + report.noted + report.known + report.rejected
        return report

    async def events(self) -> list[Recorded[Any]]:
        found: list[Recorded[Any]] = []
        async with served(self.database) as connection:
            while page := await read(connection, self.log.vault, len(found), 1000):
                found += page
        return found

    async def tags(self) -> list[str]:
        return [each.tag for each in await self.events()]

    async def made(self, source: str) -> Counter[str]:
        """How many events of each type the imports of a source appended."""
        return Counter(each.tag for each in await self.events() if each.actor == f"import:{source}")

    def rejected(self) -> list[dict[str, str]]:
        with self.rejects.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def desk(database: str, log: Log, tmp_path: Path) -> Desk:
    return Desk(database, log, tmp_path)


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


async def test_rows_are_executed_in_the_order_of_time_and_equal_times_in_that_of_the_file(desk: Desk) -> None:
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


async def test_a_refused_row_is_noted_with_the_reason_unless_the_mapping_says_otherwise(desk: Desk) -> None:
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


async def test_a_command_implied_by_a_state_goes_before_the_row_and_ends_every_open_ask(desk: Desk) -> None:
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


async def test_taking_a_resolved_case_again_reopens_it(desk: Desk) -> None:
    await desk.take(
        "1,take,2014-07-01 09:00,ana,", "1,solve,2014-07-02 09:00,ana,", "1,take,2014-07-03 09:00,rui,"
    )
    assert (await desk.tags())[-2:] == ["complaint-reopened", "complaint-assigned"]


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


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("1,take,yesterday,ana,", "when", "'yesterday' is not a date of the form %Y-%m-%d %H:%M"),
        (",take,2014-07-01 09:00,ana,", "case", "the row has no id"),
        ("1,explode,2014-07-01 09:00,ana,", "what", "'explode' is no activity of the mapping"),
        ("1,,2014-07-01 09:00,ana,", "what", "it is empty"),
        ("1,rank,2014-07-01 09:00,ana,9", "state", "'9' has no translation"),
        ("1,take,2014-07-01 09:00", "who, state", "the row has 3 of 5 fields; missing: who, state"),
        (
            "1,take,2190-07-01 09:00,ana,",
            "register",
            "occurred-in-future: 2190-07-01T07:00:00Z is in the future",
        ),
    ],
)
async def test_a_bad_row_is_told_and_its_case_goes_on_with_the_next(
    desk: Desk, row: str, field: str, reason: str
) -> None:
    good = "1,take,2014-07-02 09:00,rui,"
    if "2190" in row:
        row = row.replace("1,", "2,", 1)
    report = await desk.take(row, good)
    assert (report.added, report.rejected) == (1, 1)
    (told,) = desk.rejected()
    assert (told["line"], told["field"], told["reason"], told["row"]) == ("2", field, reason, row)
    assert (await desk.tags())[-1] == "complaint-assigned"


async def test_where_the_first_row_cannot_register_the_next_one_does(desk: Desk) -> None:
    report = await desk.take("1,take,2014-07-01 09:00,,", "1,note,2014-07-02 09:00,ana,")
    assert (report.rejected, report.noted) == (1, 1)
    assert desk.rejected()[0]["reason"].startswith("register: Object missing required field")
    assert (await desk.events())[0].event.subject == "ana"


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


async def test_rows_of_an_erased_case_are_rejected(desk: Desk) -> None:
    await desk.take("1,take,2014-07-01 09:00,ana,")
    async with served(desk.database) as connection:
        await connection.execute("DELETE FROM stream_keys")
    report = await desk.take("1,take,2014-07-01 09:00,ana,", "1,solve,2014-07-02 09:00,ana,")
    assert (report.known, report.rejected) == (1, 1)
    assert desk.rejected()[0]["reason"] == "the personal data of its case were erased"


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


def dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a repeatable test, no secret


def made_up(rolls: random.Random, cases: int) -> list[str]:
    """Rows of every activity, at most one of a case without a time, and some told twice."""
    rows = []
    for case in range(cases):
        at = datetime(2014, 1, 1) + timedelta(minutes=rolls.randrange(10_000))  # noqa: DTZ001 - local time
        for number in range(rolls.randrange(1, 9)):
            at += timedelta(minutes=rolls.randrange(1, 5000))
            what = rolls.choice(["note", "rank", "take", "wait", "solve", "close"])
            when = "" if number == 2 and rolls.random() < 0.3 else f"{at:%Y-%m-%d %H:%M}"
            rows.append(f"{case},{what},{when},{rolls.choice(['ana', 'rui'])},{rolls.choice('12')}")
    return rows + rolls.sample(rows, len(rows) // 10)


def told(event: Recorded[Any], asks: dict[Any, int]) -> tuple[Any, ...]:
    """An event but for what is drawn anew each time."""
    body = msgspec.to_builtins(event.event)
    body.pop("protocol", None)
    for name, value in body.items():
        if name.endswith("ask_id"):
            body[name] = asks.setdefault(value, len(asks))
        if name == "cancelled_asks":
            body[name] = [asks.setdefault(each, len(asks)) for each in value]
    return event.tag, event.occurred_at, body


@pytest.mark.parametrize("seed", range(4))
async def test_shuffled_rows_and_cases_give_the_same_events_of_each_case(desk: Desk, seed: int) -> None:
    rolls = dice(seed)
    rows = made_up(rolls, cases=25)
    first = await desk.take(*rows)
    rolls.shuffle(rows)
    second = await desk.take(
        *rows, mapping=DESK.replace('"desk"', '"other"'), concurrency=rolls.randrange(1, 9)
    )
    assert first.counts() == second.counts()
    histories: dict[str, dict[UUID, list[Any]]] = {"import:desk": {}, "import:other": {}}
    asks: dict[UUID, dict[Any, int]] = defaultdict(dict)
    for event in await desk.events():
        history = histories[event.actor].setdefault(event.stream_id, [])
        history.append(told(event, asks[event.stream_id]))
    ids = dict(await ask(desk.database, "SELECT claim, stream_id FROM claims WHERE claim NOT LIKE '%/%'"))
    for case in range(25):
        desk_history = histories["import:desk"].get(ids.get(f"desk:{case}"))  # type: ignore[arg-type] # None finds none
        other_history = histories["import:other"].get(ids.get(f"other:{case}"))  # type: ignore[arg-type] # likewise
        assert desk_history == other_history


WHOLE = DESK.replace('"desk"', '"whole"')


@pytest.mark.parametrize("seed", range(6))
async def test_a_killed_import_resumes_to_what_one_run_would_have_made(desk: Desk, seed: int) -> None:
    class Stuck(Commands):
        calls = 0
        stuck = asyncio.Event()

        async def execute(self, *arguments: Any) -> Any:
            self.calls += 1
            if self.calls > 20 + 10 * seed % 50:
                self.stuck.set()
                await asyncio.Event().wait()
            return await super().execute(*arguments)

    rows = made_up(dice(seed), cases=30)
    whole = await desk.take(*rows, mapping=WHOLE)
    commands = Stuck(desk.log)
    killed = asyncio.create_task(desk.take(*rows, commands=commands, concurrency=4))
    await commands.stuck.wait()
    killed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await killed
    rest = await desk.take(*rows)
    assert rest.known
    assert rest.rejected == whole.rejected
    assert await desk.made("desk") == await desk.made("whole")


async def test_an_import_that_loses_the_database_stops_with_that_and_resumes(desk: Desk) -> None:
    class Cut(Commands):
        calls = 0

        async def execute(self, *arguments: Any) -> Any:
            self.calls += 1
            if self.calls > 30:
                raise Unavailable("the database does not answer")
            return await super().execute(*arguments)

    rows = made_up(dice(8), cases=30)
    whole = await desk.take(*rows, mapping=WHOLE)
    with pytest.raises(Unavailable):
        await desk.take(*rows, commands=Cut(desk.log), concurrency=4)
    rest = await desk.take(*rows)
    assert rest.known
    assert rest.rejected == whole.rejected
    assert (await desk.take(*rows)).known == rest.rows - rest.rejected
    assert await desk.made("desk") == await desk.made("whole")


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


async def test_a_new_row_before_known_ones_that_was_possible_at_its_place_is_tried_as_any(desk: Desk) -> None:
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


async def test_two_imports_at_once_add_every_row_once(desk: Desk) -> None:
    rows = made_up(dice(5), cases=20)
    desk.file.write_text("\n".join((HEADER, *rows)) + "\n")
    first, second = await asyncio.gather(
        *(
            run(desk.file, parse(DESK), Commands(desk.log), rejects=desk.file.with_name(f"{name}.csv"))
            for name in ("a", "b")
        )
    )
    assert first.rows == second.rows == len(rows)
    assert first.rejected == second.rejected
    claims = await ask(desk.database, "SELECT FROM claims WHERE claim LIKE '%/%'")
    assert first.added + first.noted + second.added + second.noted == len(claims)


async def test_a_long_case_is_read_in_pages(desk: Desk) -> None:
    start = datetime(2014, 1, 1)  # noqa: DTZ001 - local time
    times = [f"{start + timedelta(minutes=minute):%Y-%m-%d %H:%M}" for minute in range(450)]
    rows = [f"1,note,{time},ana," for time in times]
    rows.insert(0, rows[420])
    report = await desk.take(*rows)
    assert (report.noted, report.known, report.cases) == (450, 1, 1)
    assert [each.occurred_at for each in (await desk.events())[1:]] == sorted(
        each.occurred_at for each in (await desk.events())[1:]
    )


async def test_progress_ends_with_the_whole_file_done(desk: Desk) -> None:
    said: list[Progress] = []
    report = await desk.take(*made_up(dice(1), cases=5), progress=said.append)
    assert (said[-1].rows, said[-1].bytes_read) == (report.rows, desk.file.stat().st_size)


async def test_an_empty_log_is_no_case(desk: Desk) -> None:
    assert (await desk.take()).counts()["cases"] == 0


async def test_a_log_without_a_mapped_column_is_refused_before_anything_is_imported(desk: Desk) -> None:
    desk.file.write_text("case,what,who,state\n1,take,ana,\n")
    with pytest.raises(FileRefused, match="lacks columns that the mapping uses: 'when'"):
        await run(desk.file, parse(DESK), Commands(desk.log))


async def test_a_row_whose_words_are_too_long_is_told(desk: Desk) -> None:
    await desk.take("1,note,2014-07-01 09:00,ana," + "x" * 20_001)
    (row,) = desk.rejected()
    assert row["field"] == "what, who, state"
    assert row["reason"] == "the row in words: Expected `str` of length <= 20000"


@pytest.mark.parametrize(
    ("mapping", "error"),
    [
        (DESK.replace(TIME, 'time = { column = "when" }'), "log.time.date_format: it is needed"),
        (
            DESK.replace(TIME, 'time = { column = "when", date_format = "%Y" }'),
            "log.time.zone: a date_format",
        ),
        (
            DESK.replace("labelled = true }\n\n[[on]]", 'colour = "x" }\n\n[[on]]'),
            "log.row: Object contains unknown",
        ),
        (
            DESK.replace(
                'row = { columns = ["what", "who", "state"], labelled = true }', 'row = { value = "x" }'
            ),
            "log.row.columns: they are needed",
        ),
        (LOG, "on: a log needs at least one"),
        (DESK.replace("[log]", "[then]"), "then: Expected `array`"),
        (DESK.replace('activity = ["rank"]', 'activity = ["note"]'), "on: 'note' occurs more than once"),
        (DESK.replace('activity = ["rank"]', "activity = []"), "on[1].activity: name at least one"),
        (DESK.replace('refused = "reject"', 'refused = "imply"'), "on[3].refused: commands under imply"),
        (DESK.replace('refused = "imply"', 'refused = "note"'), "on[5].refused: commands under imply"),
        (DESK.replace('refused = "reject"', 'refused = "lose"'), "on[3].refused: Invalid enum value 'lose'"),
        (
            DESK.replace('"awaiting_customer"', '"waiting"'),
            "on[2].imply[0].in[0]: Invalid enum value 'waiting'",
        ),
        (DESK.replace('command = "assign"', 'command = "explode"'), "on[2].then[1].command: 'explode'"),
        (
            DESK.replace("{ analyst = ", "{ colour = "),
            "on[2].then[1].fields.colour: assign has no such field",
        ),
        (
            DESK.replace("{ analyst = ", "{ occurred_at = "),
            "on[2].then[1].fields.occurred_at: in a log, log.time",
        ),
        (
            DESK.replace("[log]", 'occurred_at = { value = "x" }\n[log]'),
            "register.occurred_at: in a log, log.time",
        ),
        (DESK + '[[then]]\ncommand = "investigate"\n', "then: in a log, commands belong to activities"),
        (
            DESK + '[[on]]\nactivity = ["x"]\n[[on.imply]]\ncommand = "investigate"\n',
            "on[6].then: what is implied",
        ),
    ],
)
def test_an_error_in_a_mapping_of_a_log_names_its_key_and_the_reason(mapping: str, error: str) -> None:
    with pytest.raises(BadMapping) as raised:
        parse(mapping)
    assert str(raised.value).startswith(error)


def test_the_table_of_what_each_activity_became_is_that_of_the_mapping() -> None:
    text = (Path(__file__).parents[2] / "docs" / "importing.md").read_text()
    section = text.split("## What each HELPDESK column became")[1].split("\n## ")[0]
    table = section.split("| activity | became |")[1].split("\n\n")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines()[2:]]
    documented = {activity.strip(): re.findall(r"`([^`]+)`", became) for activity, became in rows}
    assert documented == outcomes(load_mapping("helpdesk"))


def test_the_documented_example_of_a_log_is_a_mapping() -> None:
    text = (Path(__file__).parents[2] / "docs" / "importing.md").read_text()
    example = text.split("## Event logs\n\n")[1].split("\n\n")[0]
    assert list(outcomes(parse(textwrap.dedent(example)))) == ["closed", "phoned", "printed"]
