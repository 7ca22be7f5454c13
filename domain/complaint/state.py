"""What decisions and answers need to know of a complaint."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from msgspec import Struct

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


class Ask(Struct, frozen=True, kw_only=True):
    """A question that somebody owes an answer to: the sector, or the customer where there is none."""

    ask_id: UUID
    sector: str | None
    asked_at: datetime


class Proposal(Struct, frozen=True, kw_only=True):
    proposal_id: UUID
    outcome: Outcome


class Complaint(Struct, frozen=True, kw_only=True):
    state: State
    protocol: str
    kind: Kind
    anonymity: Anonymity
    changed_at: datetime
    """When the state last changed."""
    customer_id: UUID | None = None
    analyst: str | None = None
    team: str | None = None
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
