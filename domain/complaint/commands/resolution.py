"""Commands: decision, acceptance and end."""

from __future__ import annotations

from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from domain.complaint import values
from domain.complaint.commands.inputs import PointOutcomeInput, RedressInput
from domain.fields import LIST_LENGTH, FreeText, Label, Moment, Tags
from domain.messages import Command


class ProposeResolution(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "propose-resolution"
    outcome: values.Outcome
    summary: FreeText
    channel: Label
    redress: RedressInput | None = None
    point_outcomes: Annotated[tuple[PointOutcomeInput, ...], Meta(max_length=LIST_LENGTH)] = ()
    reply_by: Moment | None = None


class WithdrawProposal(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "withdraw-proposal"
    proposal_id: UUID | None = None
    reason: FreeText | None = None


class AcceptResolution(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "accept-resolution"
    channel: Label
    proposal_id: UUID | None = None
    scope: values.Scope = "full"
    accepted_points: Tags = ()
    reason: FreeText | None = None


class RejectResolution(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "reject-resolution"
    channel: Label
    proposal_id: UUID | None = None
    reason: FreeText | None = None


class Resolve(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "resolve"
    outcome: values.Outcome
    summary: FreeText
    basis: values.Basis
    channel: Label | None = None


class Close(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "close"
    reason: values.CloseReason


class Reopen(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "reopen"
    reason: FreeText


class Withdraw(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "withdraw"
    by: values.WithdrawnBy
    reason: FreeText


class Dismiss(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "dismiss"
    ground: values.DismissalGround
    reason: FreeText


class Forward(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "forward"
    to: Label
    scope: values.ForwardScope
    customer_told_at: Moment | None = None
