"""A mapping bound to the columns of one file: a row becomes a source id and commands."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from domain.aggregate import Command
from domain.fields import Label
from infra.importing.loading import located
from infra.importing.mapping import Cell, Mapping, Node, Step, cells, uses
from infra.importing.reading import FileRefused, Rejected

Row = Sequence[str]
Read = Callable[[Row], Any]
"""The value that a row has for a field; None: it has none."""

_ABSENT = re.compile(r"missing required field `(?P<name>\w+)`")


class Bound:
    """What the rows of a file with this header become.

    Raises:
        FileRefused: a mapped column is missing, or a column is neither mapped nor ignored.
    """

    def __init__(self, mapping: Mapping, header: Sequence[str]) -> None:
        _check_columns(mapping, header)
        self._index = {name: position for position, name in enumerate(header)}
        self._empty = frozenset(mapping.csv.empty)
        self._id_column = mapping.id_column
        self._id = self._index[mapping.id_column]
        self._known = [
            (column, self._index[column], frozenset(values))
            for column, values in mapping.known_values.items()
        ]
        self._steps = [self._bound(step) for step in mapping.steps]

    def __call__(self, row: Row) -> tuple[str, list[Command]]:
        """The source id and the commands of a row.

        Raises:
            Rejected: a value is missing, unknown, or not what its command allows.
        """
        for column, position, values in self._known:
            value = row[position]
            if value not in values and not self._blank(value):
                raise Rejected(column, f"{value!r} is not one of the known values")
        return self._source_id(row[self._id]), [command for step in self._steps if (command := step(row))]

    def _source_id(self, value: str) -> str:
        if self._blank(value):
            raise Rejected(self._id_column, "the row has no id")
        try:
            return msgspec.convert(value, Label)
        except msgspec.ValidationError as error:
            raise Rejected(self._id_column, str(error)) from error

    def _blank(self, value: str) -> bool:
        return not value or value.isspace() or value in self._empty

    def _bound(self, step: Step) -> Callable[[Row], Command | None]:
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
        position = self._index[when.column]
        values = frozenset(when.is_ if when.is_ is not None else when.is_not or ())
        wanted = when.is_ is not None
        return lambda row: (row[position] in values) is wanted

    def _read(self, node: Node) -> Read:
        if isinstance(node, Cell):
            return self._cell(node)
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

    def _cell(self, cell: Cell) -> Read:
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
        position, blank, translated = self._index[column], self._blank, _translation(cell, column)
        return lambda row: None if blank(value := row[position]) else translated(value)

    def _many(self, cell: Cell) -> Read:
        places = [(f"{column}: " if cell.labelled else "", self._index[column]) for column in cell.columns]
        heading = () if cell.heading is None else (cell.heading,)
        join = cell.join if cell.join is not None else "\n" if cell.labelled else " "

        def read(row: Row) -> str | None:
            parts = [label + row[position] for label, position in places if not self._blank(row[position])]
            return join.join((*heading, *parts)) if parts else None

        return read


def _check_columns(mapping: Mapping, header: Sequence[str]) -> None:
    used = uses(mapping)
    missing = [column for column, targets in used.items() if column not in header and targets != ["ignored"]]
    if missing:
        raise FileRefused(f"the file lacks columns that the mapping uses: {_names(missing)}")
    unknown = [column for column in header if column not in used]
    if unknown:
        raise FileRefused(f"columns neither mapped nor listed under ignored: {_names(unknown)}")


def _names(columns: Sequence[str]) -> str:
    return ", ".join(repr(column) for column in columns)


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
