"""The import itself: many rows or cases side by side, so that the log commits them in groups."""

import asyncio
import contextlib
import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from infra.commands import Commands
from infra.importing.binding import Bound, BoundLog
from infra.importing.cases import Appending, Cases
from infra.importing.complaints import Complaints
from infra.importing.mapping import Mapping
from infra.importing.reading import FileRefused, Reader
from infra.importing.reporting import Progress, Rejects, Report, Tally
from infra.importing.sorting import Sorted


class _Job(NamedTuple):
    parts: Complaints | Cases
    tally: Tally
    correlation: str


async def run(
    file: Path,
    mapping: Mapping,
    commands: Commands,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
    rejects: Path | None = None,
    concurrency: int = 128,
) -> Report:
    """Import a file, at most `concurrency` rows, or cases of a log, at once, and a page of rows read ahead.

    Rejected rows go to `rejects`, or beside the file (`name.rejects.csv`). A second run adds what is missing.

    Raises:
        FileRefused: the file cannot be read, or its columns do not fit the mapping; nothing was imported.
        Unavailable, Overloaded: the import stopped in the middle; run it again.
    """
    beside = rejects or file.with_name(f"{file.stem}.rejects.csv")
    with _opened(file, mapping, beside, commands, progress) as job:
        await job.parts.prepare()
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(concurrency):
                    workers.create_task(job.parts.work())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        return job.tally.report(job.correlation)


@contextlib.contextmanager
def _opened(
    file: Path, mapping: Mapping, rejects: Path, commands: Commands, progress: Callable[[Progress], None]
) -> Iterator[_Job]:
    correlation = f"import-{uuid4()}"
    with contextlib.ExitStack() as stack:
        try:
            source = stack.enter_context(file.open("rb"))
            bytes_total = file.stat().st_size
        except OSError as error:
            raise FileRefused(f"{file}: {error.strerror or error}") from error
        reader = Reader(source, mapping.csv)
        bound = BoundLog(mapping, reader.header) if mapping.log else Bound(mapping, reader.header)
        kept = stack.enter_context(_rejects(rejects, file))
        tally = Tally(kept, progress, bytes_total)
        parts: Complaints | Cases
        if isinstance(bound, BoundLog):
            rows = stack.enter_context(contextlib.closing(Sorted()))
            parts = Cases(reader, bound, rows, Appending(mapping, bound, commands, correlation), tally)
        else:
            parts = Complaints(
                reader, bound, tally, mapping=mapping, commands=commands, correlation=correlation
            )
        yield _Job(parts, tally, correlation)
    if not kept.count:
        rejects.unlink()


@contextlib.contextmanager
def _rejects(path: Path, file: Path) -> Iterator[Rejects]:
    if path.exists() and path.samefile(file):
        raise FileRefused(f"{path}: the rejects would replace the file itself")
    try:
        written = path.open("w", encoding="utf-8", newline="", errors="backslashreplace")
    except OSError as error:
        raise FileRefused(f"{path}: rejected rows cannot be written there: {error.strerror}") from error
    with written:
        yield Rejects(path, csv.writer(written), written.flush)
