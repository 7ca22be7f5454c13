"""What a mapping is: where in a file's rows the values of commands come from."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from domain.aggregate import Command

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
