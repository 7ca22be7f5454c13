"""What only a supervisor may do, beside what the roles say."""

from __future__ import annotations

from domain.aggregate import Context
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.decisions.correction import moves_receipt
from domain.complaint.decisions.resolution import current_proposal
from domain.complaint.decisions.sla import clocks_move
from domain.complaint.lifecycle import CLOCK_FACTS
from domain.complaint.state import Complaint
from domain.messages import Refused
from domain.times import explains_delay


def check_supervisor(state: Complaint, command: c.ComplaintCommand | c.SystemCommand, ctx: Context) -> None:
    """Refuses who is no supervisor what decides an approval or changes a clock; imports tell what was."""
    if ctx.supervisor:
        return
    if isinstance(command, c.Approve | c.Refuse):
        raise Refused("supervisor-required", "a supervisor decides what waits for an approval")
    if ctx.origin != "live":
        return
    if _changes_clocks(state, command):
        raise Refused("supervisor-required", f"{command.verb} changes clocks here, which a supervisor does")


def check_delay(
    state: Complaint,
    command: c.ComplaintCommand | c.SystemCommand,
    events: list[e.ComplaintEvent],
    ctx: Context,
) -> None:
    """Refuses who is no supervisor to tell late what changes a clock."""
    if ctx.supervisor or not explains_delay(ctx) or not moves_clock(state, command):
        return
    if clocks_move(state, events, ctx):
        raise Refused("supervisor-required", "its time changes a clock and is more than 15 minutes ago")


def moves_clock(state: Complaint, command: c.ComplaintCommand | c.SystemCommand) -> bool:
    """Whether the time of the command starts, stops, pauses or resumes a clock."""
    match command:
        case c.ContactCustomer():
            return not command.automatic
        case c.RecordReply() | c.RecordSectorAnswer() | c.CancelAsk():
            return bool(state.asks)
        case c.AcceptResolution() | c.RejectResolution():
            return current_proposal(state, command.proposal_id) is not None
        case c.Forward():
            return command.scope == "whole"
        case _:
            return command.verb in CLOCK_FACTS


def _changes_clocks(state: Complaint, command: c.ComplaintCommand | c.SystemCommand) -> bool:
    match command:
        case c.ChangeKind():
            return True
        case c.Correct():
            return command.kind not in (None, state.kind) or moves_receipt(state, command)
        case _:
            return False
