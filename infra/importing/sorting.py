"""The rows of a log put in order outside of memory: by case, and within a case by time."""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from infra.importing.reading import Record

PAGE = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAST = 2**62
"""Stands for no time: such rows come after all others of their case."""


class Case(NamedTuple):
    """A case of the file: its id, how many rows it has, and the latest time of one."""

    id: str
    rows: int
    latest: datetime | None


class Placed(NamedTuple):
    """A row of a case, with its time if it has one."""

    record: Record
    at: datetime | None


class Sorted:
    """A temporary database on disk, which the operating system removes with the process."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        for setting in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE"):
            self._database.execute(f"PRAGMA {setting}")
        self._database.execute(
            "CREATE TABLE rows (case_id TEXT, at INTEGER, line INTEGER, fields BLOB, raw TEXT)"
        )
        self._database.execute("BEGIN")

    def add(self, case_id: str, at: datetime | None, record: Record) -> None:
        """Take a row in, in any order."""
        micros = _LAST if at is None else (at - _EPOCH) // _MICROSECOND
        fields = msgspec.msgpack.encode(record.fields)
        self._database.execute(
            "INSERT INTO rows VALUES (?, ?, ?, ?, ?)", (case_id, micros, record.line, fields, record.raw)
        )

    def sort(self) -> int:
        """Put all rows in order; the number of cases."""
        self._database.execute("CREATE INDEX in_order ON rows (case_id, at, line)")
        self._database.execute("COMMIT")
        ((cases,),) = self._database.execute("SELECT count(DISTINCT case_id) FROM rows")
        return int(cases)

    def cases(self) -> Iterator[Case]:
        """The cases in the order of their ids."""
        query = "SELECT case_id, count(*), max(nullif(at, ?)) FROM rows GROUP BY case_id ORDER BY case_id"
        for case_id, rows, latest in self._database.execute(query, (_LAST,)):
            yield Case(case_id, rows, None if latest is None else _moment(latest))

    def pages(self, case_id: str) -> Iterator[Sequence[Placed]]:
        """The rows of a case in order, no more than a page of them in memory."""
        query = "SELECT at, line, fields, raw FROM rows WHERE case_id = ? ORDER BY at, line"
        cursor = self._database.execute(query, (case_id,))
        while page := cursor.fetchmany(PAGE):
            yield [
                Placed(
                    Record(line, msgspec.msgpack.decode(fields, type=list[str]), raw),
                    None if at == _LAST else _moment(at),
                )
                for at, line, fields, raw in page
            ]

    def close(self) -> None:
        """Remove it."""
        self._database.close()


def _moment(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND
