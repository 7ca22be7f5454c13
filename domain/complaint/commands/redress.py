"""Commands: compensation, from the offer to the payment."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.complaint import values
from domain.fields import Amount, Currency, FreeText, Label
from domain.messages import Command


class OfferCompensation(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "offer-compensation"
    kind: values.RedressKind
    amount: Amount | None = None
    currency: Currency | None = None
    reason: FreeText | None = None
    reference: Label | None = None


class WithdrawCompensation(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "withdraw-compensation"
    compensation_id: UUID
    reason: FreeText | None = None


class AcceptCompensation(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "accept-compensation"
    compensation_id: UUID
    channel: Label | None = None
    reason: FreeText | None = None


class DeclineCompensation(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "decline-compensation"
    compensation_id: UUID
    channel: Label | None = None
    reason: FreeText | None = None


class PayCompensation(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "pay-compensation"
    compensation_id: UUID
    reference: Label | None = None


class FailCompensation(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "fail-compensation"
    compensation_id: UUID
    reason: FreeText | None = None
    reference: Label | None = None
