"""What can happen to a complaint. `docs/events.md` says what each event means."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.aggregate import Event, Personal
from domain.complaint.values import (
    Anonymity,
    Assessment,
    Basis,
    CloseReason,
    Contact,
    ContactOutcome,
    JourneyStage,
    Kind,
    Outcome,
    Point,
    PointOutcome,
    Redress,
    Scope,
    Severity,
    SubjectRef,
    Verdict,
    Vulnerability,
    WithdrawnBy,
)


class ComplaintRegistered(Event, frozen=True, kw_only=True, tag="complaint-registered"):
    protocol: str
    subject: Personal[str]
    description: Personal[str]
    channel: str
    kind: Kind
    anonymity: Anonymity
    received_at: datetime
    customer_id: UUID | None = None
    contact: Personal[Contact | None] = None
    product: str | None = None
    category: str | None = None
    journey_stage: JourneyStage | None = None
    severity: Severity | None = None
    remedy_sought: Personal[str | None] = None
    subject_refs: Personal[tuple[SubjectRef, ...] | None] = None
    points: tuple[Point, ...] = ()
    forwarded_from: str | None = None
    prior_protocol: str | None = None
    follows: UUID | None = None
    source_ref: str | None = None


class ComplaintAcknowledged(Event, frozen=True, kw_only=True, tag="complaint-acknowledged"):
    channel: str
    automatic: bool
    message: Personal[str | None] = None


class ComplaintClassified(Event, frozen=True, kw_only=True, tag="complaint-classified"):
    category: str | None = None
    severity: Severity | None = None
    journey_stage: JourneyStage | None = None
    product: str | None = None
    tags: tuple[str, ...] | None = None
    vulnerability: Personal[Vulnerability | None] = None
    assessment: Assessment | None = None


class ComplaintAssigned(Event, frozen=True, kw_only=True, tag="complaint-assigned"):
    analyst: str | None = None
    team: str | None = None
    reason: Personal[str | None] = None


class ComplaintUnassigned(Event, frozen=True, kw_only=True, tag="complaint-unassigned"):
    analyst: str | None = None
    team: str | None = None
    reason: Personal[str | None] = None


class InvestigationStarted(Event, frozen=True, kw_only=True, tag="investigation-started"):
    pass


class CustomerContacted(Event, frozen=True, kw_only=True, tag="customer-contacted"):
    channel: str
    summary: Personal[str]
    outcome: ContactOutcome
    automatic: bool


class CustomerReplied(Event, frozen=True, kw_only=True, tag="customer-replied"):
    channel: str
    message: Personal[str | None] = None
    ask_id: UUID | None = None
    answers: tuple[UUID, ...] = ()
    needs_review: bool = False
    verdict: Verdict | None = None
    proposal_id: UUID | None = None
    scope: Scope | None = None
    accepted_points: tuple[str, ...] = ()


class ReplyReviewed(Event, frozen=True, kw_only=True, tag="reply-reviewed"):
    finding: Personal[str]


class InformationRequested(Event, frozen=True, kw_only=True, tag="information-requested"):
    ask_id: UUID
    question: Personal[str]
    due_at: datetime | None = None


class SectorConsulted(Event, frozen=True, kw_only=True, tag="sector-consulted"):
    ask_id: UUID
    sector: str
    question: Personal[str]
    due_at: datetime | None = None


class SectorAnswered(Event, frozen=True, kw_only=True, tag="sector-answered"):
    ask_id: UUID
    sector: str
    answer: Personal[str]
    late: bool


class AskCancelled(Event, frozen=True, kw_only=True, tag="ask-cancelled"):
    ask_id: UUID
    reason: Personal[str]
    sector: str | None = None


class ResolutionProposed(Event, frozen=True, kw_only=True, tag="resolution-proposed"):
    proposal_id: UUID
    outcome: Outcome
    summary: Personal[str]
    channel: str
    redress: Redress | None = None
    point_outcomes: tuple[PointOutcome, ...] = ()
    reply_by: datetime | None = None
    supersedes: UUID | None = None
    cancelled_asks: tuple[UUID, ...] = ()


class ProposalWithdrawn(Event, frozen=True, kw_only=True, tag="proposal-withdrawn"):
    proposal_id: UUID
    reason: Personal[str | None] = None


class ResolutionAccepted(Event, frozen=True, kw_only=True, tag="resolution-accepted"):
    proposal_id: UUID
    channel: str
    scope: Scope
    accepted_points: tuple[str, ...] = ()
    reason: Personal[str | None] = None


class ResolutionRejected(Event, frozen=True, kw_only=True, tag="resolution-rejected"):
    proposal_id: UUID
    channel: str
    reason: Personal[str | None] = None


class ComplaintResolved(Event, frozen=True, kw_only=True, tag="complaint-resolved"):
    outcome: Outcome
    basis: Basis
    summary: Personal[str | None] = None
    proposal_id: UUID | None = None
    cancelled_asks: tuple[UUID, ...] = ()


class ComplaintClosed(Event, frozen=True, kw_only=True, tag="complaint-closed"):
    reason: CloseReason


class ComplaintReopened(Event, frozen=True, kw_only=True, tag="complaint-reopened"):
    reason: Personal[str]


class ComplaintWithdrawn(Event, frozen=True, kw_only=True, tag="complaint-withdrawn"):
    by: WithdrawnBy
    reason: Personal[str]
    cancelled_asks: tuple[UUID, ...] = ()


class NoteAdded(Event, frozen=True, kw_only=True, tag="note-added"):
    text: Personal[str]


ComplaintEvent = (
    ComplaintRegistered
    | ComplaintAcknowledged
    | ComplaintClassified
    | ComplaintAssigned
    | ComplaintUnassigned
    | InvestigationStarted
    | CustomerContacted
    | CustomerReplied
    | ReplyReviewed
    | InformationRequested
    | SectorConsulted
    | SectorAnswered
    | AskCancelled
    | ResolutionProposed
    | ProposalWithdrawn
    | ResolutionAccepted
    | ResolutionRejected
    | ComplaintResolved
    | ComplaintClosed
    | ComplaintReopened
    | ComplaintWithdrawn
    | NoteAdded
)
