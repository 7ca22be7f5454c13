"""A mapping bound to the columns of one file."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import msgspec
from msgspec import Struct

from domain.complaint.lifecycle import State
from domain.fields import FreeText, Label
from domain.messages import Command
from infra.importing.columns import Columns, Make, Row
from infra.importing.mapping import Mapping, On, Refusal, Step, uses
from infra.importing.reading import FileRefused, Rejected


class _Binding:
    def __init__(self, mapping: Mapping, header: Sequence[str]) -> None:
        _check_columns(mapping, header)
        self._columns = Columns(header, mapping.csv.empty)
        self._id_column = mapping.id_column
        self._id = self._columns.index[mapping.id_column]
        self._known = [
            (column, self._columns.index[column], frozenset(values))
            for column, values in mapping.known_values.items()
        ]

    def _check_known(self, row: Row) -> None:
        for column, position, values in self._known:
            value = row[position]
            if value not in values and not self._columns.blank(value):
                raise Rejected(column, f"{value!r} is not one of the known values")

    def source_id(self, row: Row) -> str:
        """The id of the row's complaint where it comes from.

        Raises:
            Rejected: it has none, or one that is no label.
        """
        value = row[self._id]
        if self._columns.blank(value):
            raise Rejected(self._id_column, "the row has no id")
        try:
            return msgspec.convert(value, Label)
        except msgspec.ValidationError as error:
            raise Rejected(self._id_column, str(error)) from error


class Bound(_Binding):
    """What the rows of a file with this header become, where a row is a complaint.

    Raises:
        FileRefused: a mapped column is missing, or a column is neither mapped nor ignored.
    """

    def __init__(self, mapping: Mapping, header: Sequence[str]) -> None:
        super().__init__(mapping, header)
        self._steps = [self._columns.step(step) for step in mapping.steps]

    def __call__(self, row: Row) -> tuple[str, list[Command]]:
        """The source id and the commands of a row.

        Raises:
            Rejected: a value is missing, unknown, or not what its command allows.
        """
        self._check_known(row)
        return self.source_id(row), [command for step in self._steps if (command := step(row))]


class Move(Struct, frozen=True):
    """A step of an activity, bound: the command it makes of a row, and in which states it does."""

    make: Make
    states: frozenset[State]
    implied: bool


class Change(Struct, frozen=True, kw_only=True):
    """What is made of a row that is a change."""

    refused: Refusal
    then: tuple[Move, ...]
    imply: tuple[Move, ...]


class BoundLog(_Binding):
    """What the rows of a file with this header become, where a row is a change of a case.

    Raises:
        FileRefused: a mapped column is missing, or a column is neither mapped nor ignored.
    """

    def __init__(self, mapping: Mapping, header: Sequence[str]) -> None:
        super().__init__(mapping, header)
        log = mapping.log
        if log is None:
            raise ValueError("the mapping describes no log")
        index = self._columns.index
        self._register = self._columns.step(mapping.steps[0])
        self._time = self._columns.cell(log.time)
        self._row = self._columns.cell(log.row)
        self.time_columns = ", ".join(log.time.sources)
        self._row_columns = ", ".join(log.row.sources)
        self._activity, self._activity_column = index[log.activity], log.activity
        self._changes = {name: self._change(on) for on in log.on for name in on.activities}
        names = log.identity or sorted(index.keys() - mapping.ignored)
        self._identity = [(name, index[name]) for name in names]

    def placed(self, row: Row) -> tuple[str, datetime | None]:
        """The case that a row belongs to, and its time; None: it has none.

        Raises:
            Rejected: one of the two cannot be read.
        """
        return self.source_id(row), self._time(row)

    def identity(self, row: Row) -> str:
        """The same for the same row, and for no other of its case; in hexadecimal."""
        said = [(name, row[position]) for name, position in self._identity]
        return sha256(msgspec.json.encode(said)).hexdigest()[:32]

    def register(self, row: Row) -> Command:
        """The registration, from the case's first row.

        Raises:
            Rejected: a value is missing, unknown, or not what the command allows.
        """
        self._check_known(row)
        command = self._register(row)
        if command is None:
            raise ValueError("a registration has no condition")
        return command

    def change(self, row: Row) -> Change:
        """What its activity makes of a row.

        Raises:
            Rejected: the activity, or another value, is not a known one.
        """
        self._check_known(row)
        activity = row[self._activity]
        if self._columns.blank(activity):
            raise Rejected(self._activity_column, "it is empty")
        if activity not in self._changes:
            raise Rejected(self._activity_column, f"{activity!r} is no activity of the mapping")
        return self._changes[activity]

    def words(self, row: Row) -> str:
        """The row in words, for notes and reasons.

        Raises:
            Rejected: they are not a text that a command allows.
        """
        try:
            return msgspec.convert(self._row(row), FreeText)
        except msgspec.ValidationError as error:
            raise Rejected(self._row_columns, f"the row in words: {error}") from error

    def _change(self, on: On) -> Change:
        return Change(refused=on.refused, then=self._moves(on.then), imply=self._moves(on.imply))

    def _moves(self, steps: Sequence[Step]) -> tuple[Move, ...]:
        return tuple(Move(self._columns.step(step), step.states, step.implied) for step in steps)


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
