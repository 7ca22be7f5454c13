"""Given, when, then for decisions: complaints made of commands, at a fixed time, with numbered ids."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import structs

from domain.aggregate import Context, Lookup
from domain.complaint import Complaint, ComplaintCommand, ComplaintEvent, SystemCommand, decide, evolve
from domain.complaint import commands as c
from domain.complaint.lifecycle import State
from domain.messages import Refused
from domain.times import effective_time

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PROTOCOL = "2026000000018"


AnyCommand = ComplaintCommand | SystemCommand


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
        "stream_id": number(1000),
        "protocol": PROTOCOL,
    }
    return Context(**fields | changes)


def when(state: Complaint | None, command: AnyCommand, **changes: Any) -> list[ComplaintEvent]:
    return decide(state, command, context(command, **changes))


def fold(state: Complaint | None, events: Iterable[ComplaintEvent], at: datetime = NOW) -> Complaint | None:
    for event in events:
        state = evolve(state, event, at)
    return state


def play(*commands: AnyCommand, state: Complaint | None = None, first: int = 1, **changes: Any) -> Complaint:
    """The complaint after the commands; the nth creates the id `number(n)`, counted from `first`."""
    for n, command in enumerate(commands, first):
        ctx = context(command, **{"new_id": number(n)} | changes)
        state = fold(state, decide(state, command, ctx), ctx.occurred_at)
    assert state is not None
    return state


def refusal(state: Complaint | None, command: AnyCommand, **changes: Any) -> str:
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
PROMISE = c.Promise(what="A call.", due_at=NOW + timedelta(days=1))
REMIND = c.SetReminder(at=NOW + timedelta(days=1), text="Ask billing again.")
OFFER = c.OfferCompensation(kind="refund", amount="120.00", currency="BRL", reason="Charged twice.")
PROCON = c.OpenExternalCase(body="procon", reference="2026/7788")
LAWYER = c.AddParty(role="lawyer", contact=c.ContactInput(name="Dr. Rui"))
RAISE = c.RaiseFlag(flag="litigation", reason="The lawyer set a date.")
LINK = c.Link(to=number(2000), relation="related")
SPAM = c.Dismiss(ground="spam", reason="Advertising.")
NOT_OURS = c.Dismiss(ground="not_ours", reason="Another company of that name.")
FORWARD = c.Forward(to="Branch South", scope="whole")
MARK = c.MarkDuplicate(of=number(900))
UNMARK = c.UnmarkDuplicate(reason="About another order.")

CUSTOMER = number(500)
OURS = structs.replace(REGISTER, customer_id=CUSTOMER)
ORIGINAL = Lookup(registered_at=NOW - timedelta(days=1), state="in_progress", customer_id=CUSTOMER)
"""What is known of the complaint number 900, which came from the same customer the day before."""
ABLE: dict[str, Any] = {"supervisor": True, "lookup": ORIGINAL}
"""The context in which nobody refuses a command but for the complaint itself."""

COMMANDS: dict[str, AnyCommand] = {
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
        c.ChangeKind(kind="praise", reason="She thanks the branch."),
        c.Correct(subject="No refund for order 7", reason="Misread."),
        c.RelinkCustomer(customer_id=number(501), reason="It was her sister."),
        LAWYER,
        c.RemoveParty(party_id=number(3)),
        c.VerifyAuthority(party_id=number(3)),
        c.Escalate(level=2, to="board", reason="The press called."),
        c.IdentifyOrigin(sector="billing", cause="double booking", explanation="The job ran twice."),
        c.RaiseFlag(flag="press", reason="A journalist called."),
        c.ClearFlag(flag="litigation", reason="Settled."),
        c.Attach(name="receipt.pdf", media_type="application/pdf", size=12, sha256="0" * 64),
        c.LogWork(minutes=25, activity="talk"),
        c.SendHoldingResponse(
            reason="The bank is slow.", expected_by=NOW + timedelta(days=3), channel="email"
        ),
        c.OfferWorkaround(description="Use the other counter."),
        c.RecordExposure(network="x", url="https://x.example/1", shares=12),
        c.Rate(csat=4),
        PROMISE,
        c.FulfilPromise(promise_id=number(4)),
        c.ReschedulePromise(promise_id=number(4), due_at=NOW + timedelta(days=2)),
        c.RecordMissedPromise(promise_id=number(4)),
        REMIND,
        c.RecordDueReminder(reminder_id=number(5)),
        OFFER,
        c.WithdrawCompensation(compensation_id=number(6)),
        c.AcceptCompensation(compensation_id=number(6)),
        c.DeclineCompensation(compensation_id=number(6)),
        c.PayCompensation(compensation_id=number(6)),
        c.FailCompensation(compensation_id=number(6)),
        PROCON,
        c.AnswerExternalCase(case_id=number(7)),
        c.DecideExternalCase(case_id=number(7), outcome="resolved"),
        SPAM,
        FORWARD,
        MARK,
        UNMARK,
        c.Link(to=number(2000), relation="follows"),
        c.Unlink(to=number(2000), relation="related"),
        c.Approve(approval_id=number(10)),
        c.Refuse(approval_id=number(10), reason="Half is enough."),
        c.RequestHistory(channel="phone"),
        c.DeliverHistory(channel="email"),
        c.RecordNotificationSent(notification_id="m", about_version=1, channel="email"),
        c.RecordNotificationFailed(notification_id="m", about_version=1, channel="email", reason="550"),
        c.RecordSlaDue(at=NOW),
        c.ApplyPolicies(cause="tier_changed"),
    )
}
"""One command of each kind but `register`, as it comes in an ordinary case."""


def complaint_in(state: State) -> Complaint:
    """A complaint in the state, assigned to nobody, resolved once, with one of each that has an id."""
    asked = play(OURS, CONSULT, LAWYER, PROMISE, REMIND, OFFER, PROCON, RAISE, LINK, **ABLE)
    limited = {"redress_limits": {"BRL": Decimal(0)}, "actor": "rui"}
    known = play(OFFER, state=asked, first=10, **limited)
    histories: dict[State, tuple[ComplaintCommand, ...]] = {
        "in_progress": (ANSWER,),
        "awaiting_customer": (ANSWER, ASK),
        "awaiting_sector": (),
        "proposed": (PROPOSE,),
        "resolved": (RESOLVE,),
        "closed": (RESOLVE, CLOSE),
        "withdrawn": (WITHDRAW,),
        "dismissed": (SPAM,),
        "forwarded": (FORWARD,),
        "duplicate": (MARK,),
    }
    known = structs.replace(known, resolved_before=True)
    if state in histories:
        return play(*histories[state], state=known, first=20, **ABLE)
    return structs.replace(known, state=state, asks=(), past_asks=known.asks)
