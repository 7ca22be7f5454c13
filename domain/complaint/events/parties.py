"""Events: whose complaint it is and who speaks for whom."""

from __future__ import annotations

from uuid import UUID

from domain.complaint.values import Contact, PartyRole
from domain.messages import Event, Personal


class CustomerRelinked(Event, frozen=True, kw_only=True, tag="customer-relinked"):
    reason: Personal[str]
    customer_id: UUID | None = None
    previous_customer_id: UUID | None = None


class PartyAdded(Event, frozen=True, kw_only=True, tag="party-added"):
    party_id: UUID
    role: PartyRole
    customer_id: UUID | None = None
    contact: Personal[Contact | None] = None


class PartyRemoved(Event, frozen=True, kw_only=True, tag="party-removed"):
    party_id: UUID
    role: PartyRole
    reason: Personal[str | None] = None


class AuthorityVerified(Event, frozen=True, kw_only=True, tag="authority-verified"):
    party_id: UUID
    role: PartyRole
    evidence: Personal[str | None] = None
