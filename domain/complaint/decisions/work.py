"""Who works on a complaint, and what is said to and heard from the customer."""

from __future__ import annotations

from domain.aggregate import Context, Refused
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.lifecycle import ENDED
from domain.complaint.state import Complaint
from domain.times import RESOLUTION


def assign(state: Complaint, command: c.Assign) -> list[e.ComplaintEvent]:
    """The event names who has it then: a new analyst keeps the team, another team drops the analyst."""
    if command.analyst is None and command.team is None:
        raise Refused("nothing-to-assign", "an assignment names an analyst, a team or both")
    team = command.team or state.team
    analyst = command.analyst or (state.analyst if team == state.team else None)
    if (analyst, team) == (state.analyst, state.team):
        return []
    return [e.ComplaintAssigned(analyst=analyst, team=team, reason=command.reason)]


def unassign(state: Complaint, command: c.Unassign) -> list[e.ComplaintEvent]:
    if state.analyst is None and state.team is None:
        return []
    return [e.ComplaintUnassigned(analyst=state.analyst, team=state.team, reason=command.reason)]


def investigate() -> list[e.ComplaintEvent]:
    return [e.InvestigationStarted()]


def contact_customer(command: c.ContactCustomer) -> list[e.ComplaintEvent]:
    return [
        e.CustomerContacted(
            channel=command.channel,
            summary=command.summary,
            outcome=command.outcome,
            automatic=command.automatic,
        )
    ]


def record_reply(state: Complaint, command: c.RecordReply, ctx: Context) -> list[e.ComplaintEvent]:
    """Answers the ask it names, or else every ask to the customer that was open when the reply came."""
    asked = tuple(ask for ask in state.asks if ask.sector is None)
    if command.ask_id is None:
        answers = tuple(ask.ask_id for ask in asked if ask.asked_at <= ctx.occurred_at + RESOLUTION)
    else:
        _check_asked(state, command)
        answers = tuple(ask.ask_id for ask in asked if ask.ask_id == command.ask_id)
    return [
        e.CustomerReplied(
            channel=command.channel,
            message=command.message,
            ask_id=command.ask_id,
            answers=answers,
            needs_review=state.state in ENDED,
        )
    ]


def review_reply(command: c.ReviewReply) -> list[e.ComplaintEvent]:
    return [e.ReplyReviewed(finding=command.finding)]


def _check_asked(state: Complaint, command: c.RecordReply) -> None:
    if not any(ask.sector is None and ask.ask_id == command.ask_id for ask in state.asks + state.past_asks):
        raise Refused("unknown-ask", f"the customer was never asked {command.ask_id}")
