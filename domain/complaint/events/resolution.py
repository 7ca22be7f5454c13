"""Events: decision, acceptance and end."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.complaint.values import (
    Basis,
    CloseReason,
    DismissalGround,
    ForwardScope,
    Outcome,
    PointOutcome,
    Redress,
    Scope,
    WithdrawnBy,
)
from domain.messages import Event, Personal


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
    channel: str | None = None
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


class ComplaintDismissed(Event, frozen=True, kw_only=True, tag="complaint-dismissed"):
    ground: DismissalGround
    reason: Personal[str]
    cancelled_asks: tuple[UUID, ...] = ()


class ComplaintForwarded(Event, frozen=True, kw_only=True, tag="complaint-forwarded"):
    to: str
    scope: ForwardScope
    customer_told_at: datetime | None = None
    cancelled_asks: tuple[UUID, ...] = ()
