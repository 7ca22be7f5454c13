"""Files as they come: bytes, quotes and dialects, rows that are wrong, and files that do not fit at all."""

import codecs
import re

import pytest

from infra.commands import Commands
from infra.importing import FileRefused, run
from infra.importing.loading import parse
from tests.infra.importing.complaints.desk import BASE, HEAD, SIMPLE, Desk

pytestmark = pytest.mark.anyio


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


async def test_rejects_that_cannot_be_written_are_told_before_anything_is_imported(
    desk: Desk,
) -> None:
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
