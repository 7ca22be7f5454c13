"""Events: taking it in and saying what it is."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.complaint.values import (
    Anonymity,
    Assessment,
    Contact,
    JourneyStage,
    Kind,
    Point,
    Severity,
    SubjectRef,
    Vulnerability,
)
from domain.messages import Event, Personal


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
    tags: tuple[str, ...] = ()


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


class KindChanged(Event, frozen=True, kw_only=True, tag="kind-changed"):
    kind: Kind
    previous: Kind
    reason: Personal[str]


class ComplaintCorrected(Event, frozen=True, kw_only=True, tag="complaint-corrected"):
    reason: Personal[str]
    subject: Personal[str | None] = None
    description: Personal[str | None] = None
    channel: str | None = None
    contact: Personal[Contact | None] = None
    anonymity: Anonymity | None = None
    product: str | None = None
    category: str | None = None
    journey_stage: JourneyStage | None = None
    severity: Severity | None = None
    remedy_sought: Personal[str | None] = None
    subject_refs: Personal[tuple[SubjectRef, ...] | None] = None
    points: tuple[Point, ...] | None = None
    forwarded_from: str | None = None
    prior_protocol: str | None = None
    follows: UUID | None = None
    source_ref: str | None = None
    tags: tuple[str, ...] | None = None
    received_at: datetime | None = None
    previous_received_at: datetime | None = None
    removed: tuple[str, ...] = ()
