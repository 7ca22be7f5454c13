"""What an import tells: how far it is, what it did, and which rows it could not take."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from infra.importing.reading import Record, Rejected

TELL_SECONDS = 0.1


class Progress(Struct, frozen=True, kw_only=True):
    """How far an import is."""

    rows: int
    added: int
    known: int
    rejected: int
    bytes_read: int
    bytes_total: int
    seconds: float

    @property
    def rate(self) -> float:
        """Rows per second so far."""
        return self.rows / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None before anything was read."""
        if not self.bytes_read:
            return None
        return self.seconds * (self.bytes_total - self.bytes_read) / self.bytes_read


class Report(Struct, frozen=True, kw_only=True):
    """What an import did: rows = added + noted + known + rejected.

    `rejects` is the file of the rejected, if any. `noted` are rows of a log that were kept as notes;
    `implied` counts commands, not rows, that were missing in a log and added. `cases`: those of a log; None
    where a row is a complaint.
    """

    rows: int
    added: int
    known: int
    rejected: int
    seconds: float
    correlation: str
    rejects: Path | None
    cases: int | None = None
    noted: int = 0
    implied: int = 0

    def counts(self) -> dict[str, int]:
        """The numbers by name, those of the kind of file that it was, in the order to show them in."""
        rows = {"rows": self.rows, "added": self.added, "known": self.known, "rejected": self.rejected}
        if self.cases is None:
            return rows
        return {"cases": self.cases, **rows, "noted": self.noted, "implied": self.implied}


class Rejects:
    """The file of rejected rows."""

    def __init__(self, path: Path, writer: Any, flush: Callable[[], None]) -> None:
        self.path = path
        self.count = 0
        self._writer = writer
        self._flush = flush
        writer.writerow(("line", "field", "reason", "row"))

    def write(self, record: Record, rejected: Rejected) -> None:
        """Add a row, and have it on disk's way at once."""
        self.count += 1
        self._writer.writerow((record.line, rejected.field, rejected.reason, record.raw))
        self._flush()


class Tally:
    """Counts rows as they are done, and tells the progress now and then."""

    def __init__(self, rejects: Rejects, progress: Callable[[Progress], None], bytes_total: int) -> None:
        self.rejects = rejects
        self.added = self.known = self.noted = self.implied = 0
        self.cases: int | None = None
        self.bytes_read = 0
        self._progress = progress
        self._bytes_total = bytes_total
        self._started = self._told = time.monotonic()

    @property
    def rows(self) -> int:
        """All that are done, whatever became of them."""
        return self.added + self.noted + self.known + self.rejects.count

    def tell(self) -> None:
        """Tell the progress, if the last word was a while ago."""
        now = time.monotonic()
        if now - self._told >= TELL_SECONDS:
            self._told = now
            self._progress(self._state())

    def report(self, correlation: str) -> Report:
        """The report, after a last word on the progress."""
        self.bytes_read = self._bytes_total
        state = self._state()
        self._progress(state)
        return Report(
            rows=state.rows,
            added=state.added,
            known=state.known,
            rejected=state.rejected,
            seconds=state.seconds,
            correlation=correlation,
            rejects=self.rejects.path if state.rejected else None,
            cases=self.cases,
            noted=self.noted,
            implied=self.implied,
        )

    def _state(self) -> Progress:
        return Progress(
            rows=self.rows,
            added=self.added,
            known=self.known,
            rejected=self.rejects.count,
            bytes_read=self.bytes_read,
            bytes_total=self._bytes_total,
            seconds=time.monotonic() - self._started,
        )
