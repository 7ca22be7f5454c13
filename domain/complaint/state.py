"""What decisions and answers need to know of a complaint."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.approvals import Approvals
from domain.complaint import values
from domain.complaint.lifecycle import State
from domain.complaint.values import (
    Anonymity,
    Assessment,
    JourneyStage,
    Kind,
    Outcome,
    Severity,
    Vulnerability,
)
from domain.sla.pinning import Facts
from domain.sla.timeline import Timeline
from domain.staff import Provider


class Ask(Struct, frozen=True, kw_only=True):
    """A question that somebody owes an answer to: the sector, or the customer where there is none."""

    ask_id: UUID
    sector: str | None
    asked_at: datetime


class Proposal(Struct, frozen=True, kw_only=True):
    proposal_id: UUID
    outcome: Outcome


class Party(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Nothing personal goes to one who acts for another before the authority is `verified`."""

    party_id: UUID
    role: values.PartyRole
    verified: bool = False


class Promise(Struct, frozen=True, kw_only=True, omit_defaults=True):
    promise_id: UUID
    due_at: datetime
    status: values.PromiseStatus = "open"


class Reminder(Struct, frozen=True, kw_only=True):
    reminder_id: UUID
    at: datetime


class Compensation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    compensation_id: UUID
    kind: values.RedressKind
    amount: str | None = None
    currency: str | None = None
    status: values.CompensationStatus = "offered"
    reference: str | None = None
    """Of the last payment."""


class ExternalCase(Struct, frozen=True, kw_only=True, omit_defaults=True):
    case_id: UUID
    body: values.ExternalBody
    reference: str
    opened_at: datetime
    due_at: datetime | None = None


class Link(Struct, frozen=True, kw_only=True):
    to: UUID
    relation: values.Relation


class Complaint(Struct, frozen=True, kw_only=True, omit_defaults=True):
    state: State
    protocol: str
    kind: Kind
    anonymity: Anonymity
    changed_at: datetime
    """When the state last changed."""
    registered_at: datetime
    received_at: datetime
    customer_id: UUID | None = None
    analyst: str | None = None
    team: str | None = None
    provider: Provider | None = None
    provider_name: str | None = None
    category: str | None = None
    severity: Severity | None = None
    journey_stage: JourneyStage | None = None
    product: str | None = None
    tags: tuple[str, ...] = ()
    vulnerability: Vulnerability | None = None
    assessment: Assessment | None = None
    points: tuple[str, ...] = ()
    accepted_points: frozenset[str] = frozenset()
    asks: tuple[Ask, ...] = ()
    """The open ones, oldest first."""
    past_asks: tuple[Ask, ...] = ()
    proposal: Proposal | None = None
    past_proposals: tuple[UUID, ...] = ()
    needs_review: bool = False
    resolved_before: bool = False
    """Whether it was ever resolved, reopened since or not."""
    parties: tuple[Party, ...] = ()
    promises: tuple[Promise, ...] = ()
    """All of them: a missed one may still be kept."""
    reminders: tuple[Reminder, ...] = ()
    """Those whose time has not come; the ids of the others are in `past_reminders`."""
    past_reminders: tuple[UUID, ...] = ()
    compensations: tuple[Compensation, ...] = ()
    external_cases: tuple[ExternalCase, ...] = ()
    flags: tuple[values.Flag, ...] = ()
    escalation: int | None = None
    """The level it was last escalated to."""
    origin: values.Origin | None = None
    duplicate_of: UUID | None = None
    links: tuple[Link, ...] = ()
    timeline: Timeline = Timeline()
    """What its clocks are read from."""
    approvals: Approvals = ()
    """The requests that nobody has decided yet."""
    channel: str | None = None
    forwarded_from: str | None = None
    version: int = 0
    """Of its last event; 0 where clocks are not read."""
    matched: Facts | None = None
    """What policies were matched against last; None: none was ever applied."""
