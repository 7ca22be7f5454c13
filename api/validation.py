"""Input to structs: strict, and where it is wrong every wrong field is named by its JSON path."""

import types
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

S = TypeVar("S", bound=Struct)


class Wrong(Struct, frozen=True):
    """One wrong field: its JSON path (`$.contact.email`; for a query or header its name) and the reason."""

    path: str
    reason: str


class Malformed(Exception):
    """The request cannot be understood; every wrong field is listed."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        super().__init__("; ".join(f"{w.path}: {w.reason}" for w in wrong))
        self.wrong = wrong


@cache
def _decoder(struct: type[Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(struct)


def decode(body: bytes, struct: type[S]) -> S:
    """The struct in a JSON body; an empty body is an empty object.

    Raises:
        Malformed: it is not JSON, or fields are wrong.
    """
    try:
        found: S = _decoder(struct).decode(body or b"{}")
    except msgspec.ValidationError as error:
        wrong = list(_wrong(msgspec.json.decode(body or b"{}"), struct, "$"))
        raise Malformed(wrong or [Wrong("$", str(error))]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed([Wrong("$", f"not JSON: {error}")]) from None
    return found


def query(query_string: bytes, struct: type[S], hidden: Sequence[str] = ()) -> S:
    """The struct in a query string; a field that is a tuple may be given several times, a `hidden` one not at all.

    Raises:
        Malformed: parameters are unknown, given twice or wrong.
    """
    hints = {k: v for k, v in get_type_hints(struct, include_extras=True).items() if k not in hidden}
    given: dict[str, Any] = {}
    wrong: list[Wrong] = []
    try:
        pairs = parse_qsl(query_string.decode(), keep_blank_values=True, errors="strict", max_num_fields=200)
    except (ValueError, UnicodeDecodeError):
        raise Malformed([Wrong("query", "not a query string in UTF-8")]) from None
    for name, value in pairs:
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
    values: dict[str, Any] = {}
    for name, value in given.items():
        try:
            values[name] = msgspec.convert(value, hints[name], strict=False)
        except msgspec.ValidationError as error:
            wrong.append(Wrong(name, _reason(error)[0]))
    if wrong:
        raise Malformed(wrong)
    return struct(**values)


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
        if isinstance(value, dict) and structs:
            yield from _wrong_fields(value, structs[0], path)
        elif (
            isinstance(value, list)
            and lists
            and (inner := list(_wrong_items(value, get_args(lists[0])[0], path)))
        ):
            yield from inner
        else:
            reason, where = _reason(error)
            yield Wrong(path + where, reason)


def _wrong_items(values: list[Any], hint: Any, path: str) -> Iterator[Wrong]:
    for index, value in enumerate(values):
        yield from _wrong(value, hint, f"{path}[{index}]")


def _wrong_fields(value: dict[str, Any], struct: type[Struct], path: str) -> Iterator[Wrong]:
    hints = get_type_hints(struct, include_extras=True)
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    for name in value:
        if name not in fields:
            yield Wrong(f"{path}.{name}", "unknown field")
    for name, field in fields.items():
        if name in value:
            yield from _wrong(value[name], hints[field.name], f"{path}.{name}")
        elif field.required:
            yield Wrong(f"{path}.{name}", "required")


def _members(hint: Any) -> Iterator[Any]:
    """The alternatives of a hint, without annotations."""
    if get_origin(hint) is Annotated:
        yield from _members(get_args(hint)[0])
    elif get_origin(hint) in (Union, types.UnionType):
        for part in get_args(hint):
            yield from _members(part)
    else:
        yield hint


def _reason(error: msgspec.ValidationError) -> tuple[str, str]:
    """A message of msgspec, as the reason and the path below the value."""
    reason, _, where = str(error).partition(" - at `$")
    return reason, where.rstrip("`")
