"""The view's tables, and how a batch of events goes into them."""

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import tuple_row

from domain.complaint import COMPLAINT
from domain.messages import Event
from infra.events import Recorded
from infra.projector import View
from infra.reference import read_book
from infra.rows import fills_fresh, fold_rows, one_by_one, table_of, write
from projections.sla.cases import Case, fold
from projections.sla.counts import COUNTS, TABLES, recount
from projections.sla.rows import ClockRow, clock_rows

DDL = """
CREATE TABLE IF NOT EXISTS sla_cases_4 (
    complaint_id uuid        PRIMARY KEY,
    protocol     text        NOT NULL,
    known_at     timestamptz NOT NULL,
    timeline     json        NOT NULL,
    history      json        NOT NULL,
    origin_known boolean     NOT NULL,
    imported     boolean     NOT NULL
) WITH (fillfactor = 85);
CREATE TABLE IF NOT EXISTS sla_clocks_4 (
    id               text        PRIMARY KEY,
    complaint_id     uuid        NOT NULL,
    protocol         text        NOT NULL,
    clock_id         text        NOT NULL,
    cycle            integer     NOT NULL,
    policy           text        NOT NULL,
    policy_version   integer     NOT NULL,
    calendar         text        NOT NULL,
    calendar_version integer     NOT NULL,
    layer            text        NOT NULL,
    target           text        NOT NULL,
    stops            text        NOT NULL,
    obligation       text        NOT NULL,
    case_id          uuid,
    state            text        NOT NULL,
    outcome          text,
    started_at       timestamptz NOT NULL,
    due_at           timestamptz,
    stopped_at       timestamptz,
    decided_at       timestamptz,
    decided_on       date,
    used_seconds     float8      NOT NULL,
    extended         integer     NOT NULL,
    late             boolean     NOT NULL,
    backdated        boolean     NOT NULL,
    reason           text,
    declared         text,
    intervals        json        NOT NULL,
    kind             text        NOT NULL,
    channel          text,
    tier             text,
    category         text,
    product          text,
    sector           text,
    team             text,
    analyst          text,
    provider         text,
    provider_name    text
) WITH (fillfactor = 85);
CREATE INDEX IF NOT EXISTS sla_clocks_4_complaint ON sla_clocks_4 (complaint_id);
CREATE INDEX IF NOT EXISTS sla_clocks_4_running ON sla_clocks_4 (due_at, id) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS sla_clocks_4_analyst ON sla_clocks_4 (analyst, due_at, id) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS sla_clocks_4_team ON sla_clocks_4 (team, due_at, id) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS sla_clocks_4_decided ON sla_clocks_4 (decided_at, id) WHERE decided_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS sla_clocks_4_outcome ON sla_clocks_4 (outcome, decided_at, id)
    WHERE decided_at IS NOT NULL;
"""
CLOCKS: LiteralString = "SELECT json_agg(c)::text FROM sla_clocks_4 c WHERE complaint_id = ANY(%s)"
CLEAR = b"DELETE FROM sla_clocks_4 WHERE id IN (SELECT json_array_elements_text(%s))"


async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    """Fold events into the tables; clocks are reckoned anew once a transaction, where something moved."""
    await fold_rows(
        connection,
        [event for event in events if event.kind == COMPLAINT.kind],
        table="sla_cases_4",
        key="complaint_id",
        row_type=Case,
        fold=one_by_one(fold),
        written=_run,
    )


VIEW = View(
    name="sla",
    version=4,
    ddl=DDL + COUNTS,
    tables=("sla_cases_4", "sla_clocks_4", *TABLES),
    apply=apply,
    stream_kinds=(COMPLAINT.kind,),
)


async def _run(connection: psycopg.AsyncConnection[Any], cases: Sequence[Case]) -> None:
    """Put the clocks of these complaints in the place of those they had, and the counts right."""
    timed = [case for case in cases if case.timeline.applications]
    if not timed:
        return
    book = await read_book(
        connection, (applied.policies for each in timed for applied in each.timeline.applications)
    )
    new = [row for case in timed for row in clock_rows(case, book)]
    old = [] if fills_fresh(connection) else await _clocks(connection, [case.complaint_id for case in timed])
    await _replace(connection, old, new)
    await recount(connection, old, new)


async def _replace(
    connection: psycopg.AsyncConnection[Any], old: Sequence[ClockRow], new: Sequence[ClockRow]
) -> None:
    table = table_of("sla_clocks_4", "id", ClockRow)
    if fills_fresh(connection):
        await table.copy(connection, new)
        return
    before = {row.id: row for row in old}
    if changed := [row for row in new if row != before.get(row.id)]:
        await table.write(connection, changed)
    if gone := before.keys() - {row.id for row in new}:
        await write(connection, CLEAR, [msgspec.json.encode(sorted(gone)).decode()])


async def _clocks(connection: psycopg.AsyncConnection[Any], ids: list[UUID]) -> list[ClockRow]:
    async with connection.cursor(row_factory=tuple_row) as cursor:
        found = await (await cursor.execute(CLOCKS, [ids])).fetchone()
    return msgspec.json.decode(found[0], type=list[ClockRow]) if found and found[0] else []
