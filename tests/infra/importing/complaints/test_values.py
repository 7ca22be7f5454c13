"""What becomes of a row's cells: joined, translated, read as dates, nested, or rejected."""

import pytest

from tests.infra.importing.complaints.desk import BASE, HEAD, SIMPLE, Desk

pytestmark = pytest.mark.anyio


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
