"""Commands: what is said to and heard from the customer."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.complaint import values
from domain.fields import Ces, Csat, FreeText, Label, Moment, Nps, Shares, Url
from domain.messages import Command


class ContactCustomer(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "contact-customer"
    channel: Label
    summary: FreeText
    outcome: values.ContactOutcome
    automatic: bool = False


class RecordReply(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "record-reply"
    channel: Label
    message: FreeText
    ask_id: UUID | None = None


class ReviewReply(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "review-reply"
    finding: FreeText


class SendHoldingResponse(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "send-holding-response"
    reason: FreeText
    expected_by: Moment
    channel: Label


class OfferWorkaround(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "offer-workaround"
    description: FreeText


class RecordExposure(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "record-exposure"
    network: Label
    url: Url
    shares: Shares


class Rate(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "rate"
    csat: Csat | None = None
    ces: Ces | None = None
    nps: Nps | None = None
    comment: FreeText | None = None


class RequestHistory(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "request-history"
    channel: Label


class DeliverHistory(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "deliver-history"
    channel: Label
