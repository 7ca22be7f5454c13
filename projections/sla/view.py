"""The view's tables, and how a batch of events goes into them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import tuple_row

from domain.aggregate import Event
from domain.complaint import COMPLAINT
from infra.events import Recorded
from infra.policies import read_standing
from infra.projector import View
from projections.sla.cases import Case, fold
from projections.sla.rows import Cell, ClockRow, Count, cells, clock_rows, count

DDL = """
CREATE TABLE IF NOT EXISTS sla_cases_1 (
    complaint_id uuid        PRIMARY KEY,
    protocol     text        NOT NULL,
    known_at     timestamptz NOT NULL,
    timeline     json        NOT NULL,
    history      json        NOT NULL,
    origin_known boolean     NOT NULL
) WITH (fillfactor = 85);
CREATE TABLE IF NOT EXISTS sla_clocks_1 (
    id               text        PRIMARY KEY,
    complaint_id     uuid        NOT NULL,
    protocol         text        NOT NULL,
    clock_id         text        NOT NULL,
    cycle            integer     NOT NULL,
    policy           text        NOT NULL,
    policy_version   integer     NOT NULL,
    calendar         text        NOT NULL,
    calendar_version integer     NOT NULL,
    zone             text        NOT NULL,
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
    analyst          text
) WITH (fillfactor = 85);
CREATE INDEX IF NOT EXISTS sla_clocks_1_complaint ON sla_clocks_1 (complaint_id);
CREATE INDEX IF NOT EXISTS sla_clocks_1_running ON sla_clocks_1 (due_at, id) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS sla_clocks_1_analyst ON sla_clocks_1 (analyst) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS sla_clocks_1_team ON sla_clocks_1 (team) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS sla_clocks_1_decided ON sla_clocks_1 (decided_at, id) WHERE decided_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS sla_clocks_1_outcome ON sla_clocks_1 (outcome, decided_at, id)
    WHERE decided_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS sla_compliance_1 (
    day          date    NOT NULL,
    policy       text    NOT NULL,
    layer        text    NOT NULL,
    target       text    NOT NULL,
    dimension    text    NOT NULL,
    value        text    NOT NULL,
    met          integer NOT NULL,
    breached     integer NOT NULL,
    lapsed       integer NOT NULL,
    cancelled    integer NOT NULL,
    undetermined integer NOT NULL,
    late         integer NOT NULL,
    backdated    integer NOT NULL,
    PRIMARY KEY (dimension, day, policy, layer, target, value)
);
"""
CASES: LiteralString = "SELECT json_agg(c)::text FROM sla_cases_1 c WHERE complaint_id = ANY(%s)"
CLOCKS: LiteralString = "SELECT json_agg(c)::text FROM sla_clocks_1 c WHERE complaint_id = ANY(%s)"
KEEP: LiteralString = """
INSERT INTO sla_cases_1 SELECT * FROM json_populate_recordset(NULL::sla_cases_1, %s)
    ON CONFLICT (complaint_id) DO UPDATE
   SET (known_at, timeline, history, origin_known)
     = (excluded.known_at, excluded.timeline, excluded.history, excluded.origin_known)"""
CLEAR: LiteralString = "DELETE FROM sla_clocks_1 WHERE complaint_id = ANY(%s)"
RUN: LiteralString = "INSERT INTO sla_clocks_1 SELECT * FROM json_populate_recordset(NULL::sla_clocks_1, %s)"
ADD: LiteralString = """
INSERT INTO sla_compliance_1 SELECT * FROM json_populate_recordset(NULL::sla_compliance_1, %s)
    ON CONFLICT (dimension, day, policy, layer, target, value) DO UPDATE
   SET (met, breached, lapsed, cancelled, undetermined, late, backdated)
     = (sla_compliance_1.met + excluded.met, sla_compliance_1.breached + excluded.breached,
        sla_compliance_1.lapsed + excluded.lapsed, sla_compliance_1.cancelled + excluded.cancelled,
        sla_compliance_1.undetermined + excluded.undetermined, sla_compliance_1.late + excluded.late,
        sla_compliance_1.backdated + excluded.backdated)"""
# What counts nothing any more is no row, as if it had never been counted.
SWEEP: LiteralString = """
DELETE FROM sla_compliance_1 c USING json_populate_recordset(NULL::sla_compliance_1, %s) n
 WHERE (c.dimension, c.day, c.policy, c.layer, c.target, c.value)
     = (n.dimension, n.day, n.policy, n.layer, n.target, n.value)
   AND c.met + c.breached + c.lapsed + c.cancelled + c.undetermined = 0"""

R = TypeVar("R")

_encoder = msgspec.json.Encoder(order="deterministic")


async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    """Fold events into the tables."""
    ours = [event for event in events if event.kind == COMPLAINT.kind]
    if not ours:
        return
    ids = list({event.stream_id for event in ours})
    before = {case.complaint_id: case for case in await _read(connection, CASES, ids, Case)}
    after = dict(before)
    for event in ours:
        after[event.stream_id] = fold(after.get(event.stream_id), event)
    changed = [case for key, case in after.items() if case is not before.get(key)]
    if changed:
        await connection.execute(KEEP, [_encoder.encode(changed).decode()])
    if timed := [case for case in changed if case.timeline.applications]:
        await _run(connection, timed)


VIEW = View(
    name="sla",
    version=1,
    ddl=DDL,
    tables=("sla_cases_1", "sla_clocks_1", "sla_compliance_1"),
    apply=apply,
)


async def _run(connection: psycopg.AsyncConnection[Any], cases: Sequence[Case]) -> None:
    """Put the clocks of these complaints in the place of those they had, and the counts right."""
    ids = [case.complaint_id for case in cases]
    book = (await read_standing(connection)).book  # versions never change: to know later ones does no harm
    old = await _read(connection, CLOCKS, ids, ClockRow)
    new = [row for case in cases for row in clock_rows(case, book)]
    await connection.execute(CLEAR, [ids])
    await connection.execute(RUN, [_encoder.encode(new).decode()])
    if changed := _difference(old, new):
        changes = _encoder.encode([{**cell._asdict(), **c._asdict()} for cell, c in changed.items()]).decode()
        await connection.execute(ADD, [changes])
        await connection.execute(SWEEP, [changes])


def _difference(old: Iterable[ClockRow], new: Iterable[ClockRow]) -> dict[Cell, Count]:
    """What to add to each cell that changes."""
    sums: dict[Cell, Counter[str]] = {}
    for sign, rows in ((-1, old), (1, new)):
        for row in rows:
            added = count(row)._asdict()
            for cell in cells(row):
                total = sums.setdefault(cell, Counter())
                for name, number in added.items():
                    total[name] += sign * number
    return {cell: Count(**total) for cell, total in sums.items() if any(total.values())}


async def _read(
    connection: psycopg.AsyncConnection[Any], query: LiteralString, ids: list[UUID], row_type: type[R]
) -> list[R]:
    async with connection.cursor(row_factory=tuple_row) as cursor:
        found = await (await cursor.execute(query, [ids])).fetchone()
    return msgspec.json.decode(found[0], type=list[row_type]) if found and found[0] else []  # type: ignore[valid-type]  # known at run time only
