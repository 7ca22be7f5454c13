"""A mapping's cells and steps bound to the columns of a file: what a row gives, and the commands it makes."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from domain.messages import Command
from infra.importing.mapping import Cell, Node, Step, cells
from infra.importing.nodes import located
from infra.importing.reading import Rejected

Row = Sequence[str]
Read = Callable[[Row], Any]
"""The value that a row has for a field; None: it has none."""
Make = Callable[[Row], Command | None]
"""The command that a row makes; None: its condition does not hold. Raises Rejected."""

_ABSENT = re.compile(r"missing required field `(?P<name>\w+)`")


class Columns:
    """The columns of one file. `empty` are cells that mean: nothing."""

    def __init__(self, header: Sequence[str], empty: Sequence[str]) -> None:
        self.index = {name: position for position, name in enumerate(header)}
        self._empty = frozenset(empty)

    def blank(self, value: str) -> bool:
        """Whether a cell holds nothing."""
        return not value or value.isspace() or value in self._empty

    def step(self, step: Step) -> Make:
        """How a row makes the command; None where its condition does not hold."""
        reads = [(name, self._read(node)) for name, node in step.fields.items()]
        applies = self._condition(step)

        def command(row: Row) -> Command | None:
            if not applies(row):
                return None
            given = {name: value for name, read in reads if (value := read(row)) is not None}
            try:
                return msgspec.convert(given, step.command)
            except msgspec.ValidationError as error:
                raise _misfit(step, error) from error

        return command

    def _condition(self, step: Step) -> Callable[[Row], bool]:
        when = step.when
        if when is None:
            return lambda _: True
        position = self.index[when.column]
        values = frozenset(when.is_ if when.is_ is not None else when.is_not or ())
        wanted = when.is_ is not None
        return lambda row: (row[position] in values) is wanted

    def _read(self, node: Node) -> Read:
        if isinstance(node, Cell):
            return self.cell(node)
        if isinstance(node, dict):
            return self._object(node)
        return self._list(node)

    def _object(self, nodes: dict[str, Node]) -> Read:
        """An object whose columns are all empty is absent: constants alone say nothing of the row."""
        reads = [(name, self._read(node), _constant(node)) for name, node in nodes.items()]
        only_constants = all(constant for _, _, constant in reads)

        def read(row: Row) -> Any:
            found = [
                (name, value, constant) for name, get, constant in reads if (value := get(row)) is not None
            ]
            if not only_constants and all(constant for _, _, constant in found):
                return None
            return {name: value for name, value, _ in found}

        return read

    def _list(self, nodes: Sequence[Node]) -> Read:
        reads = [self._read(node) for node in nodes]
        return lambda row: [value for read in reads if (value := read(row)) is not None] or None

    def cell(self, cell: Cell) -> Read:
        """How a row gives the value."""
        if cell.value is not None:
            return lambda _: cell.value
        read = self._one(cell, cell.column) if cell.column is not None else self._many(cell)
        if not cell.required and cell.default is None:
            return read

        def otherwise(row: Row) -> Any:
            if (value := read(row)) is None:
                if cell.default is None:
                    raise Rejected(", ".join(cell.sources), "it is empty")
                return cell.default
            return value

        return otherwise

    def _one(self, cell: Cell, column: str) -> Read:
        position, blank, translated = self.index[column], self.blank, _translation(cell, column)
        return lambda row: None if blank(value := row[position]) else translated(value)

    def _many(self, cell: Cell) -> Read:
        places = [(f"{column}: " if cell.labelled else "", self.index[column]) for column in cell.columns]
        heading = () if cell.heading is None else (cell.heading,)
        join = cell.join if cell.join is not None else "\n" if cell.labelled else " "

        def read(row: Row) -> str | None:
            parts = [label + row[position] for label, position in places if not self.blank(row[position])]
            return join.join((*heading, *parts)) if parts else None

        return read


def _translation(cell: Cell, column: str) -> Callable[[str], Any]:
    if cell.translate is not None:
        return _translate(cell.translate, column, keep=cell.unknown == "keep")
    if cell.date_format is not None:
        return _date(cell.date_format, cell.zone, column)
    return str


def _translate(table: dict[str, Any], column: str, *, keep: bool) -> Callable[[str], Any]:
    def translate(value: str) -> Any:
        if value in table:
            return table[value]
        if keep:
            return value
        raise Rejected(column, f"{value!r} has no translation")

    return translate


def _date(form: str, zone: str | None, column: str) -> Callable[[str], datetime]:
    """Local times that the clocks skip have the offset from before; of two equal ones it is the first."""
    local = ZoneInfo(zone) if zone else None

    @lru_cache(maxsize=4096)  # days repeat from row to row, and parsing one is slow
    def moment(value: str) -> datetime:
        try:
            read = datetime.strptime(value, form)  # noqa: DTZ007 - the zone is the mapping's, or in the value
            return (read if local is None else read.replace(tzinfo=local)).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise Rejected(column, f"{value!r} is not a date of the form {form}") from error

    return moment


def _constant(node: Node) -> bool:
    return isinstance(node, Cell) and node.value is not None


def _misfit(step: Step, error: msgspec.ValidationError) -> Rejected:
    place, reason = located(error)
    absent = _ABSENT.search(reason)
    name = re.split(r"[.\[]", place)[0] or (absent["name"] if absent else "")
    node = step.fields.get(name)
    columns = () if node is None else tuple(dict.fromkeys(c for cell in cells(node) for c in cell.sources))
    where = f"{step.command.verb}.{place}" if place else step.command.verb
    return Rejected(", ".join(columns) or name, f"{where}: {reason}")
