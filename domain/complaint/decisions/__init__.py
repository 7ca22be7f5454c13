"""What a command makes happen: state + command + context → events. One function a command, by theme."""

from __future__ import annotations

from msgspec.structs import replace

from domain.aggregate import Context
from domain.approvals import granted
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.decisions import approvals, intake, resolution, sla
from domain.complaint.decisions.authority import check_delay, check_supervisor
from domain.complaint.decisions.dispatch import dispatch
from domain.complaint.lifecycle import CHANGES_STATE, check_state
from domain.complaint.state import Complaint
from domain.messages import Refused
from domain.times import check_times, stamped

AnyCommand = c.ComplaintCommand | c.SystemCommand


def decide(state: Complaint | None, command: AnyCommand, ctx: Context) -> list[e.ComplaintEvent]:
    """The events that the command makes; [] where all is so already. Raises Refused."""
    known = ctx if state is None else sla.informed(state, command, ctx)
    events = sla.with_policies(state, command, _decide(state, command, known), known)
    return stamped(events, command, ctx)


def _decide(state: Complaint | None, command: AnyCommand, ctx: Context) -> list[e.ComplaintEvent]:
    if isinstance(command, c.Register):
        if state is not None:
            raise Refused("already-registered", f"the complaint is registered as {state.protocol}")
        check_times(command, ctx)
        return intake.register(command, ctx)
    if state is None:
        raise Refused("unknown-complaint", "no complaint has this id")
    if isinstance(command, c.Approve):
        return _approve(state, command, ctx)
    events = _allowed(state, command, ctx)
    ground = approvals.needed(state, command, ctx) if events else None
    return events if ground is None else approvals.requested(state, command, ground, ctx)


def _allowed(state: Complaint, command: AnyCommand, ctx: Context) -> list[e.ComplaintEvent]:
    check_state(command.verb, state.state, needs_review=state.needs_review)
    check_times(command, ctx, state.changed_at if _changes_state(state, command) else None)
    check_supervisor(state, command, ctx)
    events = dispatch(state, command, ctx)
    check_delay(state, command, events, ctx)
    return events


def _approve(state: Complaint, command: c.Approve, ctx: Context) -> list[e.ComplaintEvent]:
    """What was asked for happens now, if the rules allow it now; otherwise the approval stays open."""
    check_times(command, ctx)
    check_supervisor(state, command, ctx)
    approval, kept = approvals.approved(state, command, ctx)
    at_approval = replace(kept, occurred_at=command.occurred_at, backdating_reason=command.backdating_reason)
    return [granted(approval, command.reason), *_allowed(state, at_approval, ctx)]


def _changes_state(state: Complaint, command: AnyCommand) -> bool:
    match command:
        case c.AcceptResolution() | c.RejectResolution():
            return resolution.current_proposal(state, command.proposal_id) is not None
        case c.Forward():
            return command.scope == "whole"
        case _:
            return command.verb in CHANGES_STATE
