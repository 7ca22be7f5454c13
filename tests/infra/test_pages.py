"""Cursors: opaque, exact, and good for the list, sort and filters they were made for only."""

import base64
import contextlib
import string
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fields import Moment
from infra.pages import Asked, BadCursor, Order, asked_for, both_ways, decode_cursor, encode_cursor
from projections.complaints import Worklist

ORDERS = both_ways(Order("due_at", "timestamptz", Moment | None))
ORDER = ORDERS["due_at"]
ASKED = Asked("Worklist", "due_at", "0a1b2c3d")
MOMENT = datetime(2026, 11, 23, 12, 0, 0, 123457, tzinfo=UTC)
ITEM = UUID("01935c5e-7d2a-7c3e-9a51-0c6f2b8e4d10")


@given(st.none() | st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_gives_back_exactly_where_the_page_ended(key: datetime | None, item_id: UUID) -> None:
    cursor = encode_cursor(ASKED, key, item_id)
    assert set(cursor) <= set(string.ascii_letters + string.digits + "-_")
    assert decode_cursor(cursor, ASKED, ORDER) == (key, item_id)


def test_a_cursor_of_another_sort_is_refused() -> None:
    cursor = encode_cursor(ASKED, MOMENT, ITEM)
    with pytest.raises(BadCursor, match="another sort"):
        decode_cursor(cursor, ASKED._replace(sort="-due_at"), ORDERS["-due_at"])


def test_a_cursor_of_other_filters_is_refused() -> None:
    cursor = encode_cursor(ASKED, MOMENT, ITEM)
    with pytest.raises(BadCursor, match="other filters"):
        decode_cursor(cursor, ASKED._replace(filters="0a1b2c3e"), ORDER)


def test_a_cursor_of_another_list_is_refused() -> None:
    cursor = encode_cursor(ASKED, MOMENT, ITEM)
    with pytest.raises(BadCursor, match="another list"):
        decode_cursor(cursor, ASKED._replace(list="Trail", sort="-due_at"), ORDERS["-due_at"])


def asked(**wanted: Any) -> Asked:
    return asked_for(Worklist(**wanted), "due_at", ("sector",))


def test_what_is_asked_for_is_the_filters_whatever_the_page_and_who_asks() -> None:
    one = asked(state=("proposed", "registered"), team="cards")
    assert one == asked(state=("registered", "proposed"), team="cards", limit=7, cursor="x", sector="shop")
    assert one == asked(state=("proposed", "registered", "proposed"), team="cards")
    assert one != asked(state=("proposed", "registered"))
    assert one != asked(state=("proposed",), team="cards")
    assert one != asked(state=("proposed", "registered"), analyst="cards")
    assert asked(breached=False) != asked()


def forged(content: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(content)).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "a b",
        "!!!!",
        "\x00",
        "bm90IGpzb24",
        forged({}),
        forged(["due_at"]),
        forged([*ASKED, "yesterday", str(ITEM)]),
        forged([*ASKED, "2026-11-23T12:00:00", str(ITEM)]),
        forged([*ASKED, None, "1"]),
        forged(["due_at", None, str(ITEM)]),
        forged([*ASKED[1:], None, str(ITEM)]),
        forged([*ASKED, None, str(ITEM), 1]),
        forged([1, 1, 1, None, str(ITEM)]),
        forged([*ASKED, msgspec.Raw(b"[" * 20_000 + b"]" * 20_000), 1]),
    ],
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        decode_cursor(cursor, ASKED, ORDER)


def test_no_cursor_brings_in_what_the_database_cannot_hold() -> None:
    by_name = Order("name", "text", str, id_type=str)
    asked = Asked("Teams", "name", "")
    given = encode_cursor(asked, r"\u0000", "1")
    assert decode_cursor(given, asked, by_name) == (r"\u0000", "1")
    for key, item_id in (("a\0", "1"), ("a", "1\0"), (msgspec.Raw(rb'"\ud800"'), "1")):
        with pytest.raises(BadCursor):
            decode_cursor(forged([*asked, key, item_id]), asked, by_name)


@given(st.text(max_size=40))
def test_no_text_whatever_breaks_the_reading_of_cursors(text: str) -> None:
    with contextlib.suppress(BadCursor):
        decode_cursor(text, ASKED, ORDER)
