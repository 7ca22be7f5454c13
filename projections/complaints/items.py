"""The parts of a complaint as they are shown."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.approvals import Ground
from domain.complaint.values import (
    Basis,
    CompensationStatus,
    Contact,
    ExternalBody,
    ForwardScope,
    Outcome,
    PartyRole,
    PointOutcome,
    PromiseStatus,
    Redress,
    RedressKind,
    Relation,
)


class OpenAsk(Struct, frozen=True, kw_only=True):
    """A question not answered yet; to the customer where there is no sector."""

    ask_id: UUID
    sector: str | None
    question: str
    asked_at: datetime
    due_at: datetime | None


class OpenProposal(Struct, frozen=True, kw_only=True):
    """The resolution that the customer can accept or reject."""

    proposal_id: UUID
    outcome: Outcome
    summary: str
    channel: str
    proposed_at: datetime
    reply_by: datetime | None = None
    redress: Redress | None = None
    point_outcomes: tuple[PointOutcome, ...] = ()


class Resolution(Struct, frozen=True, kw_only=True):
    """How the complaint was resolved; gone when it is reopened."""

    outcome: Outcome
    basis: Basis
    summary: str | None
    resolved_at: datetime


class InvolvedParty(Struct, frozen=True, kw_only=True):
    """Who has to do with it. The contact of one who acts for another shows once the authority is verified."""

    party_id: UUID
    role: PartyRole
    verified: bool
    customer_id: UUID | None
    contact: Contact | None


class PromiseGiven(Struct, frozen=True, kw_only=True):
    """What the customer was promised; a missed promise may still be kept."""

    promise_id: UUID
    what: str
    promised_at: datetime
    due_at: datetime
    status: PromiseStatus


class OpenReminder(Struct, frozen=True, kw_only=True):
    """A reminder to ourselves whose time has not come."""

    reminder_id: UUID
    text: str
    at: datetime


class CompensationStanding(Struct, frozen=True, kw_only=True):
    """Compensation and where it stands; `amount` is a decimal number, as text."""

    compensation_id: UUID
    kind: RedressKind
    amount: str | None
    currency: str | None
    status: CompensationStatus
    reason: str | None
    reference: str | None
    offered_at: datetime
    payment_reference: str | None
    """Of the last payment."""


class ExternalCaseStanding(Struct, frozen=True, kw_only=True):
    """A case at an outside body; `waiting`: neither answered nor decided, so that `due_at` still counts."""

    case_id: UUID
    body: ExternalBody
    reference: str
    opened_at: datetime
    due_at: datetime | None
    waiting: bool
    answered_at: datetime | None
    decided_at: datetime | None
    outcome: str | None
    rating: int | None


class PendingApproval(Struct, frozen=True, kw_only=True):
    """A command that waits for a second person, who decides by its `approval_id`; `limit` was exceeded."""

    approval_id: UUID
    verb: str
    ground: Ground
    requested_by: str
    requested_at: datetime
    limit: str | None
    command: dict[str, Any] | None


class LinkedComplaint(Struct, frozen=True, kw_only=True):
    to: UUID
    relation: Relation


class Forwarding(Struct, frozen=True, kw_only=True):
    """To whom the case, or a part of it, was passed on."""

    to: str
    scope: ForwardScope
    forwarded_at: datetime
    customer_told_at: datetime | None


class OriginFound(Struct, frozen=True, kw_only=True):
    """Where the cause lies, as it was found out last."""

    sector: str
    cause: str
    product: str | None
    problem_id: UUID | None
    explanation: str
    identified_at: datetime


class AttachmentRecord(Struct, frozen=True, kw_only=True):
    """A file that belongs to it; `size` in bytes, `sha256` in hex."""

    attachment_id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    added_at: datetime


class Exposure(Struct, frozen=True, kw_only=True):
    """How often a public post about it was shared, as last counted."""

    network: str
    url: str
    shares: int
    recorded_at: datetime


class Satisfaction(Struct, frozen=True, kw_only=True):
    """The last rating: `csat` 1 to 5, `ces` 1 to 7, `nps` 0 to 10."""

    csat: int | None
    ces: int | None
    nps: int | None
    comment: str | None
    rated_at: datetime


class WorkTotals(Struct, frozen=True, kw_only=True):
    """All work that was logged: minutes, and the cost in each currency, a decimal number as text."""

    minutes: int = 0
    costs: dict[str, str] = {}


class Workaround(Struct, frozen=True, kw_only=True):
    description: str
    offered_at: datetime


class HoldingResponse(Struct, frozen=True, kw_only=True):
    """The last word to the customer that an answer takes longer."""

    reason: str
    channel: str
    expected_by: datetime
    sent_at: datetime
