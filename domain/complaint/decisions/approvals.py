"""Four eyes: what one person asks for and another carries out or drops.

Such a command is decided like any other, so that what the rules refuse is refused at once; then it is kept in
an `approval-requested` instead of being carried out. An approval decides it anew, against the state then.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

from msgspec import ValidationError, convert, json

from domain import approvals
from domain.aggregate import Context
from domain.approvals import Approval, Ground
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint import values
from domain.complaint.state import Complaint
from domain.messages import Command, Refused

GATED: dict[str, type[c.ComplaintCommand]] = {
    command.verb: command
    for command in (c.Dismiss, c.ChangeKind, c.Correct, c.Classify, c.OfferCompensation, c.ProposeResolution)
}
"""The commands that may need a second person."""

WITHOUT_APPROVAL: frozenset[values.DismissalGround] = frozenset({"spam", "test"})
SEVERITIES: tuple[values.Severity, ...] = get_args(values.Severity)


def needed(state: Complaint, command: c.ComplaintCommand | c.SystemCommand, ctx: Context) -> Ground | None:
    """Why the command needs a second person; what is imported or done by the system happened without one."""
    if command.verb not in GATED or ctx.origin != "live":
        return None
    grounds: dict[Ground, bool] = {
        "dismissal": isinstance(command, c.Dismiss) and command.ground not in WITHOUT_APPROVAL,
        "change_of_kind": isinstance(command, c.ChangeKind | c.Correct)
        and command.kind not in (None, state.kind),
        "severity_lowered": isinstance(command, c.Classify | c.Correct)
        and ctx.warned
        and _lowers(state, command),
        "redress_above_limit": isinstance(command, c.OfferCompensation | c.ProposeResolution)
        and _above_limit(command, ctx),
    }
    return next((ground for ground, applies in grounds.items() if applies), None)


def requested(
    state: Complaint,
    command: c.ComplaintCommand | c.SystemCommand,
    ground: Ground,
    ctx: Context,
) -> list[e.ComplaintEvent]:
    """Asks for the approval; the same command is asked for once at a time."""
    kept = _kept(command)
    approvals.check_not_pending(state.approvals, command.verb, kept)
    limit = _limit(command, ctx) if ground == "redress_above_limit" else None
    return [
        e.ApprovalRequested(
            approval_id=ctx.new_id,
            verb=command.verb,
            ground=ground,
            requested_by=ctx.actor,
            limit=None if limit is None else str(limit),
            command=kept,
        )
    ]


def approved(state: Complaint, command: c.Approve, ctx: Context) -> tuple[Approval, c.ComplaintCommand]:
    """The approval, and the command that it carries out: now, whenever it was asked for."""
    approval = _to_decide(state, command.approval_id, ctx)
    if approval.command is None:
        raise Refused("approval-void", "what was to be approved was erased")
    try:
        return approval, convert(approval.command, GATED[approval.verb])
    except (KeyError, ValidationError):
        raise Refused("approval-void", f"{approval.verb} does not take any more what was asked for") from None


def refuse(state: Complaint, command: c.Refuse, ctx: Context) -> list[e.ComplaintEvent]:
    return [approvals.refused(_to_decide(state, command.approval_id, ctx), command.reason)]


def _to_decide(state: Complaint, approval_id: UUID, ctx: Context) -> Approval:
    return approvals.to_decide(state.approvals, approval_id, ctx.actor, of="the complaint")


def _kept(command: Command) -> dict[str, Any]:
    """The fields of the command as JSON has them, but for its time: it will happen when it is approved."""
    fields: dict[str, Any] = json.decode(json.encode(command))
    given = type(command).__struct_fields__
    common = Command.__struct_fields__
    return {name: fields[name] for name in given if name not in common and fields[name] is not None}


def _lowers(state: Complaint, command: c.Correct | c.Classify) -> bool:
    if state.severity is None:
        return False
    if command.severity is None:
        return isinstance(command, c.Correct) and "severity" in command.remove
    return SEVERITIES.index(command.severity) < SEVERITIES.index(state.severity)


def _above_limit(command: c.OfferCompensation | c.ProposeResolution, ctx: Context) -> bool:
    redress = _redress(command)
    if ctx.redress_limits is None or redress is None or redress.amount is None:
        return False
    limit = _limit(command, ctx)
    return limit is None or Decimal(redress.amount) > limit


def _limit(command: Command, ctx: Context) -> Decimal | None:
    redress = _redress(command)
    if ctx.redress_limits is None or redress is None or redress.currency is None:
        return None
    return ctx.redress_limits.get(redress.currency)


def _redress(command: Command) -> c.OfferCompensation | c.RedressInput | None:
    if isinstance(command, c.OfferCompensation):
        return command
    return command.redress if isinstance(command, c.ProposeResolution) else None
