"""What is said to and heard from the customer."""

from __future__ import annotations

from domain.aggregate import Context
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.lifecycle import ENDED
from domain.complaint.state import Complaint
from domain.fields import RESOLUTION
from domain.messages import Refused
from domain.times import due


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


def send_holding_response(command: c.SendHoldingResponse, ctx: Context) -> list[e.ComplaintEvent]:
    return [
        e.HoldingResponseSent(
            reason=command.reason,
            expected_by=due(command.expected_by, ctx),
            channel=command.channel,
        )
    ]


def offer_workaround(command: c.OfferWorkaround) -> list[e.ComplaintEvent]:
    return [e.WorkaroundOffered(description=command.description)]


def record_exposure(command: c.RecordExposure) -> list[e.ComplaintEvent]:
    return [e.ExposureRecorded(network=command.network, url=command.url, shares=command.shares)]


def request_history(command: c.RequestHistory) -> list[e.ComplaintEvent]:
    """Each request is one to answer."""
    return [e.HistoryRequested(channel=command.channel)]


def deliver_history(command: c.DeliverHistory) -> list[e.ComplaintEvent]:
    return [e.HistoryDelivered(channel=command.channel)]


def rate(state: Complaint, command: c.Rate) -> list[e.ComplaintEvent]:
    if (command.csat, command.ces, command.nps) == (None, None, None):
        raise Refused("rating-empty", "a rating has at least one of csat, ces and nps")
    if not state.resolved_before:
        raise Refused("never-resolved", "the complaint was never resolved")
    return [e.SatisfactionRated(csat=command.csat, ces=command.ces, nps=command.nps, comment=command.comment)]


def _check_asked(state: Complaint, command: c.RecordReply) -> None:
    if not any(ask.sector is None and ask.ask_id == command.ask_id for ask in state.asks + state.past_asks):
        raise Refused("unknown-ask", f"the customer was never asked {command.ask_id}")
