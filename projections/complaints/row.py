"""The row of the view: one a complaint."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.complaint import Complaint
from domain.complaint.lifecycle import State
from domain.complaint.values import (
    Anonymity,
    CloseReason,
    Flag,
    JourneyStage,
    Kind,
    Outcome,
    Point,
    Severity,
    WithdrawnBy,
)
from projections.complaints.facts import Facts
from projections.complaints.items import OpenAsk, OpenProposal, Resolution


class Row(Struct, frozen=True, kw_only=True):
    """A complaint; the fields are the columns of `complaints_4`."""

    complaint_id: UUID
    version: int
    etag: int
    case: Complaint
    protocol: str
    kind: Kind
    state: State
    subject: str
    channel: str
    anonymity: Anonymity
    received_at: datetime
    registered_at: datetime
    updated_at: datetime
    customer_id: UUID | None = None
    category: str | None = None
    product: str | None = None
    severity: Severity | None = None
    journey_stage: JourneyStage | None = None
    tags: tuple[str, ...] = ()
    analyst: str | None = None
    team: str | None = None
    origin: str | None = None
    flags: tuple[Flag, ...] = ()
    escalation: int | None = None
    duplicate_of: UUID | None = None
    needs_review: bool = False
    awaits_approval: bool = False
    due_at: datetime | None = None
    asks: tuple[OpenAsk, ...] = ()
    asked_sectors: tuple[str, ...] = ()
    proposal: OpenProposal | None = None
    outcome: Outcome | None = None
    resolution: Resolution | None = None
    acknowledged_at: datetime | None = None
    last_contact_at: datetime | None = None
    last_reply_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: CloseReason | None = None
    withdrawn_by: WithdrawnBy | None = None
    reopenings: int = 0
    points: tuple[Point, ...] = ()
    forwarded_from: str | None = None
    prior_protocol: str | None = None
    follows: UUID | None = None
    source_ref: str | None = None
    facts: Facts = Facts()
    traits: int = 0
