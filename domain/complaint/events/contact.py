"""Events: what is said to and heard from the customer."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.complaint.values import ContactOutcome, Scope, Verdict
from domain.messages import Event, Personal


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
    compensation_id: UUID | None = None
    scope: Scope | None = None
    accepted_points: tuple[str, ...] = ()


class ReplyReviewed(Event, frozen=True, kw_only=True, tag="reply-reviewed"):
    finding: Personal[str]


class HoldingResponseSent(Event, frozen=True, kw_only=True, tag="holding-response-sent"):
    reason: Personal[str]
    expected_by: datetime
    channel: str


class HistoryRequested(Event, frozen=True, kw_only=True, tag="history-requested"):
    channel: str


class HistoryDelivered(Event, frozen=True, kw_only=True, tag="history-delivered"):
    channel: str


class WorkaroundOffered(Event, frozen=True, kw_only=True, tag="workaround-offered"):
    description: Personal[str]


class ExposureRecorded(Event, frozen=True, kw_only=True, tag="exposure-recorded"):
    network: str
    url: Personal[str]
    shares: int


class SatisfactionRated(Event, frozen=True, kw_only=True, tag="satisfaction-rated"):
    csat: int | None = None
    ces: int | None = None
    nps: int | None = None
    comment: Personal[str | None] = None
