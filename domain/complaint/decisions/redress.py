"""Compensation, from the offer to the payment. What the customer says and the bank does is never refused."""

from __future__ import annotations

from uuid import UUID

from domain.aggregate import Context
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint import values
from domain.complaint.state import Compensation, Complaint
from domain.messages import Refused

WITHDRAWABLE: frozenset[values.CompensationStatus] = frozenset({"offered", "accepted", "failed"})
TAKEN: frozenset[values.CompensationStatus] = frozenset({"accepted", "paid", "failed"})
UNKNOWN_CHANNEL = "unknown"
"""The channel of a late verdict of which the command names none."""


def offer_compensation(command: c.OfferCompensation, ctx: Context) -> list[e.ComplaintEvent]:
    check_amount(command.amount, command.currency)
    return [
        e.CompensationOffered(
            compensation_id=ctx.new_id,
            kind=command.kind,
            amount=command.amount,
            currency=command.currency,
            reason=command.reason,
            reference=command.reference,
        )
    ]


def withdraw_compensation(state: Complaint, command: c.WithdrawCompensation) -> list[e.ComplaintEvent]:
    known = _known(state, command.compensation_id)
    if known.status == "withdrawn":
        return []
    if known.status not in WITHDRAWABLE:
        raise Refused("compensation-ended", f"the compensation is {known.status}")
    return [e.CompensationWithdrawn(compensation_id=known.compensation_id, reason=command.reason)]


def accept_compensation(state: Complaint, command: c.AcceptCompensation) -> list[e.ComplaintEvent]:
    """An acceptance of what is off the table by then is a reply that somebody has to look at."""
    known = _known(state, command.compensation_id)
    if known.status in TAKEN:
        return []
    if known.status != "offered":
        return _as_reply(command, "accepted")
    return [
        e.CompensationAccepted(
            compensation_id=known.compensation_id, channel=command.channel, reason=command.reason
        )
    ]


def decline_compensation(state: Complaint, command: c.DeclineCompensation) -> list[e.ComplaintEvent]:
    """Who declines what was accepted, paid or withdrawn before is heard, and somebody has to act on it."""
    known = _known(state, command.compensation_id)
    if known.status == "declined":
        return []
    if known.status != "offered":
        return _as_reply(command, "rejected")
    return [
        e.CompensationDeclined(
            compensation_id=known.compensation_id, channel=command.channel, reason=command.reason
        )
    ]


def pay_compensation(state: Complaint, command: c.PayCompensation) -> list[e.ComplaintEvent]:
    """A payment under another reference is another payment, be it by mistake."""
    known = _known(state, command.compensation_id)
    if known.status == "paid" and command.reference in (None, known.reference):
        return []
    return [
        e.CompensationPaid(
            compensation_id=known.compensation_id,
            amount=known.amount,
            currency=known.currency,
            reference=command.reference,
        )
    ]


def fail_compensation(state: Complaint, command: c.FailCompensation) -> list[e.ComplaintEvent]:
    """Each failure is one of its own, and a payment can come back."""
    known = _known(state, command.compensation_id)
    return [
        e.CompensationFailed(
            compensation_id=known.compensation_id, reason=command.reason, reference=command.reference
        )
    ]


def check_amount(amount: str | None, currency: str | None) -> None:
    if (amount is None) != (currency is None):
        raise Refused("amount-incomplete", "an amount comes with its currency")


def check_settled(state: Complaint) -> None:
    """Refuses to close while the customer waits for what was agreed."""
    waiting = [known for known in state.compensations if known.status == "accepted"]
    if waiting:
        raise Refused("redress-open", f"compensation {waiting[0].compensation_id} is accepted and not paid")


def _known(state: Complaint, compensation_id: UUID) -> Compensation:
    for known in state.compensations:
        if known.compensation_id == compensation_id:
            return known
    raise Refused("unknown-compensation", f"the complaint has no compensation {compensation_id}")


def _as_reply(
    command: c.AcceptCompensation | c.DeclineCompensation, verdict: values.Verdict
) -> list[e.ComplaintEvent]:
    return [
        e.CustomerReplied(
            channel=command.channel or UNKNOWN_CHANNEL,
            message=command.reason,
            needs_review=True,
            verdict=verdict,
            compensation_id=command.compensation_id,
        )
    ]
