"""Input to structs: strict, and where it is wrong every wrong field is named by its JSON path."""

import json
import re
import types
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from domain import fields

S = TypeVar("S", bound=Struct)

ESCAPE = re.compile(rb"\\.", re.DOTALL)
MOST_WRONG = 100
LONGEST_PATH = 200
LONGEST_REASON = 600

# How a parameter writes what is not text, and what to say of one that does not.
WRITTEN = {
    bool: (re.compile("true|false"), "Expected true or false"),
    int: (re.compile("-?(?:0|[1-9][0-9]{0,18})"), "Expected a whole number"),
}
# What to say of text that does not match.
MEANT = {
    fields.TEXT_PATTERN: "blank, or with control characters other than tabs and line breaks",
    fields.LINE_PATTERN: "blank, of more than one line, or with control characters",
    fields.SLUG_PATTERN: "not lower-case letters, digits, - and _, with a letter or digit first",
    fields.EMAIL_PATTERN: "not an e-mail address",
    fields.CLOCK_PATTERN: "not a time of day such as 08:30",
    fields.CLOSING_PATTERN: "not a time of day such as 18:00, or 24:00",
    fields.AMOUNT_PATTERN: "not an amount such as 149.90",
    fields.CURRENCY_PATTERN: "not a currency such as BRL",
}


class Wrong(Struct, frozen=True):
    """One wrong field: its JSON path (`$.contact.email`; for a query or header its name) and the reason."""

    path: str
    reason: str


class Nothing(Struct, frozen=True):
    """The parameters of an operation that has none."""


class Malformed(Exception):
    """The request cannot be understood; every wrong field is listed, the first hundred of them."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        self.wrong = [Wrong(_cut(w.path), _cut(w.reason, LONGEST_REASON)) for w in wrong[:MOST_WRONG]]
        super().__init__("; ".join(f"{w.path}: {w.reason}" for w in self.wrong))


def _cut(text: str, most: int = LONGEST_PATH) -> str:
    """The text, not so long that an answer could be made to swell."""
    return text if len(text) <= most else text[: most - 1] + "…"


@cache
def _decoder(struct: type[Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(struct)


def decode(body: bytes, struct: type[S]) -> S:
    """The struct in a JSON body; an empty body is an empty object.

    Raises:
        Malformed: it is not JSON, names a field twice, or fields are wrong.
    """
    body = body or b"{}"
    try:
        found: S = _decoder(struct).decode(body)
        if not _all_names_differ(body):  # msgspec itself takes the last of several
            json.loads(body, object_pairs_hook=_once)
    except msgspec.ValidationError as error:
        raise Malformed(_all_wrong(body, struct, error)) from None
    except (ValueError, RecursionError) as error:
        raise Malformed([_not_json(error)]) from None
    return found


def _all_names_differ(body: bytes) -> bool:
    """Whether no name occurs twice anywhere in valid JSON; False: perhaps one does, in one object or two."""
    if b"\\" in body:
        body = ESCAPE.sub(b"\\\\", body)  # what is left of quotes begins and ends texts
    parts = body.split(b'"')
    names = [text for text, after in zip(parts[1::2], parts[2::2], strict=True) if after.lstrip()[:1] == b":"]
    return len(set(names)) == len(names) and b"\\" not in b"".join(names)


def _not_json(error: Exception) -> Wrong:
    return Wrong("$", f"not JSON: {error}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise Malformed([Wrong(f"$..{name}", "given more than once") for name in twice])
    return found


def _all_wrong(body: bytes, struct: type[Struct], first: Exception) -> list[Wrong]:
    """What is wrong with a body of which a first error is known."""
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        return [_not_json(error)]
    return list(islice(_wrong(value, struct, "$"), MOST_WRONG)) or [Wrong("$", str(first))]


def query(query_string: bytes, struct: type[S], hidden: Sequence[str] = ()) -> S:
    """The struct in a query string; a tuple's parameter may be repeated, a `hidden` one not be given at all.

    Raises:
        Malformed: parameters are unknown, given twice or wrong.
    """
    hints = {name: hint for name, hint in _hints(struct).items() if name not in hidden}
    given, wrong = _given(query_string, hints)
    values: dict[str, Any] = {}
    for name, value in given.items():
        try:
            values[name] = _parameter(value, hints[name])
        except msgspec.DecodeError as error:
            wrong.append(Wrong(name, _reason(error, hints[name])[0]))
        except OverflowError:
            wrong.append(Wrong(name, "out of range"))
    if wrong:
        raise Malformed(wrong)
    return struct(**values)


def _given(query_string: bytes, hints: dict[str, Any]) -> tuple[dict[str, Any], list[Wrong]]:
    """The parameters as they are written, and those that should not be there."""
    given: dict[str, Any] = {}
    wrong: list[Wrong] = []
    for name, value in parameters(query_string):
        if name not in hints:
            wrong.append(Wrong(name, "unknown parameter"))
        elif "\0" in value:
            wrong.append(Wrong(name, "contains the NUL character"))
        elif _repeats(hints[name]):
            given.setdefault(name, []).append(value)
        elif name in given:
            wrong.append(Wrong(name, "given more than once"))
        else:
            given[name] = value
    return given, wrong


def parameters(query_string: bytes) -> list[tuple[str, str]]:
    """Names and values of a query string, in order.

    Raises:
        Malformed: it is not UTF-8, or endless.
    """
    try:
        return parse_qsl(query_string.decode(), keep_blank_values=True, errors="strict", max_num_fields=200)
    except UnicodeDecodeError:
        raise Malformed([Wrong("query", "not in UTF-8")]) from None
    except ValueError:
        raise Malformed([Wrong("query", "more than 200 parameters")]) from None


def _parameter(value: str | list[str], hint: Any) -> Any:
    """The value of a parameter: numbers and truth values are written as in JSON; times come out in UTC."""
    for kind, (written, expected) in WRITTEN.items():
        if isinstance(value, str) and kind in _members(hint):
            if not written.fullmatch(value):
                raise msgspec.ValidationError(expected)
            return msgspec.json.decode(value, type=hint)
    found = msgspec.convert(value, hint)
    return found.astimezone(UTC) if isinstance(found, datetime) else found


def _repeats(hint: Any) -> bool:
    return any(get_origin(part) in (tuple, list, frozenset) for part in _members(hint))


def _wrong(value: Any, hint: Any, path: str) -> Iterator[Wrong]:
    """Every wrong field of a value, down into structs and lists of structs."""
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        parts = list(_members(hint))
        structs = [part for part in parts if isinstance(part, type) and issubclass(part, Struct)]
        lists = [part for part in parts if get_origin(part) in (tuple, list)]
        reason, where = _reason(error, hint)
        if isinstance(value, dict) and structs:
            yield from _wrong_fields(value, structs[0], path)
        elif isinstance(value, list) and lists and where:
            yield from _wrong_items(value, get_args(lists[0])[0], path)
        else:
            yield Wrong(path + where, reason)


def _wrong_items(values: list[Any], hint: Any, path: str) -> Iterator[Wrong]:
    for index, value in enumerate(values):
        yield from _wrong(value, hint, f"{path}[{index}]")


def _wrong_fields(value: dict[str, Any], struct: type[Struct], path: str) -> Iterator[Wrong]:
    hints, known = _hints(struct), _fields(struct)
    for name in value:
        if name not in known:
            yield Wrong(f"{path}.{name}", "unknown field")
    for name, field in known.items():
        if name in value:
            yield from _wrong(value[name], hints[field.name], f"{path}.{name}")
        elif field.required:
            yield Wrong(f"{path}.{name}", "required")


@cache
def _hints(struct: type[Struct]) -> dict[str, Any]:
    return get_type_hints(struct, include_extras=True)


@cache
def _fields(struct: type[Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(struct)}


def _members(hint: Any) -> Iterator[Any]:
    """The alternatives of a hint, without annotations."""
    if get_origin(hint) is Annotated:
        yield from _members(get_args(hint)[0])
    elif get_origin(hint) in (Union, types.UnionType):
        for part in get_args(hint):
            yield from _members(part)
    else:
        yield hint


def _choices(hint: Any) -> Iterator[str]:
    """All values that a hint lists, in it or in the lists and maps that it is about."""
    if get_origin(hint) is Literal:
        yield from map(str, get_args(hint))
    else:
        for part in get_args(hint):
            yield from _choices(part)


def _reason(error: msgspec.DecodeError, hint: Any) -> tuple[str, str]:
    """A message of msgspec about a value, as the reason and the path below the value."""
    reason, _, place = str(error).partition(" - at `")  # `$.a` or, of the key of a map, `key` in `$.a`
    if " regex " in reason:
        reason = next((text for pattern, text in MEANT.items() if repr(pattern) in reason), reason)
    if reason.startswith("Invalid enum value"):
        reason = f"{_cut(reason)}; allowed: {', '.join(dict.fromkeys(_choices(hint)))}"
    return reason, place.rpartition("$")[2].rstrip("`")
