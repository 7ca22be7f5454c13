"""The view's tables, and how a batch of events goes into them."""

import asyncio
from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg

from domain.complaint import COMPLAINT
from domain.messages import Event
from infra.events import Recorded
from infra.projector import View
from infra.rows import fold_rows
from projections.complaints.row import Row
from projections.complaints.rows import finished, fold_many
from projections.complaints.texts import DDL as TEXTS
from projections.complaints.texts import SAMPLE, apply_texts

RANK: LiteralString = "coalesce(array_position(ARRAY['low', 'medium', 'high', 'critical'], {}), 0)"
DDL = f"""
CREATE TABLE IF NOT EXISTS complaints_4 (
    complaint_id    uuid        PRIMARY KEY,
    version         integer     NOT NULL,
    etag            integer     NOT NULL,
    "case"          json        NOT NULL,
    protocol        text        NOT NULL,
    kind            text        NOT NULL,
    state           text        NOT NULL,
    subject         text        NOT NULL,
    channel         text        NOT NULL,
    anonymity       text        NOT NULL,
    received_at     timestamptz NOT NULL,
    registered_at   timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    customer_id     uuid,
    category        text,
    product         text,
    severity        text,
    journey_stage   text,
    tags            text[]      NOT NULL,
    analyst         text,
    team            text,
    origin          text,
    flags           text[]      NOT NULL,
    escalation      integer,
    duplicate_of    uuid,
    needs_review    boolean     NOT NULL,
    awaits_approval boolean     NOT NULL,
    due_at          timestamptz,
    asks            json        NOT NULL,
    asked_sectors   text[]      NOT NULL,
    proposal        json,
    outcome         text,
    resolution      json,
    acknowledged_at timestamptz,
    last_contact_at timestamptz,
    last_reply_at   timestamptz,
    closed_at       timestamptz,
    close_reason    text,
    withdrawn_by    text,
    reopenings      integer     NOT NULL,
    points          json        NOT NULL,
    forwarded_from  text,
    prior_protocol  text,
    follows         uuid,
    source_ref      text,
    facts           json        NOT NULL,
    traits          bigint      NOT NULL,
    due_or_never    timestamptz GENERATED ALWAYS AS (coalesce(due_at, 'infinity'::timestamptz)) STORED,
    severity_rank   integer     GENERATED ALWAYS AS ({RANK.format("severity")}) STORED
) WITH (
    fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02
);
ALTER TABLE complaints_4
    ALTER "case" SET STATISTICS 0, ALTER facts SET STATISTICS 0, ALTER asks SET STATISTICS 0,
    ALTER proposal SET STATISTICS 0, ALTER resolution SET STATISTICS 0, ALTER points SET STATISTICS 0,
    ALTER subject SET STATISTICS 0;
"""
IS_OPEN: LiteralString = (
    "state IN ('registered', 'in_progress', 'awaiting_customer', 'awaiting_sector', 'proposed')"
)
IS_DUE: LiteralString = "due_at IS NOT NULL"
# Those that are walked end with the traits, and hold all that is asked of them: then their table is not read.
# Not as an INCLUDE, which would keep the entries of a row's versions from being stored as one.
INDEXES = f"""
CREATE UNIQUE INDEX IF NOT EXISTS complaints_4_protocol ON complaints_4 (protocol);
CREATE INDEX IF NOT EXISTS complaints_4_registered ON complaints_4 (registered_at, complaint_id, traits);
CREATE INDEX IF NOT EXISTS complaints_4_received ON complaints_4 (received_at, complaint_id, traits);
CREATE INDEX IF NOT EXISTS complaints_4_updated ON complaints_4 (updated_at, complaint_id, traits);
CREATE INDEX IF NOT EXISTS complaints_4_due ON complaints_4 (due_or_never, complaint_id, traits);
CREATE INDEX IF NOT EXISTS complaints_4_severity ON complaints_4 (severity_rank, complaint_id, traits);
CREATE INDEX IF NOT EXISTS complaints_4_state ON complaints_4 (state, registered_at, complaint_id, traits);
CREATE INDEX IF NOT EXISTS complaints_4_analyst
    ON complaints_4 (analyst, registered_at, complaint_id, traits) WHERE analyst IS NOT NULL;
CREATE INDEX IF NOT EXISTS complaints_4_team
    ON complaints_4 (team, registered_at, complaint_id, traits) WHERE team IS NOT NULL;
CREATE INDEX IF NOT EXISTS complaints_4_customer
    ON complaints_4 (customer_id, registered_at, complaint_id, traits) WHERE customer_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS complaints_4_category
    ON complaints_4 (category, registered_at, complaint_id, traits) WHERE category IS NOT NULL;
CREATE INDEX IF NOT EXISTS complaints_4_product
    ON complaints_4 (product, registered_at, complaint_id, traits) WHERE product IS NOT NULL;
CREATE INDEX IF NOT EXISTS complaints_4_kind_severity
    ON complaints_4 (kind, severity_rank, complaint_id, traits);
CREATE INDEX IF NOT EXISTS complaints_4_channel ON complaints_4 (channel);
CREATE INDEX IF NOT EXISTS complaints_4_origin
    ON complaints_4 (origin text_pattern_ops) WHERE origin IS NOT NULL;
CREATE INDEX IF NOT EXISTS complaints_4_review
    ON complaints_4 (registered_at, complaint_id, traits DESC) WHERE needs_review;
CREATE INDEX IF NOT EXISTS complaints_4_approval
    ON complaints_4 (registered_at, complaint_id, traits DESC) WHERE awaits_approval;
CREATE INDEX IF NOT EXISTS complaints_4_sectors ON complaints_4 USING gin (asked_sectors);
CREATE INDEX IF NOT EXISTS complaints_4_sectors_sample ON complaints_4 USING gin (asked_sectors)
    WHERE {SAMPLE};
CREATE INDEX IF NOT EXISTS complaints_4_open_registered
    ON complaints_4 (registered_at, complaint_id, traits DESC) WHERE {IS_OPEN};
CREATE INDEX IF NOT EXISTS complaints_4_open_received
    ON complaints_4 (received_at, complaint_id, traits DESC) WHERE {IS_OPEN};
CREATE INDEX IF NOT EXISTS complaints_4_open_updated
    ON complaints_4 (updated_at, complaint_id, traits DESC) WHERE {IS_OPEN};
CREATE INDEX IF NOT EXISTS complaints_4_open_due
    ON complaints_4 (due_or_never, complaint_id, traits DESC) WHERE {IS_OPEN};
CREATE INDEX IF NOT EXISTS complaints_4_open_severity
    ON complaints_4 (severity_rank, complaint_id, traits DESC) WHERE {IS_OPEN};
CREATE INDEX IF NOT EXISTS complaints_4_analyst_due
    ON complaints_4 (analyst, due_or_never, complaint_id, traits DESC) WHERE {IS_OPEN};
CREATE INDEX IF NOT EXISTS complaints_4_team_due
    ON complaints_4 (team, due_or_never, complaint_id, traits DESC) WHERE {IS_OPEN};
CREATE INDEX IF NOT EXISTS complaints_4_due_severity
    ON complaints_4 (severity_rank, complaint_id, traits DESC) WHERE {IS_DUE};
"""


async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    """Fold events into both tables."""
    ours = [event for event in events if event.kind == COMPLAINT.kind]
    texts = asyncio.create_task(apply_texts(connection, ours))
    try:
        await asyncio.sleep(0)  # the server indexes the words while the rows are folded here
        await fold_rows(
            connection,
            ours,
            table="complaints_4",
            key="complaint_id",
            row_type=Row,
            fold=fold_many,
            finish=_finish,
        )
    finally:
        await asyncio.wait([texts])
    texts.result()


async def _finish(_connection: psycopg.AsyncConnection[Any], rows: Sequence[Row]) -> Sequence[Row]:
    return [finished(row) for row in rows]


VIEW = View(
    name="complaints",
    version=4,
    ddl=DDL + INDEXES + TEXTS,
    tables=("complaints_4", "complaints_text_4"),
    apply=apply,
    stream_kinds=(COMPLAINT.kind,),
)
