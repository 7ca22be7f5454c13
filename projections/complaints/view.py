"""The view's tables, and how a batch of events goes into them."""

import asyncio
from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg

from domain.aggregate import Event
from domain.complaint import COMPLAINT
from infra.events import Recorded
from infra.projector import View
from infra.rows import fold_rows
from projections.complaints.rows import Row, fold_many
from projections.complaints.texts import DDL as TEXTS
from projections.complaints.texts import apply_texts

DDL = """
CREATE TABLE IF NOT EXISTS complaints_1 (
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
    facts           json        NOT NULL
) WITH (fillfactor = 85);
"""
IS_OPEN: LiteralString = (
    "state IN ('registered', 'in_progress', 'awaiting_customer', 'awaiting_sector', 'proposed')"
)
DUE_OR_NEVER: LiteralString = "coalesce({}, 'infinity'::timestamptz)"
SEVERITY_RANK: LiteralString = "coalesce(array_position(ARRAY['low', 'medium', 'high', 'critical'], {}), 0)"
DUE, SEVERITY = DUE_OR_NEVER.format("due_at"), SEVERITY_RANK.format("severity")
INDEXES = f"""
CREATE UNIQUE INDEX IF NOT EXISTS complaints_1_protocol ON complaints_1 (protocol);
CREATE INDEX IF NOT EXISTS complaints_1_registered ON complaints_1 (registered_at, complaint_id);
CREATE INDEX IF NOT EXISTS complaints_1_received ON complaints_1 (received_at, complaint_id);
CREATE INDEX IF NOT EXISTS complaints_1_updated ON complaints_1 (updated_at, complaint_id);
CREATE INDEX IF NOT EXISTS complaints_1_due ON complaints_1 (({DUE}), complaint_id);
CREATE INDEX IF NOT EXISTS complaints_1_severity ON complaints_1 (({SEVERITY}), complaint_id);
CREATE INDEX IF NOT EXISTS complaints_1_state ON complaints_1 (state, registered_at, complaint_id);
CREATE INDEX IF NOT EXISTS complaints_1_analyst ON complaints_1 (analyst, registered_at, complaint_id)
    WHERE analyst IS NOT NULL;
CREATE INDEX IF NOT EXISTS complaints_1_team ON complaints_1 (team, registered_at, complaint_id)
    WHERE team IS NOT NULL;
CREATE INDEX IF NOT EXISTS complaints_1_customer ON complaints_1 (customer_id, registered_at, complaint_id)
    WHERE customer_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS complaints_1_category ON complaints_1 (category, registered_at, complaint_id)
    WHERE category IS NOT NULL;
CREATE INDEX IF NOT EXISTS complaints_1_product ON complaints_1 (product, registered_at, complaint_id)
    WHERE product IS NOT NULL;
CREATE INDEX IF NOT EXISTS complaints_1_kind ON complaints_1 (kind);
CREATE INDEX IF NOT EXISTS complaints_1_channel ON complaints_1 (channel);
CREATE INDEX IF NOT EXISTS complaints_1_origin ON complaints_1 (origin text_pattern_ops)
    WHERE origin IS NOT NULL;
CREATE INDEX IF NOT EXISTS complaints_1_review ON complaints_1 (registered_at, complaint_id, state)
    WHERE needs_review;
CREATE INDEX IF NOT EXISTS complaints_1_approval ON complaints_1 (registered_at, complaint_id, state)
    WHERE awaits_approval;
CREATE INDEX IF NOT EXISTS complaints_1_sectors ON complaints_1 USING gin (asked_sectors);
CREATE INDEX IF NOT EXISTS complaints_1_open_registered ON complaints_1 (registered_at, complaint_id, state)
    WHERE {IS_OPEN};
CREATE INDEX IF NOT EXISTS complaints_1_open_received ON complaints_1 (received_at, complaint_id, state)
    WHERE {IS_OPEN};
CREATE INDEX IF NOT EXISTS complaints_1_open_updated ON complaints_1 (updated_at, complaint_id, state)
    WHERE {IS_OPEN};
CREATE INDEX IF NOT EXISTS complaints_1_open_due ON complaints_1 (({DUE}), complaint_id, state)
    WHERE {IS_OPEN};
CREATE INDEX IF NOT EXISTS complaints_1_open_severity ON complaints_1 (({SEVERITY}), complaint_id, state)
    WHERE {IS_OPEN};
CREATE INDEX IF NOT EXISTS complaints_1_open_analyst ON complaints_1 (analyst) WHERE {IS_OPEN};
CREATE INDEX IF NOT EXISTS complaints_1_open_team ON complaints_1 (team) WHERE {IS_OPEN};
"""


async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    """Fold events into both tables."""
    ours = [event for event in events if event.kind == COMPLAINT.kind]
    texts = asyncio.create_task(apply_texts(connection, ours))
    await asyncio.sleep(0)  # the server indexes the words while the rows are folded here
    try:
        await fold_rows(
            connection,
            ours,
            table="complaints_1",
            key="complaint_id",
            row_type=Row,
            fold=fold_many,
        )
    finally:
        await asyncio.wait([texts])
    texts.result()


VIEW = View(
    name="complaints",
    version=1,
    ddl=DDL + INDEXES + TEXTS,
    tables=("complaints_1", "complaints_text_1"),
    apply=apply,
    stream_kind=COMPLAINT.kind,
)
