"""Mappings read from TOML, and checked before a row is touched."""

import codecs
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct, field

from domain.complaint import COMPLAINT
from domain.complaint.lifecycle import State
from domain.fields import Slug
from domain.messages import Command
from infra.importing.mapping import Cell, Csv, EventLog, Mapping, On, Refusal, Step, When
from infra.importing.nodes import BadMapping, check_cell, check_step, converted, read_nodes

PACKAGED = Path(__file__).parent.parent / "mappings"
COMMANDS: dict[str, type[Command]] = {command.verb: command for command in COMPLAINT.commands}


class _Id(Struct, frozen=True, forbid_unknown_fields=True):
    column: str


class _Then(Struct, frozen=True, forbid_unknown_fields=True):
    command: str
    when: When | None = None
    fields: dict[str, Any] = {}


class _LogThen(_Then, frozen=True, forbid_unknown_fields=True):
    in_: tuple[State, ...] = field(default=(), name="in")


class _On(Struct, frozen=True, forbid_unknown_fields=True):
    activity: tuple[str, ...]
    refused: Refusal | None = None
    then: tuple[_LogThen, ...] = ()
    imply: tuple[_LogThen, ...] = ()


class _Log(Struct, frozen=True, forbid_unknown_fields=True):
    activity: str
    time: dict[str, Any]
    row: dict[str, Any]
    refused: Literal["note", "reject"] = "note"
    identity: tuple[str, ...] = ()


class _Document(Struct, frozen=True, forbid_unknown_fields=True):
    source: Slug
    id: _Id
    register: dict[str, Any]
    csv: Csv = Csv()
    then: tuple[_Then, ...] = ()
    log: _Log | None = None
    on: tuple[_On, ...] = ()
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
    document = converted(given, _Document, "")
    _check_csv(document.csv)
    register = Step("register", COMMANDS["register"], read_nodes(document.register, "register"))
    then = [_step(each, f"then[{number}]") for number, each in enumerate(document.then)]
    mapping = Mapping(
        source=document.source,
        id_column=document.id.column,
        steps=(register, *then),
        csv=document.csv,
        known_values=document.known_values,
        ignored=frozenset(document.ignored),
        log=_log(document),
    )
    for step in mapping.all_steps:
        check_step(step)
    return mapping


def _log(document: _Document) -> EventLog | None:
    log = document.log
    if log is None:
        if document.on:
            raise BadMapping("on: it goes with log")
        return None
    if document.then:
        raise BadMapping("then: in a log, commands belong to activities; see on")
    on = tuple(_on(each, log.refused, f"on[{number}]") for number, each in enumerate(document.on))
    _check_activities(on)
    _check_untimed("register", document.register)
    time, row = _cell(log.time, "log.time"), _cell(log.row, "log.row")
    if time.date_format is None:
        raise BadMapping("log.time.date_format: it is needed")
    if not row.columns:
        raise BadMapping("log.row.columns: they are needed")
    return EventLog(activity=log.activity, time=time, row=row, on=on, identity=log.identity)


def _check_activities(on: tuple[On, ...]) -> None:
    if not on:
        raise BadMapping("on: a log needs at least one")
    many = Counter(name for each in on for name in each.activities)
    for name in many:
        if many[name] > 1:
            raise BadMapping(f"on: {name!r} occurs more than once")


def _cell(given: dict[str, Any], key: str) -> Cell:
    cell = converted(given, Cell, key)
    check_cell(cell, key)
    return cell


def _on(given: _On, refused: Refusal, key: str) -> On:
    if given.refused is not None and (given.refused == "imply") != bool(given.imply):
        raise BadMapping(f"{key}.refused: commands under imply go with refused = 'imply', and it with them")
    if given.imply and not given.then:
        raise BadMapping(f"{key}.then: what is implied goes before a command")
    if not given.activity:
        raise BadMapping(f"{key}.activity: name at least one")
    return On(
        activities=given.activity,
        refused="imply" if given.imply else given.refused or refused,
        then=tuple(_steps(given.then, f"{key}.then", implied=False)),
        imply=tuple(_steps(given.imply, f"{key}.imply", implied=True)),
    )


def _steps(given: tuple[_LogThen, ...], key: str, *, implied: bool) -> Iterator[Step]:
    for number, each in enumerate(given):
        step = _step(each, f"{key}[{number}]", frozenset(each.in_), implied=implied)
        _check_untimed(f"{step.key}.fields", step.fields)
        yield step


def _step(then: _Then, key: str, states: frozenset[State] = frozenset(), *, implied: bool = False) -> Step:
    if then.command not in COMMANDS or then.command == "register":
        possible = ", ".join(sorted(COMMANDS.keys() - {"register"}))
        raise BadMapping(f"{key}.command: {then.command!r} is not one of: {possible}")
    if then.when and (then.when.is_ is None) == (then.when.is_not is None):
        raise BadMapping(f"{key}.when: give either is or is_not")
    fields = read_nodes(then.fields, f"{key}.fields")
    return Step(key, COMMANDS[then.command], fields, then.when, states, implied)


def _check_untimed(key: str, fields: dict[str, Any]) -> None:
    if "occurred_at" in fields:
        raise BadMapping(f"{key}.occurred_at: in a log, log.time says when everything happened")


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
