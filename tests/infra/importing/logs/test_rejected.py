"""Rows and files that are wrong are told, and nothing else is lost."""

import pytest

from infra.commands import Commands
from infra.importing import FileRefused, run
from infra.importing.loading import parse
from tests.infra.importing.logs.desk import DESK, Desk
from tests.infra.logs import served

pytestmark = pytest.mark.anyio


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


async def test_rows_of_an_erased_case_are_rejected(desk: Desk) -> None:
    await desk.take("1,take,2014-07-01 09:00,ana,")
    async with served(desk.database) as connection:
        await connection.execute("DELETE FROM stream_keys")
    report = await desk.take("1,take,2014-07-01 09:00,ana,", "1,solve,2014-07-02 09:00,ana,")
    assert (report.known, report.rejected) == (1, 1)
    assert desk.rejected()[0]["reason"] == "the personal data of its case were erased"


async def test_a_row_whose_words_are_too_long_is_told(desk: Desk) -> None:
    await desk.take("1,note,2014-07-01 09:00,ana," + "x" * 20_001)
    (row,) = desk.rejected()
    assert row["field"] == "what, who, state"
    assert row["reason"] == "the row in words: Expected `str` of length <= 20000"


async def test_an_empty_log_is_no_case(desk: Desk) -> None:
    assert (await desk.take()).counts()["cases"] == 0


async def test_a_log_without_a_mapped_column_is_refused_before_anything_is_imported(desk: Desk) -> None:
    desk.file.write_text("case,what,who,state\n1,take,ana,\n")
    with pytest.raises(FileRefused, match="lacks columns that the mapping uses: 'when'"):
        await run(desk.file, parse(DESK), Commands(desk.log))
