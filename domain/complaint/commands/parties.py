"""Commands: whose complaint it is and who speaks for whom."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.complaint import values
from domain.complaint.commands.inputs import ContactInput
from domain.fields import FreeText
from domain.messages import Command


class RelinkCustomer(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "relink-customer"
    customer_id: UUID | None
    reason: FreeText


class AddParty(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "add-party"
    role: values.PartyRole
    party_id: UUID | None = None
    customer_id: UUID | None = None
    contact: ContactInput | None = None


class RemoveParty(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "remove-party"
    party_id: UUID
    reason: FreeText | None = None


class VerifyAuthority(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "verify-authority"
    party_id: UUID
    evidence: FreeText | None = None
