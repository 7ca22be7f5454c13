"""What commands accept as text, and how long it may be."""

import re
from typing import Any

import msgspec
import pytest

from domain import AGGREGATES, fields
from domain.complaint import commands as c
from domain.customer import RegisterCustomer


def accepts(kind: Any, text: str) -> bool:
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    "text", ["a", " a ", "line\nline\r\n\ttab\n", "ação ☎ 苦情", "\u00a0x", "x" * 20_000]
)
def test_free_text_may_be_anything_that_people_write(text: str) -> None:
    assert accepts(fields.FreeText, text)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "a\x00", "\x1b[31m", "a\x0b", "\x7f", "x" * 20_001])
def test_free_text_is_neither_blank_nor_endless_and_has_no_control_characters(text: str) -> None:
    assert not accepts(fields.FreeText, text)


@pytest.mark.parametrize("kind", [fields.Label, fields.Subject, fields.Tag, fields.Phone])
@pytest.mark.parametrize("text", ["", "  ", "a\n", "a\nb", "a\tb", "a\x00"])
def test_a_label_is_one_line(kind: Any, text: str) -> None:
    assert accepts(kind, "Cartão de crédito")
    assert not accepts(kind, text)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (fields.Slug, "standard_2", "Standard"),
        (fields.Slug, "a", "a\n"),
        (fields.Email, "bia@example.org", "bia"),
        (fields.Email, "a@b", "a@b@c"),
        (fields.Email, "a@b", "a @b"),
        (fields.Clock, "23:59", "24:00"),
        (fields.Clock, "00:00", "0:00"),
        (fields.Amount, "0.10", "-1"),
        (fields.Amount, "1000", "1,5"),
        (fields.Amount, "7", "٧"),
        (fields.Currency, "BRL", "brl"),
        (fields.Currency, "BRL", "BR"),
        (fields.Url, "https://x.example/bia/1?a=b#c", "ftp://x.example"),
        (fields.Url, "http://x", "https://x example"),
        (fields.MediaType, "application/vnd.ms-excel", "application"),
        (fields.MediaType, "image/svg+xml", "text/html; charset=utf-8"),
        (fields.Sha256, "0a" * 32, "0A" * 32),
        (fields.Sha256, "f" * 64, "f" * 63),
    ],
)
def test_a_formatted_field_takes_its_format_only(kind: Any, good: str, bad: str) -> None:
    assert accepts(kind, good)
    assert not accepts(kind, bad)


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        (fields.FreeText, fields.TEXT_LENGTH),
        (fields.Label, fields.LABEL_LENGTH),
        (fields.Subject, fields.SUBJECT_LENGTH),
        (fields.Tag, fields.TAG_LENGTH),
        (fields.Slug, fields.SLUG_LENGTH),
        (fields.Phone, fields.PHONE_LENGTH),
    ],
)
def test_a_text_may_be_as_long_as_its_limit(kind: Any, limit: int) -> None:
    assert accepts(kind, "x" * limit)
    assert not accepts(kind, "x" * (limit + 1))


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        (fields.Minutes, 1, fields.MINUTES_LIMIT),
        (fields.Size, 0, fields.SIZE_LIMIT),
        (fields.Shares, 0, fields.SHARES_LIMIT),
        (fields.Level, 1, fields.LEVEL_LIMIT),
        (fields.Csat, 1, 5),
        (fields.Ces, 1, 7),
        (fields.Nps, 0, 10),
        (fields.Rating, 0, 10),
    ],
)
def test_a_number_lies_between_its_limits(kind: Any, least: int, most: int) -> None:
    assert [msgspec.convert(number, kind) for number in (least, most)] == [least, most]
    for number in (least - 1, most + 1, 1.5, True):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(number, kind)


def test_a_list_may_be_as_long_as_its_limit() -> None:
    body = {"tags": [str(n) for n in range(fields.LIST_LENGTH)]}
    assert len(msgspec.convert(body, c.Classify).tags or ()) == fields.LIST_LENGTH
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"tags": [*body["tags"], "x"]}, c.Classify)


@pytest.mark.parametrize(
    "body",
    [
        {"occurred_at": "2026-11-23T12:00:00"},
        {"occurred_at": "2026-02-30T12:00:00Z"},
        {"name": "investigate"},
        {"backdating_reason": ""},
    ],
)
def test_a_body_with_a_wrong_or_unknown_field_is_no_command(body: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, c.Investigate)


def test_a_body_inside_a_body_has_no_unknown_fields_either() -> None:
    base = {"subject": "s", "description": "d", "channel": "email"}
    for extra in ({"contact": {"mail": "x"}}, {"points": [{"point_id": "a", "x": 1}]}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(base | extra, c.Register)


def strings(schema: Any) -> list[dict[str, Any]]:
    """Every schema of a string inside the schema."""
    if isinstance(schema, list):
        return [found for item in schema for found in strings(item)]
    if not isinstance(schema, dict):
        return []
    inner = [found for item in schema.values() for found in strings(item)]
    return [*inner, schema] if schema.get("type") == "string" else inner


def test_every_text_of_every_command_has_a_limit_and_a_pattern_or_a_format() -> None:
    commands = [command for aggregate in AGGREGATES.values() for command in aggregate.commands]
    _, components = msgspec.json.schema_components(commands)
    found = strings(list(components.values()))
    assert len(found) > 50
    for schema in found:
        assert "format" in schema or {"pattern", "minLength", "maxLength"} <= schema.keys()
        re.compile(schema.get("pattern", ""))


def test_quiet_hours_are_from_to_zone() -> None:
    body = {"name": "Bia", "quiet_hours": {"from": "22:00", "to": "07:00", "zone": "America/Sao_Paulo"}}
    quiet = msgspec.convert(body, RegisterCustomer).quiet_hours
    assert quiet is not None
    assert (quiet.from_, quiet.to, quiet.zone) == ("22:00", "07:00", "America/Sao_Paulo")
