"""What falls due next in each complaint that policies were applied to. The watchdog has it recorded."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, LiteralString, cast
from uuid import UUID

import psycopg
from msgspec import Struct, convert
from msgspec.structs import replace
from psycopg.rows import tuple_row

from domain.complaint import COMPLAINT, ComplaintEvent
from domain.complaint.events import SlaApplied
from domain.messages import Event
from domain.sla import Book, Due, Timeline, falls_due, noted
from infra.events import ROW, Recorded, Row, decode_body
from infra.projector import View
from infra.reference import read_book
from infra.rows import fold_rows, with_rows

DDL = """
CREATE TABLE IF NOT EXISTS sla_due_4 (
    complaint_id   uuid        PRIMARY KEY,
    version        integer     NOT NULL,
    next_at        timestamptz,
    due            json        NOT NULL,
    timeline       json        NOT NULL,
    latest         timestamptz NOT NULL,
    imported_until timestamptz
);
CREATE INDEX IF NOT EXISTS sla_due_4_next ON sla_due_4 (next_at, complaint_id) WHERE next_at IS NOT NULL;
"""
BEFORE = f"SELECT {ROW} WHERE e.stream_id = ANY(%s) AND e.position < %s ORDER BY e.position"
DUE: LiteralString = """
SELECT complaint_id, version, due, imported_until FROM sla_due_4
 WHERE next_at <= %s ORDER BY next_at, complaint_id LIMIT %s"""
NEXT: LiteralString = "SELECT next_at FROM sla_due_4 WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 1"


class DueRow(Struct, frozen=True, kw_only=True):
    """A complaint's clocks; the fields are the columns of `sla_due_4`.

    `due` is all that is to be recorded of them if nothing else happens, the earliest, at `next_at`, first;
    None, which is never written: not reckoned yet.
    `latest` is the latest time at which anything occurred that moves a clock. What fell due before an import,
    the last of whose events was recorded at `imported_until`, is history: nobody is told of it now.
    """

    complaint_id: UUID
    version: int
    next_at: datetime | None
    due: tuple[Due, ...] | None
    timeline: Timeline
    latest: datetime
    imported_until: datetime | None


class DueNow(Struct, frozen=True, kw_only=True):
    """A complaint with something due, as far as the view has read it: up to `version`."""

    complaint_id: UUID
    version: int
    due: tuple[Due, ...]
    imported_until: datetime | None


async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    """Fold the events of the complaints that have clocks, from their registration on."""
    ours = [event for event in events if event.kind == COMPLAINT.kind]
    applied = [event for event in ours if isinstance(event.event, SlaApplied)]
    begun = {event.stream_id for event in ours if event.version == 1}
    streams = {event.stream_id for event in ours}
    known = await with_rows(
        connection, streams - begun, table="sla_due_4", key="complaint_id", row_type=DueRow
    )
    new = {event.stream_id for event in applied} - known
    if not known and not new:
        return
    earlier = await _earlier(connection, new - begun, ours[0].position) if new - begun else []
    await fold_rows(
        connection,
        [*earlier, *(event for event in ours if event.stream_id in known or event.stream_id in new)],
        table="sla_due_4",
        key="complaint_id",
        row_type=DueRow,
        fold=_folded,
        finish=_finish,
    )


VIEW = View(
    name="sla_due", version=4, ddl=DDL, tables=("sla_due_4",), apply=apply, stream_kinds=(COMPLAINT.kind,)
)


async def due(connection: psycopg.AsyncConnection[Any], at: datetime, limit: int) -> list[DueNow]:
    """The complaints in which something fell due by `at` that is not recorded yet, the earliest first."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        rows = await (await cursor.execute(DUE, [at, limit])).fetchall()
    return [
        DueNow(
            complaint_id=complaint_id,
            version=version,
            due=convert(due, tuple[Due, ...]),
            imported_until=imported_until,
        )
        for complaint_id, version, due, imported_until in rows
    ]


async def next_due(connection: psycopg.AsyncConnection[Any]) -> datetime | None:
    """When the next thing falls due, or fell; None where no clock runs."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        found = await (await cursor.execute(NEXT)).fetchone()
    return found[0] if found else None


async def _earlier(
    connection: psycopg.AsyncConnection[Any], streams: Iterable[UUID], before: int
) -> list[Recorded[Event]]:
    """What happened before; without the keys, for clocks ask nothing personal."""
    async with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        rows = await (await cursor.execute(BEFORE.encode(), [list(streams), before])).fetchall()
    return [_sealed(Row._make(values)) for values in rows]


def _sealed(row: Row) -> Recorded[Event]:
    event = decode_body(row.tag, row.body, None, row.stream_id, row.version)
    return Recorded(*row[:11], row.leaf, event)


def _folded(row: DueRow | None, story: Sequence[Recorded[Event]]) -> DueRow:
    """The row after some events. What moves no clock is a version more; else `due` is to be reckoned."""
    timeline, latest = (row.timeline, row.latest) if row else (Timeline(), story[0].occurred_at)
    imported_until = row.imported_until if row else None
    for recorded in story:
        before, event = timeline, cast("ComplaintEvent", recorded.event)
        timeline = noted(before, event, recorded.occurred_at, recorded.version)
        if timeline is not before:
            latest = max(latest, recorded.occurred_at)
        if recorded.origin == "import":
            imported_until = recorded.recorded_at
    if row and timeline is row.timeline and imported_until == row.imported_until:
        return replace(row, version=story[-1].version)
    return DueRow(
        complaint_id=story[-1].stream_id,
        version=story[-1].version,
        next_at=None,
        due=None,
        timeline=timeline,
        latest=latest,
        imported_until=imported_until,
    )


async def _finish(connection: psycopg.AsyncConnection[Any], rows: Sequence[DueRow]) -> Sequence[DueRow]:
    """The rows with what falls due, once for all that moved their clocks."""
    moved = [row.timeline for row in rows if row.due is None]
    book = await read_book(
        connection, (applied.policies for timeline in moved for applied in timeline.applications)
    )
    return [_reckoned(row, book) if row.due is None else row for row in rows]


def _reckoned(row: DueRow, book: Book) -> DueRow:
    found = falls_due(row.timeline, book, row.latest)
    due = tuple(each for each in found if row.imported_until is None or each.at > row.imported_until)
    return replace(row, next_at=due[0].at if due else None, due=due)
