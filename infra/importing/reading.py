"""A CSV file as a stream of records, each with its line and raw text; bad ones are told, not skipped."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from infra.importing.mapping import Csv

_ESCAPED = re.compile("[\udc80-\udcff]")


class FileRefused(Exception):
    """The file as a whole does not fit the mapping; nothing was imported."""


class Rejected(Exception):
    """A row that is not imported: the column (or command) at fault, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class Record(NamedTuple):
    """One row: the line of the file it starts on (from 1), its fields, its text, and what is wrong."""

    line: int
    fields: Sequence[str]
    raw: str
    fault: Rejected | None = None


class Reader:
    """Iterates over the rows below the header, reading no further than asked. Blank lines are no rows."""

    def __init__(self, file: BinaryIO, settings: Csv) -> None:
        self.bytes_read = 0
        self._file = file
        self._encoding = settings.encoding
        self._held: list[str] = []
        self._damaged = False
        self._rows = csv.reader(
            self._lines(),
            delimiter=settings.delimiter,
            quotechar=settings.quote,
            escapechar=settings.escape,
            doublequote=settings.doublequote,
            strict=True,
        )
        self.header: tuple[str, ...] = ()
        self.header = self._header()

    def __iter__(self) -> Iterator[Record]:
        return self

    def __next__(self) -> Record:
        """The next row. What is not CSV ends where the parser gave up; the next line starts another."""
        while True:
            self._held.clear()
            self._damaged = False
            line = self._rows.line_num + 1
            try:
                fields = next(self._rows)
            except csv.Error as error:
                return Record(line, (), self._raw(), Rejected("", f"it is not CSV: {error}"))
            if fields:
                return Record(line, fields, self._raw(), self._fault(fields))

    def _header(self) -> tuple[str, ...]:
        first = next(self, None)
        if first is None:
            raise FileRefused("the file is empty; its first line must name the columns")
        if first.fault and (not first.fields or self._damaged):
            raise FileRefused(f"line 1, which must name the columns: {first.fault.reason}")
        return numbered(first.fields)

    def _lines(self) -> Iterator[str]:
        for number, line in enumerate(self._file):
            self.bytes_read += len(line)
            if number == 0 and self._encoding.lower() in ("utf-8", "utf8"):
                line = line.removeprefix(b"\xef\xbb\xbf")  # noqa: PLW2901 - the mark is no part of the text
            try:
                text = line.decode(self._encoding)
            except UnicodeDecodeError:
                self._damaged = True
                text = line.decode(self._encoding, "surrogateescape")
            self._held.append(text)
            yield text

    def _raw(self) -> str:
        text = "".join(self._held).rstrip("\r\n")
        return self._shown(text) if self._damaged else text

    def _shown(self, text: str) -> str:
        return text.encode(self._encoding, "surrogateescape").decode(self._encoding, "backslashreplace")

    def _fault(self, fields: Sequence[str]) -> Rejected | None:
        expected = len(self.header) or len(fields)
        if len(fields) < expected:
            missing = ", ".join(self.header[len(fields) :])
            return Rejected(missing, f"the row has {len(fields)} of {expected} fields; missing: {missing}")
        if len(fields) > expected:
            extra = ", ".join(repr(self._shown(each)) for each in fields[expected:])
            return Rejected(
                self.header[-1], f"the row has {len(fields)} fields instead of {expected}; beyond: {extra}"
            )
        if not self._damaged:
            return None
        bad = next((number for number, each in enumerate(fields) if _ESCAPED.search(each)), 0)
        column = self.header[bad] if self.header else ""
        return Rejected(column, f"it is not valid {self._encoding}: {self._shown(fields[bad])}")


def numbered(names: Sequence[str]) -> tuple[str, ...]:
    """Column names, a repeated one with its number: `Variant`, `Variant#2`."""
    seen: Counter[str] = Counter()
    result = []
    for name in names:
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return tuple(result)
