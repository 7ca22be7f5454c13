"""What a mapping is: where in a file's rows the values of commands come from."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from domain.complaint.lifecycle import State
from domain.messages import Command

Scalar = str | int | float | bool
Character = Annotated[str, Meta(min_length=1, max_length=1)]


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
    """A command that a row leads to. `key` is its place in the TOML file.

    `states`: only where the complaint is in one of them, none meaning any. `implied`: it is missing in the
    source, and added before the row's own commands.
    """

    key: str
    command: type[Command]
    fields: dict[str, Node]
    when: When | None = None
    states: frozenset[State] = frozenset()
    implied: bool = False


Refusal = Literal["imply", "note", "reject"]
"""What becomes of a row that the rules refuse."""


class On(Struct, frozen=True, kw_only=True):
    """What rows of some activities become. Without steps they are notes."""

    activities: tuple[str, ...]
    refused: Refusal
    then: tuple[Step, ...]
    imply: tuple[Step, ...]


class EventLog(Struct, frozen=True, kw_only=True):
    """How rows that are changes are read: what happened, when, and the row in words.

    `identity`: the columns by whose values a row is known again.
    """

    activity: str
    time: Cell
    row: Cell
    on: tuple[On, ...]
    identity: tuple[str, ...]


class Mapping(Struct, frozen=True, kw_only=True):
    """What the rows of a file become: `steps` begin with a `register`.

    Without a `log`, a row is a complaint and leads to all of the steps; with one, it is a change of a case,
    and `steps` is the registration alone.
    """

    source: str
    id_column: str
    steps: tuple[Step, ...]
    csv: Csv
    known_values: dict[str, tuple[str, ...]]
    ignored: frozenset[str]
    log: EventLog | None = None

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """Every command that any row may lead to."""
        on = self.log.on if self.log else ()
        return (*self.steps, *(step for each in on for step in (*each.imply, *each.then)))


def uses(mapping: Mapping) -> dict[str, list[str]]:
    """What each column becomes: `id`, `<command>.<field>`, `<command> when`, or `ignored`.

    In a log also `activity`, `time`, and `row`: it is a part of the row in words.
    """
    found: dict[str, list[str]] = {mapping.id_column: ["id"]}
    for column, target in _targets(mapping):
        found.setdefault(column, []).append(target)
    for column in mapping.known_values:
        found.setdefault(column, [])
    for column in mapping.ignored:
        found.setdefault(column, []).append("ignored")
    return {column: list(dict.fromkeys(targets)) for column, targets in found.items()}


def _targets(mapping: Mapping) -> Iterator[tuple[str, str]]:
    if mapping.log:
        yield from _targets_of_log(mapping.log)
    for step in mapping.all_steps:
        verb = step.command.verb
        if step.when:
            yield step.when.column, f"{verb} when"
        for name, node in step.fields.items():
            yield from ((column, f"{verb}.{name}") for cell in cells(node) for column in cell.sources)


def _targets_of_log(log: EventLog) -> Iterator[tuple[str, str]]:
    yield log.activity, "activity"
    yield from ((column, "time") for column in log.time.sources)
    yield from ((column, "row") for column in log.row.sources)
    yield from ((column, "identity") for column in log.identity)


def outcomes(mapping: Mapping) -> dict[str, list[str]]:
    """What each activity of a log becomes: commands in order, what is implied, what a refused row becomes."""
    return {
        activity: [
            *(f"implied {step.command.verb}" for step in on.imply),
            *(step.command.verb for step in on.then),
            on.refused if on.then else "note",
        ]
        for on in (mapping.log.on if mapping.log else ())
        for activity in on.activities
    }


def cells(node: Node) -> Iterator[Cell]:
    """All cells in a node."""
    if isinstance(node, Cell):
        yield node
        return
    for child in node.values() if isinstance(node, dict) else node:
        yield from cells(child)
