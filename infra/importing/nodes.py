"""The tables of a mapping that say where values come from, read and checked."""

import re
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from infra.importing.mapping import Cell, Node, Step

T = TypeVar("T")


class BadMapping(Exception):
    """The mapping cannot be used; the message names the TOML key and the reason."""


def read_nodes(given: dict[str, Any], key: str) -> dict[str, Node]:
    """The nodes for a command's fields, or an object's. Raises BadMapping."""
    return {name: _node(value, f"{key}.{name}") for name, value in given.items()}


def _node(given: Any, key: str) -> Node:
    if isinstance(given, list):
        return tuple(_node(value, f"{key}[{number}]") for number, value in enumerate(given))
    if not isinstance(given, dict):
        raise BadMapping(f"{key}: expected a table such as {{ column = … }} or {{ value = … }}")
    if given and all(isinstance(value, dict) for value in given.values()):
        return read_nodes(given, key)
    cell = converted(given, Cell, key)
    check_cell(cell, key)
    return cell


def check_cell(cell: Cell, key: str) -> None:
    """Its keys go together. Raises BadMapping."""
    kinds = [cell.column is not None, bool(cell.columns), cell.value is not None]
    if sum(kinds) != 1:
        raise BadMapping(f"{key}: give exactly one of column, columns and value")
    if not cell.columns and (cell.join is not None or cell.labelled or cell.heading is not None):
        raise BadMapping(f"{key}: join, labelled and heading go with columns")
    if cell.column is None and (cell.translate is not None or cell.date_format is not None):
        raise BadMapping(f"{key}: translate and date_format go with column")
    if cell.translate is not None and cell.date_format is not None:
        raise BadMapping(f"{key}: give either translate or date_format")
    _check_date(cell, key)


def _check_date(cell: Cell, key: str) -> None:
    zoned = cell.date_format is not None and "%z" not in cell.date_format
    if zoned != (cell.zone is not None):
        raise BadMapping(f"{key}.zone: a date_format without %z needs a zone, and nothing else has one")
    if cell.zone is not None:
        try:
            ZoneInfo(cell.zone)
        except (ValueError, OSError, LookupError) as error:
            raise BadMapping(f"{key}.zone: {cell.zone!r} is not a time zone") from error


def check_step(step: Step) -> None:
    """The fields exist, those that must be are given, and what the mapping itself says is possible."""
    place = step.key if step.key == "register" else f"{step.key}.fields"
    known = {each.name: each for each in msgspec.structs.fields(step.command)}
    for name, node in step.fields.items():
        if name not in known:
            raise BadMapping(f"{place}.{name}: {step.command.verb} has no such field")
        if isinstance(node, Cell):
            given = (node.value, node.default, *(node.translate or {}).values())
            for value in (each for each in given if each is not None):
                converted(value, known[name].type, f"{place}.{name}")
    for each in known.values():
        if each.required and each.name not in step.fields:
            raise BadMapping(f"{place}.{each.name}: {step.command.verb} needs it")


def converted(given: Any, into: type[T], key: str) -> T:
    """A value of the mapping in its type. Raises BadMapping."""
    try:
        return msgspec.convert(given, into)
    except msgspec.ValidationError as error:
        place, reason = located(error)
        raise BadMapping(f"{'.'.join(filter(None, (key, place))) or 'top level'}: {reason}") from error


_AT = re.compile(r"^(?P<reason>.*) - at `(?:key in )?\$\.?(?P<place>.*)`$", re.DOTALL)


def located(error: msgspec.ValidationError) -> tuple[str, str]:
    """Where (`then[0].when`) and why a value does not fit."""
    found = _AT.match(str(error))
    return (found["place"], found["reason"]) if found else ("", str(error))
