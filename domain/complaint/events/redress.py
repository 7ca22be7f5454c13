"""Events: compensation, from the offer to the payment."""

from __future__ import annotations

from uuid import UUID

from domain.complaint.values import RedressKind
from domain.messages import Event, Personal


class CompensationOffered(Event, frozen=True, kw_only=True, tag="compensation-offered"):
    compensation_id: UUID
    kind: RedressKind
    amount: str | None = None
    currency: str | None = None
    reason: Personal[str | None] = None
    reference: str | None = None


class CompensationWithdrawn(Event, frozen=True, kw_only=True, tag="compensation-withdrawn"):
    compensation_id: UUID
    reason: Personal[str | None] = None


class CompensationAccepted(Event, frozen=True, kw_only=True, tag="compensation-accepted"):
    compensation_id: UUID
    channel: str | None = None
    reason: Personal[str | None] = None


class CompensationDeclined(Event, frozen=True, kw_only=True, tag="compensation-declined"):
    compensation_id: UUID
    channel: str | None = None
    reason: Personal[str | None] = None


class CompensationPaid(Event, frozen=True, kw_only=True, tag="compensation-paid"):
    compensation_id: UUID
    amount: str | None = None
    currency: str | None = None
    reference: str | None = None


class CompensationFailed(Event, frozen=True, kw_only=True, tag="compensation-failed"):
    compensation_id: UUID
    reason: Personal[str | None] = None
    reference: str | None = None
