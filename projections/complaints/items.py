"""A complaint as it is shown: in a list, alone, and as it once was."""

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from uuid import UUID

from msgspec import Struct

from domain.aggregate import Event
from domain.complaint.lifecycle import State
from domain.complaint.values import (
    Anonymity,
    Assessment,
    CloseReason,
    Contact,
    JourneyStage,
    Kind,
    Outcome,
    Point,
    Severity,
    SubjectRef,
    Vulnerability,
    WithdrawnBy,
)
from infra.events import Recorded
from projections.complaints.rows import OpenAsk, OpenProposal, Resolution, Row, Texts, fold, fold_texts


class ComplaintItem(Struct, frozen=True, kw_only=True):
    """A complaint in a list."""

    id: UUID
    protocol: str
    kind: Kind
    state: State
    version: int
    subject: str
    channel: str
    anonymity: Anonymity
    customer_id: UUID | None
    category: str | None
    product: str | None
    severity: Severity | None
    tags: tuple[str, ...]
    analyst: str | None
    team: str | None
    origin: str | None
    needs_review: bool
    outcome: Outcome | None
    due_at: datetime | None
    received_at: datetime
    registered_at: datetime
    updated_at: datetime


class ComplaintDetail(ComplaintItem, frozen=True, kw_only=True):
    """A complaint with all that is known of it. `etag` is the version that `If-Match` is compared with."""

    etag: int
    description: str
    contact: Contact | None
    remedy_sought: str | None
    subject_refs: tuple[SubjectRef, ...]
    points: tuple[Point, ...]
    accepted_points: tuple[str, ...]
    journey_stage: JourneyStage | None
    vulnerability: Vulnerability | None
    assessment: Assessment | None
    asks: tuple[OpenAsk, ...]
    asked_sectors: tuple[str, ...]
    proposal: OpenProposal | None
    resolution: Resolution | None
    acknowledged_at: datetime | None
    last_contact_at: datetime | None
    last_reply_at: datetime | None
    closed_at: datetime | None
    close_reason: CloseReason | None
    withdrawn_by: WithdrawnBy | None
    reopenings: int
    forwarded_from: str | None
    prior_protocol: str | None
    follows: UUID | None
    source_ref: str | None


class Stored(Struct, frozen=True):
    """A complaint's rows in the two tables."""

    row: Row
    texts: Texts


def as_of(events: Iterable[Recorded[Event]]) -> ComplaintDetail | None:
    """The complaint that the first events of its stream make; None without any."""
    events = list(events)
    row = reduce(fold, events, None)
    texts = reduce(fold_texts, events, None)
    return detail_of(row, texts) if row and texts else None


def detail_of(row: Row, texts: Texts) -> ComplaintDetail:
    """The complaint of its rows in the two tables."""
    shared = set(ComplaintDetail.__struct_fields__) & set(Row.__struct_fields__)
    common = {name: getattr(row, name) for name in shared}
    return ComplaintDetail(
        **common,
        id=row.complaint_id,
        description=texts.description,
        contact=texts.contact,
        remedy_sought=texts.remedy_sought,
        subject_refs=texts.subject_refs,
        accepted_points=tuple(sorted(row.case.accepted_points)),
        vulnerability=row.case.vulnerability,
        assessment=row.case.assessment,
    )
