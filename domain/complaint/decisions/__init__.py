"""What a command makes happen: state + command + context → events. One function a command, by theme."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from domain.aggregate import Context, Refused
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.decisions import asks, intake, resolution, work
from domain.complaint.lifecycle import CHANGES_STATE, check_state
from domain.complaint.state import Complaint
from domain.times import check_times


def decide(state: Complaint | None, command: c.ComplaintCommand, ctx: Context) -> list[e.ComplaintEvent]:
    """The events that the command makes; [] where all is so already. Raises Refused."""
    events = _decide(state, command, ctx)
    if command.backdating_reason is None:
        return events
    return [replace(event, backdating_reason=command.backdating_reason) for event in events]


def _decide(state: Complaint | None, command: c.ComplaintCommand, ctx: Context) -> list[e.ComplaintEvent]:
    if isinstance(command, c.Register):
        if state is not None:
            raise Refused("already-registered", f"the complaint is registered as {state.protocol}")
        check_times(command, ctx)
        return intake.register(command, ctx)
    if state is None:
        raise Refused("unknown-complaint", "no complaint has this id")
    check_state(command.verb, state.state, needs_review=state.needs_review)
    check_times(command, ctx, state.changed_at if _changes_state(state, command) else None)
    return _dispatch(state, command, ctx)


def _dispatch(  # noqa: C901, PLR0911, PLR0912 - one branch for each command
    state: Complaint, command: c.ComplaintCommand, ctx: Context
) -> list[e.ComplaintEvent]:
    match command:
        case c.Register():
            raise ValueError("a complaint is registered once")
        case c.Acknowledge():
            return intake.acknowledge(command)
        case c.Classify():
            return intake.classify(state, command)
        case c.AddNote():
            return intake.add_note(command)
        case c.Assign():
            return work.assign(state, command)
        case c.Unassign():
            return work.unassign(state, command)
        case c.Investigate():
            return work.investigate()
        case c.ContactCustomer():
            return work.contact_customer(command)
        case c.RecordReply():
            return work.record_reply(state, command, ctx)
        case c.ReviewReply():
            return work.review_reply(command)
        case c.RequestInformation():
            return asks.request_information(command, ctx)
        case c.ConsultSector():
            return asks.consult_sector(command, ctx)
        case c.RecordSectorAnswer():
            return asks.record_sector_answer(state, command)
        case c.CancelAsk():
            return asks.cancel_ask(state, command)
        case c.ProposeResolution():
            return resolution.propose_resolution(state, command, ctx)
        case c.WithdrawProposal():
            return resolution.withdraw_proposal(state, command)
        case c.AcceptResolution():
            return resolution.accept_resolution(state, command)
        case c.RejectResolution():
            return resolution.reject_resolution(state, command)
        case c.Resolve():
            return resolution.resolve(state, command)
        case c.Close():
            return resolution.close(command)
        case c.Reopen():
            return resolution.reopen(state, command, ctx)
        case c.Withdraw():
            return resolution.withdraw(state, command)
        case _:
            assert_never(command)


def _changes_state(state: Complaint, command: c.ComplaintCommand) -> bool:
    if isinstance(command, c.AcceptResolution | c.RejectResolution):
        return resolution.current_proposal(state, command.proposal_id) is not None
    return command.verb in CHANGES_STATE
