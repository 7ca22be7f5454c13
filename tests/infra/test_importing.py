"""A file of complaints comes in whole, once, and whatever does not is told."""

import asyncio
import codecs
import csv
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from infra.commands import Caller, Commands
from infra.database import Unavailable
from infra.importing import (
    BadMapping,
    FileRefused,
    Mapping,
    Progress,
    Report,
    load_mapping,
    packaged,
    run,
    uses,
)
from infra.importing.loading import parse
from infra.log import Log, read
from tests.infra.logs import ask, opened, served, serving, until

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
CFPB = ROOT.parent / "shared" / "data" / "cfpb_2014.csv"

HEAD = 'source = "desk"\n'
BASE = """
[id]
column = "id"
[register]
subject = { column = "subject" }
description = { value = "from the old desk" }
channel = { value = "web" }
"""
SIMPLE = HEAD + BASE


@pytest.fixture
async def log(database: str) -> AsyncIterator[Log]:
    async with opened(serving(database)) as log:
        yield log


class Desk:
    """Imports made-up files into one database."""

    def __init__(self, database: str, log: Log, folder: Path) -> None:
        self.database = database
        self.log = log
        self.file = folder / "desk.csv"
        self.rejects = folder / "desk.rejects.csv"

    async def take(self, text: str | bytes, mapping: str = SIMPLE, **options: Any) -> Report:
        self.file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return await run(self.file, parse(mapping), Commands(self.log), **options)

    async def events(self) -> list[Any]:
        async with served(self.database) as connection:
            return await read(connection, self.log.vault, 0, 1000)

    async def only(self, text: str, mapping: str) -> Any:
        """The event of the one complaint in the file."""
        assert (await self.take(text, mapping)).added == 1, self.rejected()
        return (await self.events())[0].event

    def rejected(self) -> list[dict[str, str]]:
        with self.rejects.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    async def rejection(self, text: str | bytes, mapping: str = SIMPLE) -> tuple[str, str, str]:
        """Line, field and reason of the one row that is rejected; all others came in."""
        report = await self.take(text, mapping)
        assert (report.rejected, report.rows) == (1, report.added + 1)
        assert report.rejects == self.rejects
        (row,) = self.rejected()
        return row["line"], row["field"], row["reason"]


@pytest.fixture
def desk(database: str, log: Log, tmp_path: Path) -> Desk:
    return Desk(database, log, tmp_path)


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


async def test_a_source_id_is_known_for_ever_even_when_its_idempotency_record_is_gone(desk: Desk) -> None:
    await desk.take("id,subject\n1,a\n")
    async with served(desk.database) as connection:
        await connection.execute("DELETE FROM idempotency")
    assert (await desk.take("id,subject\n1,a\n")).known == 1
    assert len(await desk.events()) == 1


async def test_an_id_that_occurs_twice_with_other_content_is_rejected_not_skipped(desk: Desk) -> None:
    report = await desk.take("id,subject\n1,a\n1,a\n1,other\n", concurrency=1)
    assert (report.added, report.known, report.rejected) == (1, 1, 1)
    (row,) = desk.rejected()
    assert (row["line"], row["field"]) == ("4", "id")
    assert "imported before with other content" in row["reason"]


async def test_rows_that_repeat_an_id_side_by_side_are_added_once(desk: Desk) -> None:
    report = await desk.take("id,subject\n" + "1,a\n" * 50)
    assert (report.added, report.known) == (1, 49)


async def test_a_cancelled_import_resumes_with_every_row_exactly_once(desk: Desk) -> None:
    text = "id,subject\n" + "".join(f"{number},case {number}\n" for number in range(400))
    desk.file.write_text(text)

    async def some_are_in() -> bool:
        return len(await ask(desk.database, "SELECT FROM events")) >= 20

    first = asyncio.create_task(run(desk.file, parse(SIMPLE), Commands(desk.log), concurrency=4))
    await until(some_are_in)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = await desk.take(text)
    assert second.known >= 20
    assert second.added + second.known == 400
    assert sorted(e.event.subject for e in await desk.events()) == sorted(f"case {n}" for n in range(400))


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


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("2", "subject", "the row has 1 of 2 fields; missing: subject"),
        ("2,a,b", "subject", "the row has 3 fields instead of 2; beyond: 'b'"),
        ("2," + "x" * 301, "subject", "register.subject: Expected `str` of length <= 300"),
        ("2,", "subject", "register: Object missing required field `subject`"),
        (",a", "id", "the row has no id"),
        ("x" * 201 + ",a", "id", "Expected `str` of length <= 200"),
        ('2,"a"b', "", "it is not CSV: ',' expected after '\"'"),
    ],
)
async def test_a_bad_row_is_told_and_nothing_else_is_lost(
    desk: Desk, row: str, field: str, reason: str
) -> None:
    assert await desk.rejection(f"id,subject\ngood,a\n{row}\nalso good,a\n") == ("3", field, reason)
    assert desk.rejected()[0]["row"] == row


async def test_a_field_beyond_the_limit_is_told_and_nothing_else_is_lost(desk: Desk) -> None:
    report = await desk.take("id,subject\n1,a\n2," + "x" * 131_073 + "\n3,a\n")
    assert (report.added, report.rejected) == (2, 1)
    told = desk.rejects.read_text().splitlines()[1]
    assert told.startswith('3,,it is not CSV: field larger than field limit (131072),"2,xxx')


async def test_a_quote_that_is_never_closed_is_told_with_all_it_swallowed(desk: Desk) -> None:
    told = await desk.rejection('id,subject\ngood,a\n2,"open\n3,b\n')
    assert told == ("3", "", "it is not CSV: unexpected end of data")
    assert desk.rejected()[0]["row"] == '2,"open\n3,b'


async def test_a_row_is_told_by_the_line_it_starts_on(desk: Desk) -> None:
    described = HEAD + BASE.replace('{ value = "from the old desk" }', '{ column = "text" }')
    text = 'id,subject,text\r\n1,a,"two\r\nlines"\r\n\r\n2,,"again\r\ntwo"\r\n3,a,x\r\n'
    assert (await desk.rejection(text, described))[:2] == ("5", "subject")
    assert desk.rejected()[0]["row"] == '2,,"again\r\ntwo"'


async def test_invalid_bytes_reject_their_row_alone_and_are_shown(desk: Desk) -> None:
    told = await desk.rejection(b"id,subject\n1,caf\xc3\xa9\n2,caf\xe9\n")
    assert told == ("3", "subject", r"it is not valid utf-8: caf\xe9")
    assert desk.rejected()[0]["row"] == r"2,caf\xe9"


async def test_the_dialect_is_the_mappings(desk: Desk) -> None:
    dialect = "[csv]\nencoding = 'cp1252'\ndelimiter = ';'\nquote = \"'\"\nempty = ['n/a']\n"
    text = "id;subject;product\n1;'café; late';n/a\n".encode("cp1252")
    await desk.take(text, HEAD + dialect + BASE + 'product = { column = "product" }\n')
    (stored,) = await desk.events()
    assert (stored.event.subject, stored.event.product) == ("café; late", None)


async def test_a_byte_order_mark_is_no_part_of_the_first_column(desk: Desk) -> None:
    assert (await desk.take(codecs.BOM_UTF8 + b"id,subject\n1,a\n")).added == 1


async def test_columns_are_joined_and_labelled_without_their_empty_cells(desk: Desk) -> None:
    described = BASE.replace(
        '{ value = "from the old desk" }',
        '{ columns = ["a", "b", "c"], labelled = true, heading = "Fields:" }',
    ).replace('{ column = "subject" }', '{ columns = ["subject", "b", "a"], join = " / " }')
    event = await desk.only("id,subject,a,b,c\n1,late,x,,z\n", HEAD + described)
    assert event.description == "Fields:\na: x\nc: z"
    assert event.subject == "late / x"


TRANSLATED = SIMPLE.replace(
    'channel = { value = "web" }',
    'channel = { column = "via", translate = { "W" = "web" }, default = "unknown" }',
)


async def test_values_are_translated_and_empty_ones_take_the_default(desk: Desk) -> None:
    await desk.take("id,subject,via\n1,a,W\n2,a,\n", TRANSLATED)
    assert sorted(e.event.channel for e in await desk.events()) == ["unknown", "web"]


async def test_a_value_without_translation_is_rejected(desk: Desk) -> None:
    told = await desk.rejection("id,subject,via\n1,a,W\n2,a,fax\n", TRANSLATED)
    assert told == ("3", "via", "'fax' has no translation")


async def test_a_value_without_translation_is_kept_where_the_mapping_says_so(desk: Desk) -> None:
    keeping = TRANSLATED.replace('default = "unknown"', 'unknown = "keep"')
    assert (await desk.only("id,subject,via\n1,a,fax\n", keeping)).channel == "fax"


DATED = SIMPLE + 'received_at = { column = "on", date_format = "%d/%m/%Y", zone = "America/Sao_Paulo" }\n'


@pytest.mark.parametrize(
    ("day", "instant"),
    [
        ("10/07/2024", "2024-07-10T03:00:00+00:00"),
        ("04/11/2018", "2018-11-04T03:00:00+00:00"),  # the clocks skipped that midnight
    ],
)
async def test_a_date_without_time_is_the_local_start_of_the_day(desk: Desk, day: str, instant: str) -> None:
    event = await desk.only(f"id,subject,on\n1,a,{day}\n", DATED)
    assert event.received_at.isoformat() == instant


@pytest.mark.parametrize("day", ["31/02/2024", "2024-02-01", "01/01/0001"])
async def test_an_impossible_date_is_rejected(desk: Desk, day: str) -> None:
    line, _, reason = await desk.rejection(f"id,subject,on\n1,a,\n2,a,{day}\n", DATED)
    assert line == "3"
    assert "is not a date of the form" in reason or "time-out-of-range" in reason


async def test_a_time_in_the_future_is_refused_in_the_words_of_the_rules(desk: Desk) -> None:
    told = await desk.rejection("id,subject,on\n1,a,\n2,a,01/01/2190\n", DATED)
    assert told == ("3", "register", "received-in-future: 2190-01-01T03:00:00Z is in the future")


async def test_a_date_with_its_own_offset_needs_no_zone(desk: Desk) -> None:
    zoned = SIMPLE + 'received_at = { column = "on", date_format = "%Y-%m-%d %H:%M %z" }\n'
    event = await desk.only("id,subject,on\n1,a,2024-07-10 12:30 +0200\n", zoned)
    assert event.received_at.isoformat() == "2024-07-10T10:30:00+00:00"


async def test_a_required_cell_must_not_be_empty(desk: Desk) -> None:
    required = SIMPLE + 'product = { column = "product", required = true }\n'
    assert await desk.rejection("id,subject,product\n1,a,x\n2,a, \n", required) == (
        "3",
        "product",
        "it is empty",
    )


async def test_objects_and_lists_without_a_value_of_the_row_are_left_out(desk: Desk) -> None:
    nested = SIMPLE + (
        'contact.email = { column = "mail" }\n'
        'subject_refs = [{ type = { value = "order" }, value = { column = "order" } }]\n'
    )
    await desk.take("id,subject,mail,order\n1,a,ana@example.org,77\n2,b,,\n", nested)
    full, bare = sorted((e.event for e in await desk.events()), key=lambda event: event.subject)
    assert (full.contact.email, full.subject_refs[0].value) == ("ana@example.org", "77")
    assert (bare.contact, bare.subject_refs) == (None, None)


async def test_an_error_inside_an_object_names_its_column(desk: Desk) -> None:
    nested = SIMPLE + 'contact.email = { column = "mail" }\n'
    line, field, reason = await desk.rejection("id,subject,mail\n1,a,\n2,a,nobody\n", nested)
    assert (line, field) == ("3", "mail")
    assert reason.startswith("register.contact.email: Expected `str` matching regex")


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


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file is empty"),
        ("id,other\n1,a\n", "lacks columns that the mapping uses: 'subject'"),
        ("id,subject,extra\n1,a,b\n", "neither mapped nor listed under ignored: 'extra'"),
        ("id,subject,subject\n1,a,b\n", "'subject#2'"),
        ('id,"subject\n', "line 1, which must name the columns: it is not CSV"),
    ],
)
async def test_a_file_that_does_not_fit_is_refused_before_anything_is_imported(
    desk: Desk, text: str, reason: str
) -> None:
    desk.rejects.write_text("of an earlier run")
    with pytest.raises(FileRefused, match=re.escape(reason)):
        await desk.take(text)
    assert await desk.events() == []
    assert desk.rejects.read_text() == "of an earlier run"


async def test_ignored_columns_are_left_out(desk: Desk) -> None:
    ignoring = HEAD + 'ignored = ["extra", "subject#2"]\n' + BASE
    assert (await desk.take("id,subject,extra,subject\n1,a,b,c\n", ignoring)).added == 1


async def test_rejects_never_replace_the_file_itself(desk: Desk) -> None:
    with pytest.raises(FileRefused, match="would replace the file itself"):
        await desk.take("id,subject\n1,a\n", rejects=desk.file)
    assert desk.file.read_text() == "id,subject\n1,a\n"


async def test_rejects_that_cannot_be_written_are_told_before_anything_is_imported(desk: Desk) -> None:
    with pytest.raises(FileRefused, match="rejected rows cannot be written there"):
        await desk.take("id,subject\n1,a\n", rejects=desk.file.parent / "absent" / "x.csv")
    assert await desk.events() == []


async def test_a_file_that_is_not_there_is_refused(desk: Desk) -> None:
    with pytest.raises(FileRefused, match="No such file"):
        await run(desk.file, parse(SIMPLE), Commands(desk.log))


async def test_a_run_without_rejects_leaves_no_file_of_them(desk: Desk) -> None:
    await desk.rejection("id,subject\n1,a\n2,\n")
    report = await desk.take("id,subject\n1,a\n2,b\n")
    assert (report.rejects, desk.rejects.exists()) == (None, False)


async def test_an_import_that_loses_the_database_stops_with_that_and_resumes(desk: Desk) -> None:
    class Cut(Commands):
        async def create(self, aggregate: Any, caller: Caller, *commands: Any) -> Any:
            if caller.claim == "desk:30":
                raise Unavailable("the database does not answer")
            return await super().create(aggregate, caller, *commands)

    text = "id,subject\n" + "".join(f"{number},x\n" for number in range(60))
    desk.file.write_text(text)
    with pytest.raises(Unavailable):
        await run(desk.file, parse(SIMPLE), Cut(desk.log), concurrency=8)
    second = await desk.take(text)
    assert second.added >= 30
    assert len(await desk.events()) == second.added + second.known == 60


async def test_progress_ends_with_the_whole_file_read(desk: Desk) -> None:
    told: list[Progress] = []
    await desk.take("id,subject\n1,a\n2,\n", progress=told.append)
    assert (told[-1].rows, told[-1].added, told[-1].rejected) == (2, 1, 1)
    assert told[-1].bytes_read == told[-1].bytes_total == desk.file.stat().st_size
    assert told[-1].seconds_left == 0
    assert told[-1].rate > 0


async def test_no_more_rows_are_under_way_than_asked_for(desk: Desk) -> None:
    hold = asyncio.Event()
    started = 0

    class Held(Commands):
        async def create(self, *arguments: Any) -> Any:
            nonlocal started
            started += 1
            await hold.wait()
            return await super().create(*arguments)

    desk.file.write_text("id,subject\n" + "".join(f"{number},x\n" for number in range(100)))
    task = asyncio.create_task(run(desk.file, parse(SIMPLE), Held(desk.log), concurrency=5))
    async with asyncio.timeout(60):
        while started < 5:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert started == 5
    hold.set()
    assert (await task).added == 100


@pytest.mark.parametrize(
    ("mapping", "error"),
    [
        ("source = ", "it is not TOML"),
        ("", "top level: Object missing required field `source`"),
        (SIMPLE.replace("desk", "My Desk"), "source: Expected `str` matching regex"),
        (HEAD + "colour = 1\n" + BASE, "top level: Object contains unknown field `colour`"),
        (HEAD + "[csv]\ndelimiter = ';;'\n" + BASE, "csv.delimiter: Expected `str` of length <= 1"),
        (HEAD + "[csv]\ndelimiter = '\"'\n" + BASE, "csv: delimiter, quote and escape must differ"),
        (HEAD + "[csv]\nencoding = 'utf-16'\n" + BASE, "csv.encoding: 'utf-16' is not a known encoding"),
        (HEAD + "[csv]\nencoding = 'klingon'\n" + BASE, "csv.encoding: 'klingon' is not a known encoding"),
        (SIMPLE + "colour = { column = 'c' }\n", "register.colour: register has no such field"),
        (SIMPLE + "product = 'x'\n", "register.product: expected a table"),
        (SIMPLE + "product = { col = 'x' }\n", "register.product: Object contains unknown field `col`"),
        (SIMPLE + "product = { }\n", "register.product: give exactly one of"),
        (SIMPLE + "product = { column = 'a', value = 'b' }\n", "register.product: give exactly one of"),
        (SIMPLE + "product = { column = 'a', join = ' ' }\n", "register.product: join, labelled and heading"),
        (SIMPLE + "product = { value = 'a', translate = { a = 'b' } }\n", "register.product: translate and"),
        (SIMPLE + "severity = { value = 'grave' }\n", "register.severity: Invalid enum value 'grave'"),
        (
            SIMPLE + "severity = { column = 'a', translate = { x = 'grave' } }\n",
            "register.severity: Invalid enum value 'grave'",
        ),
        (
            SIMPLE + "received_at = { column = 'a', date_format = '%Y', translate = { x = 'y' } }\n",
            "register.received_at: give either translate or date_format",
        ),
        (
            SIMPLE + "received_at = { column = 'a', date_format = '%Y' }\n",
            "register.received_at.zone: a date",
        ),
        (
            SIMPLE + "received_at = { column = 'a', date_format = '%Y', zone = 'Mars/Base' }\n",
            "register.received_at.zone: 'Mars/Base' is not a time zone",
        ),
        (SIMPLE.replace('channel = { value = "web" }', ""), "register.channel: register needs it"),
        (SIMPLE + "[[then]]\ncommand = 'explode'\n", "then[0].command: 'explode' is not one of"),
        (SIMPLE + "[[then]]\ncommand = 'add-note'\n", "then[0].fields.text: add-note needs it"),
        (
            SIMPLE + "[[then]]\ncommand = 'investigate'\nwhen = { column = 'a' }\n",
            "then[0].when: give either is or is_not",
        ),
        (
            SIMPLE + "[[then]]\ncommand = 'investigate'\nwhen = { column = 'a', is = 'x' }\n",
            "then[0].when.is: Expected `array | null`, got `str`",
        ),
    ],
)
def test_an_error_in_a_mapping_names_its_key_and_the_reason(mapping: str, error: str) -> None:
    with pytest.raises(BadMapping) as raised:
        parse(mapping)
    assert str(raised.value).startswith(error)


def test_a_mapping_is_found_by_name_or_path_and_an_absent_one_is_told(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(SIMPLE)
    assert load_mapping(own).source == "desk"
    assert load_mapping("cfpb").source == "cfpb"
    with pytest.raises(BadMapping, match=r"mapping absent: No such file .*; the packaged mappings are: cfpb"):
        load_mapping("absent")
    own.write_bytes(b"\xff")
    with pytest.raises(BadMapping, match="it is not UTF-8"):
        load_mapping(own)


@pytest.mark.parametrize("name", packaged())
def test_the_table_of_what_each_column_became_is_that_of_the_mapping(name: str) -> None:
    text = (ROOT / "docs" / "importing.md").read_text()
    section = text.split(f"## What each {name.upper()} column became")[1].split("\n## ")[0]
    table = section.split("| column | became |")[1].split("\n\n")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines()[2:]]
    documented = {column.strip(): sorted(re.findall(r"`([^`]+)`", became)) for column, became in rows}
    assert documented == {column: sorted(targets) for column, targets in uses(load_mapping(name)).items()}


@pytest.fixture
def cfpb() -> list[dict[str, str]]:
    if not CFPB.exists():
        pytest.skip(f"the real complaint data ({CFPB.name}) is not beside the checkout")
    with CFPB.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if None not in row.values()]


@pytest.fixture
def mapping() -> Mapping:
    return load_mapping("cfpb")


async def test_the_real_file_comes_in_whole_but_for_its_cut_line(
    cfpb: list[dict[str, str]], mapping: Mapping, log: Log, database: str, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.csv"
    report = await run(CFPB, mapping, Commands(log), rejects=rejects)
    assert (report.rows, report.added, report.known, report.rejected) == (8340, 8339, 0, 1)
    with rejects.open(newline="", encoding="utf-8") as file:
        (rejected,) = csv.DictReader(file)
    assert (rejected["line"], rejected["field"]) == ("8341", "Consumer disputed?")
    assert rejected["reason"] == "the row has 13 of 14 fields; missing: Consumer disputed?"
    assert rejected["row"] == CFPB.read_text().splitlines()[-1]

    responses = Counter(row["Company response"] for row in cfpb)
    relief = responses["Closed with monetary relief"] + responses["Closed with non-monetary relief"]
    plain = responses["Closed"] + responses["Closed with explanation"]
    tags = await ask(database, "SELECT tag, count(*) FROM events GROUP BY 1")
    assert dict(tags) == {
        "complaint-registered": len(cfpb),
        "external-case-opened": len(cfpb),
        "external-case-answered": len(cfpb) - responses["Untimely response"],
        "note-added": len(cfpb),
        "investigation-started": responses["In progress"],
        "complaint-resolved": relief + plain,
        "customer-replied": sum(row["Consumer disputed?"] == "Yes" for row in cfpb),
    }
    outcomes = await ask(
        database,
        "SELECT convert_from(body, 'UTF8')::json ->> 'outcome', count(*) FROM events"
        " WHERE tag = 'complaint-resolved' GROUP BY 1",
    )
    assert dict(outcomes) == {"upheld": relief, "not_upheld": plain}
    products = await ask(
        database,
        "SELECT convert_from(body, 'UTF8')::json ->> 'product', count(*) FROM events"
        " WHERE tag = 'complaint-registered' GROUP BY 1",
    )
    assert dict(products) == Counter(row["Product"] for row in cfpb)

    second = await run(CFPB, mapping, Commands(log), rejects=rejects)
    assert (second.added, second.known, second.rejected) == (0, 8339, 1)


async def test_a_disputed_complaint_reads_as_the_mapping_says(
    mapping: Mapping, log: Log, database: str, tmp_path: Path
) -> None:
    file = tmp_path / "one.csv"
    file.write_text(
        "Complaint ID,Product,Sub-product,Issue,Sub-issue,State,ZIP code,Submitted via,Date received,"
        "Date sent to company,Company,Company response,Timely response?,Consumer disputed?\n"
        "42,Mortgage,,Settlement process,,FL,32219,Postal mail,10/14/2014,10/16/2014,Ocwen,"
        "Closed with monetary relief,Yes,Yes\n"
    )
    assert (await run(file, mapping, Commands(log))).added == 1
    async with served(database) as connection:
        events: list[Any] = await read(connection, log.vault, 0, 10)
    registered, opened, note, resolved, answered, replied = events
    assert registered.event.subject == "Settlement process - Mortgage"
    assert (registered.event.channel, registered.event.source_ref) == ("postal_mail", "42")
    assert registered.occurred_at == registered.event.received_at
    assert registered.occurred_at.isoformat() == "2014-10-14T04:00:00+00:00"
    assert registered.event.description.endswith(
        "Product: Mortgage\nIssue: Settlement process\nCompany: Ocwen"
    )
    assert "ZIP code: 32219\n" in note.event.text
    assert (resolved.event.outcome, resolved.event.basis) == ("upheld", "final_position")
    assert resolved.event.summary == "Company response: Closed with monetary relief"
    assert (replied.event.verdict, replied.event.needs_review) == ("rejected", True)
    assert (answered.event.declared_timely, answered.event.case_id) == (True, opened.event.case_id)
    assert [each.event.time_uncertain for each in events] == [False, False, False, True, True, True]
    assert {each.occurred_at.isoformat() for each in events[1:]} == {"2014-10-16T04:00:00+00:00"}
    assert "Time not in the source" in resolved.event.backdating_reason
