"""The tables of the view, and how events are folded into them."""

from collections.abc import Sequence
from typing import Any

import psycopg

from domain.messages import Event
from domain.sla_calendar import SLA_CALENDAR
from domain.sla_policy import SLA_POLICY
from infra.events import Recorded
from infra.projector import View
from infra.rows import fold_rows, one_by_one
from projections.sla_documents.rows import CalendarRow, PolicyRow, fold_calendar, fold_policy

DDL = """
CREATE TABLE IF NOT EXISTS sla_policies_1 (
    document_id    uuid        PRIMARY KEY,
    version        integer     NOT NULL,
    etag           integer     NOT NULL,
    name           text        NOT NULL,
    state          text        NOT NULL,
    active_version integer,
    latest_version integer     NOT NULL,
    updated_at     timestamptz NOT NULL,
    layer          text        NOT NULL,
    calendar       text        NOT NULL,
    policy         json        NOT NULL,
    versions       json        NOT NULL,
    approvals      json        NOT NULL,
    published      json        NOT NULL
);
CREATE INDEX IF NOT EXISTS sla_policies_1_name ON sla_policies_1 (name, document_id);
CREATE TABLE IF NOT EXISTS sla_calendars_1 (
    document_id    uuid        PRIMARY KEY,
    version        integer     NOT NULL,
    etag           integer     NOT NULL,
    name           text        NOT NULL,
    state          text        NOT NULL,
    active_version integer,
    latest_version integer     NOT NULL,
    updated_at     timestamptz NOT NULL,
    calendar       json        NOT NULL,
    versions       json        NOT NULL,
    approvals      json        NOT NULL,
    published      json        NOT NULL
);
CREATE INDEX IF NOT EXISTS sla_calendars_1_name ON sla_calendars_1 (name, document_id);
"""


async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    """Fold events into the tables."""
    policies = [event for event in events if event.kind == SLA_POLICY.kind]
    calendars = [event for event in events if event.kind == SLA_CALENDAR.kind]
    await fold_rows(
        connection,
        policies,
        table="sla_policies_1",
        key="document_id",
        row_type=PolicyRow,
        fold=one_by_one(fold_policy),
    )
    await fold_rows(
        connection,
        calendars,
        table="sla_calendars_1",
        key="document_id",
        row_type=CalendarRow,
        fold=one_by_one(fold_calendar),
    )


VIEW = View(
    name="sla_documents",
    version=1,
    ddl=DDL,
    tables=("sla_policies_1", "sla_calendars_1"),
    apply=apply,
    stream_kinds=(SLA_POLICY.kind, SLA_CALENDAR.kind),
)
