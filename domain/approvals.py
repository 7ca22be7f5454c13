"""Four eyes: what one person asks for, and another grants or refuses."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from domain.messages import Event, Personal, Refused

Ground = Literal["redress_above_limit", "dismissal", "change_of_kind", "severity_lowered", "activation"]
"""Why a command needs a second person."""


class ApprovalRequested(Event, frozen=True, kw_only=True, tag="approval-requested"):
    approval_id: UUID
    verb: str
    ground: Ground
    requested_by: str
    limit: str | None = None
    command: Personal[dict[str, Any] | None] = None


class ApprovalGranted(Event, frozen=True, kw_only=True, tag="approval-granted"):
    approval_id: UUID
    verb: str
    requested_by: str
    reason: Personal[str | None] = None


class ApprovalRefused(Event, frozen=True, kw_only=True, tag="approval-refused"):
    approval_id: UUID
    verb: str
    requested_by: str
    reason: Personal[str]


class Approval(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A command that waits for a second person; None: it was erased."""

    approval_id: UUID
    verb: str
    requested_by: str
    command: dict[str, Any] | None = None


Approvals = tuple[Approval, ...]
"""The requests that nobody has decided yet."""


def with_asked(approvals: Approvals, event: ApprovalRequested) -> Approvals:
    approval = Approval(
        approval_id=event.approval_id,
        verb=event.verb,
        requested_by=event.requested_by,
        command=event.command,
    )
    return (*approvals, approval)


def without(approvals: Approvals, approval_id: UUID) -> Approvals:
    return tuple(approval for approval in approvals if approval.approval_id != approval_id)


def check_not_pending(approvals: Approvals, verb: str, command: dict[str, Any]) -> None:
    """Refuses to ask for the same command twice at a time."""
    for each in approvals:
        if (each.verb, each.command) == (verb, command):
            raise Refused(
                "approval-pending", f"{each.requested_by} asked for it: approval {each.approval_id}"
            )


def to_decide(approvals: Approvals, approval_id: UUID, actor: str, *, of: str) -> Approval:
    """The open approval, if the actor may decide it; `of` is what it belongs to, in words."""
    for approval in approvals:
        if approval.approval_id == approval_id:
            if approval.requested_by == actor:
                raise Refused("same-person", f"{actor} asked for it; another supervisor decides it")
            return approval
    raise Refused("unknown-approval", f"{of} has no open approval {approval_id}")


def granted(approval: Approval, reason: str | None) -> ApprovalGranted:
    return ApprovalGranted(
        approval_id=approval.approval_id,
        verb=approval.verb,
        requested_by=approval.requested_by,
        reason=reason,
    )


def refused(approval: Approval, reason: str) -> ApprovalRefused:
    return ApprovalRefused(
        approval_id=approval.approval_id,
        verb=approval.verb,
        requested_by=approval.requested_by,
        reason=reason,
    )
