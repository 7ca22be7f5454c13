"""The view's tables, and how a batch of events goes into them."""

from collections.abc import Sequence
from typing import Any, LiteralString

import msgspec
import psycopg

from domain.aggregate import Event
from domain.complaint import COMPLAINT
from infra.events import Recorded
from infra.projector import View
from infra.rows import fold_rows
from projections.complaints.rows import Row, Texts, fold, fold_texts
from projections.complaints.search import words

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
    needs_review    boolean     NOT NULL,
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
    source_ref      text
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX IF NOT EXISTS complaints_1_protocol ON complaints_1 (protocol);
CREATE INDEX IF NOT EXISTS complaints_1_registered ON complaints_1 (registered_at, complaint_id);
CREATE INDEX IF NOT EXISTS complaints_1_received ON complaints_1 (received_at, complaint_id);
CREATE INDEX IF NOT EXISTS complaints_1_due ON complaints_1
    ((coalesce(due_at, 'infinity'::timestamptz)), complaint_id);
CREATE INDEX IF NOT EXISTS complaints_1_state ON complaints_1 (state, registered_at, complaint_id);
CREATE INDEX IF NOT EXISTS complaints_1_analyst ON complaints_1 (analyst, registered_at, complaint_id)
    WHERE analyst IS NOT NULL;
CREATE INDEX IF NOT EXISTS complaints_1_team ON complaints_1 (team, registered_at, complaint_id)
    WHERE team IS NOT NULL;
CREATE INDEX IF NOT EXISTS complaints_1_customer ON complaints_1 (customer_id, registered_at, complaint_id)
    WHERE customer_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS complaints_1_review ON complaints_1 (registered_at, complaint_id)
    WHERE needs_review;
CREATE INDEX IF NOT EXISTS complaints_1_sectors ON complaints_1 USING gin (asked_sectors);

CREATE TABLE IF NOT EXISTS complaints_text_1 (
    complaint_id  uuid     PRIMARY KEY,
    subject       text     NOT NULL,
    description   text     NOT NULL,
    contact       json,
    remedy_sought text,
    subject_refs  json     NOT NULL,
    document      tsvector NOT NULL
);
CREATE INDEX IF NOT EXISTS complaints_text_1_document ON complaints_text_1 USING gin (document);
"""

WRITE_TEXTS: LiteralString = """
INSERT INTO complaints_text_1
       (complaint_id, subject, description, contact, remedy_sought, subject_refs, document)
SELECT complaint_id, subject, description, contact, remedy_sought, subject_refs,
       to_tsvector('pg_catalog.portuguese', portuguese) || to_tsvector('pg_catalog.spanish', spanish)
       || to_tsvector('pg_catalog.english', english)
  FROM json_to_recordset(%s) AS t (
       complaint_id uuid, subject text, description text, contact json, remedy_sought text, subject_refs json,
       portuguese text, spanish text, english text)
    ON CONFLICT (complaint_id) DO UPDATE
   SET (subject, description, contact, remedy_sought, subject_refs, document)
     = (excluded.subject, excluded.description, excluded.contact, excluded.remedy_sought,
        excluded.subject_refs, excluded.document)"""


async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    """Fold events into both tables."""
    ours = [event for event in events if event.kind == COMPLAINT.kind]
    await fold_rows(connection, ours, table="complaints_1", key="complaint_id", row_type=Row, fold=fold)
    if texts := [_indexed(text) for event in ours if (text := fold_texts(None, event))]:
        await connection.execute(WRITE_TEXTS, [msgspec.json.encode(texts).decode()])


def _indexed(texts: Texts) -> dict[str, Any]:
    searched = words("\n".join(filter(None, (texts.subject, texts.description, texts.remedy_sought))))
    return {**msgspec.structs.asdict(texts), **searched._asdict()}


VIEW = View(name="complaints", version=1, ddl=DDL, tables=("complaints_1", "complaints_text_1"), apply=apply)
