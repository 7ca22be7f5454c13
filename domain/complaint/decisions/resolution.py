"""Decision, acceptance and end: three different things."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from domain.aggregate import Context
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint import values
from domain.complaint.decisions.redress import check_amount, check_settled
from domain.complaint.lifecycle import ENDED
from domain.complaint.state import Complaint, Proposal
from domain.complaint.values import plain
from domain.messages import Refused
from domain.times import due, happened


def propose_resolution(
    state: Complaint, command: c.ProposeResolution, ctx: Context
) -> list[e.ComplaintEvent]:
    _check_points(state, (point.point_id for point in command.point_outcomes))
    if command.redress:
        check_amount(command.redress.amount, command.redress.currency)
    return [
        e.ResolutionProposed(
            proposal_id=ctx.new_id,
            outcome=command.outcome,
            summary=command.summary,
            channel=command.channel,
            redress=command.redress and plain(command.redress, values.Redress),
            point_outcomes=plain(command.point_outcomes, tuple[values.PointOutcome, ...]),
            reply_by=command.reply_by and due(command.reply_by, ctx),
            supersedes=state.proposal.proposal_id if state.proposal else None,
            cancelled_asks=_open_asks(state),
        )
    ]


def withdraw_proposal(state: Complaint, command: c.WithdrawProposal) -> list[e.ComplaintEvent]:
    proposal = current_proposal(state, command.proposal_id)
    if proposal is None:
        raise Refused("unknown-proposal", f"the open proposal is not {command.proposal_id}")
    return [e.ProposalWithdrawn(proposal_id=proposal.proposal_id, reason=command.reason)]


def accept_resolution(state: Complaint, command: c.AcceptResolution) -> list[e.ComplaintEvent]:
    if (command.scope == "partial") != bool(command.accepted_points):
        raise Refused("scope-inconsistent", "a partial acceptance names accepted points, a full one none")
    _check_points(state, command.accepted_points)
    proposal = current_proposal(state, command.proposal_id)
    if proposal is None:
        return _as_reply(state, command, "accepted")
    rest = set(state.points) - state.accepted_points.union(command.accepted_points)
    scope: values.Scope = "full" if command.scope == "full" or not rest else "partial"
    accepted = e.ResolutionAccepted(
        proposal_id=proposal.proposal_id,
        channel=command.channel,
        scope=scope,
        accepted_points=command.accepted_points,
        reason=command.reason,
    )
    if scope == "partial":
        return [accepted]
    resolved = e.ComplaintResolved(
        outcome=proposal.outcome, basis="accepted", proposal_id=proposal.proposal_id
    )
    return [accepted, resolved]


def reject_resolution(state: Complaint, command: c.RejectResolution) -> list[e.ComplaintEvent]:
    proposal = current_proposal(state, command.proposal_id)
    if proposal is None:
        return _as_reply(state, command, "rejected")
    return [
        e.ResolutionRejected(proposal_id=proposal.proposal_id, channel=command.channel, reason=command.reason)
    ]


def resolve(state: Complaint, command: c.Resolve) -> list[e.ComplaintEvent]:
    if state.state == "proposed" and command.basis == "accepted":
        raise Refused("not-accepted", "accept-resolution records that the customer accepts the open proposal")
    return [
        e.ComplaintResolved(
            outcome=command.outcome,
            basis=command.basis,
            summary=command.summary,
            channel=command.channel,
            proposal_id=state.proposal.proposal_id if state.proposal else None,
            cancelled_asks=_open_asks(state),
        )
    ]


def close(state: Complaint, command: c.Close) -> list[e.ComplaintEvent]:
    check_settled(state)
    return [e.ComplaintClosed(reason=command.reason)]


def reopen(state: Complaint, command: c.Reopen, ctx: Context) -> list[e.ComplaintEvent]:
    if ctx.reopen_window is not None and ctx.occurred_at > state.changed_at + ctx.reopen_window:
        raise Refused(
            "reopen-window-passed",
            f"it ended more than {ctx.reopen_window.days} days ago; register a complaint that follows it",
        )
    return [e.ComplaintReopened(reason=command.reason)]


def withdraw(state: Complaint, command: c.Withdraw, ctx: Context) -> list[e.ComplaintEvent]:
    """A customer may withdraw; that nobody is left to talk to does not end what the law asks for."""
    if command.by == "abandoned" and ctx.final_response_owed:
        raise Refused("final-response-owed", "the law asks for a final response, wanted or not")
    return [e.ComplaintWithdrawn(by=command.by, reason=command.reason, cancelled_asks=_open_asks(state))]


def dismiss(state: Complaint, command: c.Dismiss) -> list[e.ComplaintEvent]:
    return [
        e.ComplaintDismissed(ground=command.ground, reason=command.reason, cancelled_asks=_open_asks(state))
    ]


def forward(state: Complaint, command: c.Forward, ctx: Context) -> list[e.ComplaintEvent]:
    """Forwarded as a whole it ends here; the part that stays is worked on as before."""
    told = command.customer_told_at and happened(command.customer_told_at, ctx)
    return [
        e.ComplaintForwarded(
            to=command.to,
            scope=command.scope,
            customer_told_at=told,
            cancelled_asks=_open_asks(state) if command.scope == "whole" else (),
        )
    ]


def current_proposal(state: Complaint, proposal_id: UUID | None) -> Proposal | None:
    """The proposal that can be answered, if it is the one that is meant; without an id it always is."""
    if state.proposal is None or state.state != "proposed":
        return None
    if proposal_id not in (None, state.proposal.proposal_id):
        return None
    return state.proposal


def _as_reply(
    state: Complaint, command: c.AcceptResolution | c.RejectResolution, verdict: values.Verdict
) -> list[e.ComplaintEvent]:
    """What the customer says of a proposal that has ended is not lost: it is a reply that needs a review."""
    known = state.past_proposals + ((state.proposal.proposal_id,) if state.proposal else ())
    if command.proposal_id is not None and command.proposal_id not in known:
        raise Refused("unknown-proposal", f"the complaint never had a proposal {command.proposal_id}")
    if not state.past_proposals and state.state not in ENDED:
        raise Refused("no-proposal", "no resolution was proposed yet")
    return [
        e.CustomerReplied(
            channel=command.channel,
            message=command.reason,
            needs_review=True,
            verdict=verdict,
            proposal_id=command.proposal_id,
            scope=command.scope if isinstance(command, c.AcceptResolution) else None,
            accepted_points=command.accepted_points if isinstance(command, c.AcceptResolution) else (),
        )
    ]


def _check_points(state: Complaint, named: Iterable[str]) -> None:
    unknown = [point for point in named if point not in state.points]
    if unknown:
        raise Refused("unknown-point", f"the complaint has no point {unknown[0]}")


def _open_asks(state: Complaint) -> tuple[UUID, ...]:
    return tuple(ask.ask_id for ask in state.asks)
