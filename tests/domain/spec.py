"""Given, when, then for decisions: complaints made of commands, at a fixed time, with numbered ids."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from msgspec import structs

from domain.aggregate import Context, Refused
from domain.complaint import Complaint, ComplaintCommand, ComplaintEvent, decide, evolve
from domain.complaint import commands as c
from domain.complaint.lifecycle import State
from domain.times import effective_time

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PROTOCOL = "2026000000018"


def number(n: int) -> UUID:
    return UUID(int=n)


def context(command: Any = None, **changes: Any) -> Context:
    now = changes.get("now", NOW)
    occurred_at = now if command is None else effective_time(command, now)
    fields: dict[str, Any] = {
        "now": NOW,
        "occurred_at": occurred_at,
        "actor": "ana",
        "new_id": number(99),
        "protocol": PROTOCOL,
    }
    return Context(**fields | changes)


def when(state: Complaint | None, command: ComplaintCommand, **changes: Any) -> list[ComplaintEvent]:
    return decide(state, command, context(command, **changes))


def fold(state: Complaint | None, events: Iterable[ComplaintEvent], at: datetime = NOW) -> Complaint | None:
    for event in events:
        state = evolve(state, event, at)
    return state


def play(*commands: ComplaintCommand, state: Complaint | None = None, first: int = 1) -> Complaint:
    """The complaint after the commands; the nth creates the id `number(n)`, counted from `first`."""
    for n, command in enumerate(commands, first):
        ctx = context(command, new_id=number(n))
        state = fold(state, decide(state, command, ctx), ctx.occurred_at)
    assert state is not None
    return state


def refusal(state: Complaint | None, command: ComplaintCommand, **changes: Any) -> str:
    """The slug with which the command is refused, or nothing."""
    try:
        when(state, command, **changes)
    except Refused as refused:
        return refused.slug
    return ""


REGISTER = c.Register(subject="No refund", description="I sent it back in May.", channel="email")
POINTS = structs.replace(REGISTER, points=(c.PointInput(point_id="a"), c.PointInput(point_id="b")))
INVESTIGATE = c.Investigate()
ASK = c.RequestInformation(question="Which order?")
CONSULT = c.ConsultSector(sector="billing", question="Was it paid?")
REPLY = c.RecordReply(channel="email", message="Order 7.")
ANSWER = c.RecordSectorAnswer(sector="billing", answer="Yes.")
PROPOSE = c.ProposeResolution(outcome="upheld", summary="We pay it back.", channel="email")
ACCEPT = c.AcceptResolution(channel="email")
REJECT = c.RejectResolution(channel="email", reason="Too little.")
RESOLVE = c.Resolve(outcome="upheld", summary="Paid back.", basis="final_position")
CLOSE = c.Close(reason="recourse_exhausted")
REOPEN = c.Reopen(reason="It was not paid.")
WITHDRAW = c.Withdraw(by="customer", reason="Found the refund.")

COMMANDS: dict[str, ComplaintCommand] = {
    command.verb: command
    for command in (
        c.Acknowledge(channel="email"),
        c.Classify(severity="high"),
        c.Assign(analyst="ana"),
        c.Unassign(),
        INVESTIGATE,
        c.ContactCustomer(channel="phone", summary="We spoke.", outcome="reached"),
        REPLY,
        c.ReviewReply(finding="Thanks only."),
        ASK,
        CONSULT,
        c.RecordSectorAnswer(ask_id=number(2), answer="Yes."),
        c.CancelAsk(ask_id=number(2), reason="Settled."),
        PROPOSE,
        c.WithdrawProposal(),
        ACCEPT,
        REJECT,
        RESOLVE,
        CLOSE,
        REOPEN,
        WITHDRAW,
        c.AddNote(text="Called twice."),
    )
}
"""One command of each kind but `register`, as it comes in an ordinary case."""


def complaint_in(state: State) -> Complaint:
    """A complaint in the state, whose ask number 2 to a sector is known, and assigned to nobody."""
    asked = play(REGISTER, CONSULT)
    histories: dict[State, tuple[ComplaintCommand, ...]] = {
        "in_progress": (ANSWER,),
        "awaiting_customer": (ANSWER, ASK),
        "awaiting_sector": (),
        "proposed": (PROPOSE,),
        "resolved": (RESOLVE,),
        "closed": (RESOLVE, CLOSE),
        "withdrawn": (WITHDRAW,),
    }
    if state in histories:
        return play(*histories[state], state=asked, first=3)
    return structs.replace(asked, state=state, asks=(), past_asks=asked.asks)
