"""The mapping of a file's columns to commands, read from TOML and checked before a row is touched."""

import codecs
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct, field

from domain.aggregate import Command
from domain.complaint import COMPLAINT
from domain.fields import Slug

PACKAGED = Path(__file__).parent.parent / "mappings"
COMMANDS: dict[str, type[Command]] = {command.verb: command for command in COMPLAINT.commands}

T = TypeVar("T")

Scalar = str | int | float | bool
Character = Annotated[str, Meta(min_length=1, max_length=1)]


class BadMapping(Exception):
    """The mapping cannot be used; the message names the TOML key and the reason."""


class Csv(Struct, frozen=True, forbid_unknown_fields=True):
    """How the file is written. `empty` are cells that mean: nothing."""

    encoding: str = "utf-8"
    delimiter: Character = ","
    quote: Character = '"'
    escape: Character | None = None
    doublequote: bool = True
    empty: tuple[str, ...] = ()


class Cell(Struct, frozen=True, forbid_unknown_fields=True):
    """Where one value comes from: a column, several columns, or the mapping itself."""

    column: str | None = None
    columns: tuple[str, ...] = ()
    value: Scalar | None = None
    join: str | None = None
    labelled: bool = False
    heading: str | None = None
    translate: dict[str, Scalar] | None = None
    unknown: Literal["reject", "keep"] = "reject"
    date_format: str | None = None
    zone: str | None = None
    default: Scalar | None = None
    required: bool = False

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns it reads."""
        return self.columns if self.column is None else (self.column,)


Node = Cell | dict[str, Any] | tuple[Any, ...]
"""A cell, an object of named nodes, or a list of nodes."""


class When(Struct, frozen=True, forbid_unknown_fields=True):
    """Holds for a row whose column has, or has not, one of the values."""

    column: str
    is_: tuple[str, ...] | None = field(default=None, name="is")
    is_not: tuple[str, ...] | None = None


class Step(Struct, frozen=True):
    """A command that a row leads to. `key` is its place in the TOML file."""

    key: str
    command: type[Command]
    fields: dict[str, Node]
    when: When | None = None


class Mapping(Struct, frozen=True, kw_only=True):
    """What the rows of a file become: a `register`, then further commands, in order."""

    source: str
    id_column: str
    steps: tuple[Step, ...]
    csv: Csv
    known_values: dict[str, tuple[str, ...]]
    ignored: frozenset[str]


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


def uses(mapping: Mapping) -> dict[str, list[str]]:
    """What each column becomes: `id`, `<command>.<field>`, `<command> when`, or `ignored`."""
    found: dict[str, list[str]] = {mapping.id_column: ["id"]}
    for step in mapping.steps:
        verb = step.command.verb
        if step.when:
            found.setdefault(step.when.column, []).append(f"{verb} when")
        for name, node in step.fields.items():
            for cell in cells(node):
                for column in cell.sources:
                    found.setdefault(column, []).append(f"{verb}.{name}")
    for column in mapping.known_values:
        found.setdefault(column, [])
    for column in mapping.ignored:
        found.setdefault(column, []).append("ignored")
    return {column: list(dict.fromkeys(targets)) for column, targets in found.items()}


def cells(node: Node) -> Iterator[Cell]:
    """All cells in a node."""
    if isinstance(node, Cell):
        yield node
        return
    for child in node.values() if isinstance(node, dict) else node:
        yield from cells(child)


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
