"""The import itself: rows executed side by side, each whole or not at all; the log commits them in groups."""

import asyncio
import contextlib
import csv
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from msgspec import Struct

from domain.aggregate import Refused
from domain.complaint import COMPLAINT
from infra.commands import AlreadyClaimed, Caller, Commands, KeyReused
from infra.importing.binding import Bound
from infra.importing.mapping import Mapping
from infra.importing.reading import FileRefused, Reader, Record, Rejected

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
    """What an import did: rows = added + known + rejected. `rejects` is the file of the rejected, if any."""

    rows: int
    added: int
    known: int
    rejected: int
    seconds: float
    correlation: str
    rejects: Path | None


async def run(
    file: Path,
    mapping: Mapping,
    commands: Commands,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
    rejects: Path | None = None,
    concurrency: int = 64,
) -> Report:
    """Import a file, at most `concurrency` rows at once and none read ahead of them.

    Rejected rows go to `rejects`, or beside the file (`name.rejects.csv`). A second run adds what is missing.

    Raises:
        FileRefused: the file cannot be read, or its columns do not fit the mapping; nothing was imported.
        Unavailable, Overloaded: the import stopped in the middle; run it again.
    """
    with _opened(
        file, mapping, rejects or file.with_name(f"{file.stem}.rejects.csv"), commands, progress
    ) as job:
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(concurrency):
                    workers.create_task(job.work())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        return job.finished()


class _Job:
    def __init__(
        self,
        *,
        reader: Reader,
        bound: Bound,
        mapping: Mapping,
        commands: Commands,
        rejects: "_Rejects",
        progress: Callable[[Progress], None],
        bytes_total: int,
    ) -> None:
        self._reader = reader
        self._commands_of = bound
        self._mapping = mapping
        self._commands = commands
        self._rejects = rejects
        self._progress = progress
        self._bytes_total = bytes_total
        self._actor = f"import:{mapping.source}"
        self._correlation = f"import-{uuid4()}"
        self._started = self._told = time.monotonic()
        self._added = self._known = 0

    async def work(self) -> None:
        """Take rows until there are no more; any number of these share the reader."""
        for record in self._reader:
            try:
                if await self._append(record):
                    self._added += 1
                else:
                    self._known += 1
            except Rejected as rejected:
                self._rejects.write(record, rejected)
                await asyncio.sleep(0)  # rows that never reach the log let others go on, too
            now = time.monotonic()
            if now - self._told >= TELL_SECONDS:
                self._told = now
                self._progress(self._state())

    async def _append(self, record: Record) -> bool:
        """Whether the row was added; it was known before if not."""
        if record.fault:
            raise record.fault
        source, id_column = self._mapping.source, self._mapping.id_column
        source_id, commands = self._commands_of(record.fields)
        caller = Caller(
            actor=self._actor,
            correlation=self._correlation,
            key=f"import/{source}/{source_id}",
            claim=f"{source}:{source_id}",
            origin="import",
        )
        try:
            return not (await self._commands.create(COMPLAINT, caller, *commands)).replayed
        except AlreadyClaimed:
            return False
        except KeyReused as error:
            reason = f"{source_id!r} was imported before with other content, which stays as it is"
            raise Rejected(id_column, reason) from error
        except Refused as error:
            raise Rejected(" + ".join(command.verb for command in commands), str(error)) from error

    def finished(self) -> Report:
        """The report, after a last word on the progress."""
        state = self._state()
        self._progress(state)
        return Report(
            rows=state.rows,
            added=state.added,
            known=state.known,
            rejected=state.rejected,
            seconds=state.seconds,
            correlation=self._correlation,
            rejects=self._rejects.path if state.rejected else None,
        )

    def _state(self) -> Progress:
        rejected = self._rejects.count
        return Progress(
            rows=self._added + self._known + rejected,
            added=self._added,
            known=self._known,
            rejected=rejected,
            bytes_read=self._reader.bytes_read,
            bytes_total=self._bytes_total,
            seconds=time.monotonic() - self._started,
        )


class _Rejects:
    def __init__(self, path: Path, writer: Any, flush: Callable[[], None]) -> None:
        self.path = path
        self.count = 0
        self._writer = writer
        self._flush = flush
        writer.writerow(("line", "field", "reason", "row"))

    def write(self, record: Record, rejected: Rejected) -> None:
        self.count += 1
        self._writer.writerow((record.line, rejected.field, rejected.reason, record.raw))
        self._flush()


@contextlib.contextmanager
def _opened(
    file: Path, mapping: Mapping, rejects: Path, commands: Commands, progress: Callable[[Progress], None]
) -> Iterator[_Job]:
    with contextlib.ExitStack() as stack:
        try:
            source = stack.enter_context(file.open("rb"))
            bytes_total = file.stat().st_size
        except OSError as error:
            raise FileRefused(f"{file}: {error.strerror or error}") from error
        reader = Reader(source, mapping.csv)
        bound = Bound(mapping, reader.header)
        if rejects.exists() and rejects.samefile(file):
            raise FileRefused(f"{rejects}: the rejects would replace the file itself")
        try:
            written = stack.enter_context(
                rejects.open("w", encoding="utf-8", newline="", errors="backslashreplace")
            )
        except OSError as error:
            raise FileRefused(
                f"{rejects}: rejected rows cannot be written there: {error.strerror}"
            ) from error
        kept = _Rejects(rejects, csv.writer(written), written.flush)
        yield _Job(
            reader=reader,
            bound=bound,
            mapping=mapping,
            commands=commands,
            rejects=kept,
            progress=progress,
            bytes_total=bytes_total,
        )
    if not kept.count:
        rejects.unlink()
