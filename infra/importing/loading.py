"""Mappings read from TOML, and checked before a row is touched."""

import codecs
import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from domain.aggregate import Command
from domain.complaint import COMPLAINT
from domain.fields import Slug
from infra.importing.mapping import Cell, Csv, Mapping, Node, Step, When

PACKAGED = Path(__file__).parent.parent / "mappings"
COMMANDS: dict[str, type[Command]] = {command.verb: command for command in COMPLAINT.commands}

T = TypeVar("T")


class BadMapping(Exception):
    """The mapping cannot be used; the message names the TOML key and the reason."""


class _Id(Struct, frozen=True, forbid_unknown_fields=True):
    column: str


class _Then(Struct, frozen=True, forbid_unknown_fields=True):
    command: str
    when: When | None = None
    fields: dict[str, Any] = {}


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    source: Slug
    id: _Id
    register: dict[str, Any]
    csv: Csv = Csv()
    then: tuple[_Then, ...] = ()
    known_values: dict[str, tuple[str, ...]] = {}
    ignored: tuple[str, ...] = ()


def packaged() -> list[str]:
    """The names of the mappings that come with the package."""
    return sorted(path.stem for path in PACKAGED.glob("*.toml"))


def load_mapping(name_or_path: str | Path) -> Mapping:
    """A packaged mapping by its name, or any by its path.

    Raises:
        BadMapping: there is none, or it is wrong.
    """
    path = PACKAGED / f"{name_or_path}.toml" if str(name_or_path) in packaged() else Path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        names = ", ".join(packaged())
        reason = f"{error.strerror or error}; the packaged mappings are: {names}"
        raise BadMapping(f"mapping {name_or_path}: {reason}") from error
    except UnicodeDecodeError as error:
        raise BadMapping(f"mapping {name_or_path}: it is not UTF-8: {error}") from error
    try:
        return parse(text)
    except BadMapping as error:
        raise BadMapping(f"mapping {name_or_path}: {error}") from error


def parse(text: str) -> Mapping:
    """The mapping that a TOML text describes.

    Raises:
        BadMapping: it is wrong; the message begins with the TOML key.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadMapping(f"it is not TOML: {error}") from error
    document = _convert(given, _Document, "")
    _check_csv(document.csv)
    register = Step("register", COMMANDS["register"], _nodes(document.register, "register"))
    then = [_step(each, f"then[{number}]") for number, each in enumerate(document.then)]
    for step in (register, *then):
        _check_step(step)
    return Mapping(
        source=document.source,
        id_column=document.id.column,
        steps=(register, *then),
        csv=document.csv,
        known_values=document.known_values,
        ignored=frozenset(document.ignored),
    )


def _step(then: _Then, key: str) -> Step:
    if then.command not in COMMANDS or then.command == "register":
        possible = ", ".join(sorted(COMMANDS.keys() - {"register"}))
        raise BadMapping(f"{key}.command: {then.command!r} is not one of: {possible}")
    if then.when and (then.when.is_ is None) == (then.when.is_not is None):
        raise BadMapping(f"{key}.when: give either is or is_not")
    return Step(key, COMMANDS[then.command], _nodes(then.fields, f"{key}.fields"), then.when)


def _nodes(given: dict[str, Any], key: str) -> dict[str, Node]:
    return {name: _node(value, f"{key}.{name}") for name, value in given.items()}


def _node(given: Any, key: str) -> Node:
    if isinstance(given, list):
        return tuple(_node(value, f"{key}[{number}]") for number, value in enumerate(given))
    if not isinstance(given, dict):
        raise BadMapping(f"{key}: expected a table such as {{ column = … }} or {{ value = … }}")
    if given and all(isinstance(value, dict) for value in given.values()):
        return _nodes(given, key)
    cell = _convert(given, Cell, key)
    _check_cell(cell, key)
    return cell


def _check_cell(cell: Cell, key: str) -> None:
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


def _check_step(step: Step) -> None:
    """The fields exist, those that must be are given, and what the mapping itself says is possible."""
    place = step.key if step.key == "register" else f"{step.key}.fields"
    known = {each.name: each for each in msgspec.structs.fields(step.command)}
    for name, node in step.fields.items():
        if name not in known:
            raise BadMapping(f"{place}.{name}: {step.command.verb} has no such field")
        if isinstance(node, Cell):
            given = (node.value, node.default, *(node.translate or {}).values())
            for value in (each for each in given if each is not None):
                _convert(value, known[name].type, f"{place}.{name}")
    for each in known.values():
        if each.required and each.name not in step.fields:
            raise BadMapping(f"{place}.{each.name}: {step.command.verb} needs it")


def _check_csv(settings: Csv) -> None:
    try:
        codecs.lookup(settings.encoding)
        compatible = '\n\r,"x'.encode(settings.encoding.removesuffix("-sig")) == b'\n\r,"x'
    except (LookupError, UnicodeError):
        compatible = False
    if not compatible:
        raise BadMapping(f"csv.encoding: {settings.encoding!r} is not a known encoding that contains ASCII")
    marks = (settings.delimiter, settings.quote, settings.escape)
    if len(set(marks)) < len(marks) or {"\n", "\r"} & set(marks):
        raise BadMapping("csv: delimiter, quote and escape must differ, and none is a line break")


def _convert(given: Any, into: type[T], key: str) -> T:
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
