"""What falls due next in each complaint that policies were applied to. The watchdog has it recorded."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, LiteralString, cast
from uuid import UUID

import psycopg
from msgspec import Struct, convert
from psycopg.rows import tuple_row

from domain.aggregate import Event
from domain.complaint import COMPLAINT, ComplaintEvent
from domain.complaint.events import SlaApplied
from domain.sla import Book, Due, Timeline, falls_due, noted
from infra.events import ROW, Recorded, Row, decode_body
from infra.policies import read_standing
from infra.projector import View
from infra.rows import fold_rows, keys_there

DDL = """
CREATE TABLE IF NOT EXISTS sla_due_1 (
    complaint_id   uuid        PRIMARY KEY,
    version        integer     NOT NULL,
    next_at        timestamptz,
    due            json        NOT NULL,
    timeline       json        NOT NULL,
    latest         timestamptz NOT NULL,
    imported_until timestamptz
);
CREATE INDEX IF NOT EXISTS sla_due_1_next ON sla_due_1 (next_at, complaint_id) WHERE next_at IS NOT NULL;
"""
BEFORE = f"SELECT {ROW} WHERE e.stream_id = ANY(%s) AND e.position < %s ORDER BY e.position"
DUE: LiteralString = """
SELECT complaint_id, version, due FROM sla_due_1
 WHERE next_at <= %s ORDER BY next_at, complaint_id LIMIT %s"""
NEXT: LiteralString = "SELECT next_at FROM sla_due_1 WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 1"


class DueRow(Struct, frozen=True, kw_only=True):
    """A complaint's clocks; the fields are the columns of `sla_due_1`.

    `due` is all that is to be recorded of them if nothing else happens, the earliest, at `next_at`, first.
    `latest` is the latest time at which anything of it occurred. What fell due before an import, the last of
    whose events was recorded at `imported_until`, is history: nobody is told of it now.
    """

    complaint_id: UUID
    version: int
    next_at: datetime | None
    due: tuple[Due, ...]
    timeline: Timeline
    latest: datetime
    imported_until: datetime | None


class DueNow(Struct, frozen=True, kw_only=True):
    """A complaint with something due, as far as the view has read it: up to `version`."""

    complaint_id: UUID
    version: int
    due: tuple[Due, ...]


async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    """Fold the events of the complaints that have clocks, from their registration on."""
    followed = await _followed(connection, events)
    if not followed:
        return
    book = (await read_standing(connection)).book
    stories: dict[UUID, list[Recorded[Event]]] = {}
    for event in followed:
        stories.setdefault(event.stream_id, []).append(event)

    def fold(row: DueRow | None, last: Recorded[Event]) -> DueRow:
        return _folded(row, stories[last.stream_id], book)

    newest = [story[-1] for story in stories.values()]
    await fold_rows(connection, newest, table="sla_due_1", key="complaint_id", row_type=DueRow, fold=fold)


VIEW = View(name="sla_due", version=1, ddl=DDL, tables=("sla_due_1",), apply=apply)


async def due(connection: psycopg.AsyncConnection[Any], at: datetime, limit: int) -> list[DueNow]:
    """The complaints in which something fell due by `at` that is not recorded yet, the earliest first."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        rows = await (await cursor.execute(DUE, [at, limit])).fetchall()
    return [
        DueNow(complaint_id=complaint_id, version=version, due=convert(due, tuple[Due, ...]))
        for complaint_id, version, due in rows
    ]


async def next_due(connection: psycopg.AsyncConnection[Any]) -> datetime | None:
    """When the next thing falls due, or fell; None where no clock runs."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        found = await (await cursor.execute(NEXT)).fetchone()
    return found[0] if found else None


async def _followed(
    connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]
) -> list[Recorded[Event]]:
    """The events of complaints with clocks; of those that have just got them, all since the registration."""
    ours = [event for event in events if event.kind == COMPLAINT.kind]
    known = await keys_there(
        connection,
        (event.stream_id for event in ours),
        table="sla_due_1",
        key="complaint_id",
        row_type=DueRow,
    )
    new = {event.stream_id for event in ours if isinstance(event.event, SlaApplied)} - known
    begun = {event.stream_id for event in ours if event.version == 1}
    earlier = await _earlier(connection, new - begun, ours[0].position) if new - begun else []
    return [*earlier, *(event for event in ours if event.stream_id in known | new)]


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


def _folded(row: DueRow | None, story: Sequence[Recorded[Event]], book: Book) -> DueRow:
    timeline = row.timeline if row else Timeline()
    latest = row.latest if row else story[0].occurred_at
    imported_until = row.imported_until if row else None
    for recorded in story:
        timeline = noted(timeline, cast("ComplaintEvent", recorded.event), recorded.occurred_at)
        latest = max(latest, recorded.occurred_at)
        if recorded.origin == "import":
            imported_until = recorded.recorded_at
    due = tuple(
        each
        for each in falls_due(timeline, book, latest)
        if imported_until is None or each.at > imported_until
    )
    return DueRow(
        complaint_id=story[-1].stream_id,
        version=story[-1].version,
        next_at=due[0].at if due else None,
        due=due,
        timeline=timeline,
        latest=latest,
        imported_until=imported_until,
    )
