"""The states of a complaint and the commands possible in each: the table of `docs/lifecycle.md`."""

from __future__ import annotations

from typing import Literal, get_args

from domain.messages import Refused

State = Literal[
    "registered",
    "in_progress",
    "awaiting_customer",
    "awaiting_sector",
    "proposed",
    "resolved",
    "closed",
    "withdrawn",
    "dismissed",
    "forwarded",
    "duplicate",
]

ANY: frozenset[State] = frozenset(get_args(State))
WORKING: frozenset[State] = frozenset({"in_progress", "awaiting_customer", "awaiting_sector"})
UNDECIDED: frozenset[State] = WORKING | {"registered"}
OPEN: frozenset[State] = UNDECIDED | {"proposed"}
ENDED: frozenset[State] = ANY - OPEN

ALLOWED: dict[str, frozenset[State]] = {
    "acknowledge": OPEN,
    "classify": OPEN,
    "change-kind": OPEN,
    "correct": ANY,
    "relink-customer": ANY,
    "add-party": ANY,
    "remove-party": ANY,
    "verify-authority": ANY,
    "assign": OPEN,
    "unassign": OPEN,
    "investigate": frozenset({"registered"}),
    "escalate": OPEN,
    "identify-origin": ANY,
    "raise-flag": ANY,
    "clear-flag": ANY,
    "add-note": ANY,
    "attach": ANY,
    "log-work": ANY,
    "contact-customer": ANY,
    "record-reply": ANY,
    "review-reply": ENDED,
    "send-holding-response": OPEN,
    "offer-workaround": OPEN,
    "record-exposure": ANY,
    "rate": ANY,
    "request-information": UNDECIDED,
    "consult-sector": UNDECIDED,
    "record-sector-answer": ANY,
    "cancel-ask": ANY,
    "promise": ANY,
    "fulfil-promise": ANY,
    "reschedule-promise": ANY,
    "record-missed-promise": ANY,
    "set-reminder": ANY,
    "record-due-reminder": ANY,
    "offer-compensation": ANY,
    "withdraw-compensation": ANY,
    "accept-compensation": ANY,
    "decline-compensation": ANY,
    "pay-compensation": ANY,
    "fail-compensation": ANY,
    "open-external-case": ANY,
    "answer-external-case": ANY,
    "decide-external-case": ANY,
    "propose-resolution": OPEN,
    "withdraw-proposal": frozenset({"proposed"}),
    "accept-resolution": ANY,
    "reject-resolution": ANY,
    "resolve": OPEN,
    "close": frozenset({"resolved"}),
    "reopen": frozenset({"resolved", "closed", "withdrawn", "dismissed", "forwarded"}),
    "withdraw": OPEN,
    "dismiss": OPEN,
    "forward": OPEN,
    "mark-duplicate": OPEN,
    "unmark-duplicate": frozenset({"duplicate"}),
    "link": ANY,
    "unlink": ANY,
    "approve": ANY,
    "refuse": ANY,
    "request-history": ANY,
    "deliver-history": ANY,
    "record-notification-sent": ANY,
    "record-notification-failed": ANY,
    "record-sla-due": ANY,
    "apply-policies": ANY,
}

RECORDED_AS_REPLY: dict[str, frozenset[State]] = {
    "accept-resolution": ANY - {"proposed"},
    "reject-resolution": ANY - {"proposed"},
}
"""Where the customer's verdict on a proposal changes nothing any more: it is kept as a reply to review."""

CHANGES_STATE = frozenset(
    {
        "investigate",
        "request-information",
        "consult-sector",
        "cancel-ask",
        "propose-resolution",
        "withdraw-proposal",
        "accept-resolution",
        "reject-resolution",
        "resolve",
        "close",
        "reopen",
        "withdraw",
        "dismiss",
        "forward",
        "mark-duplicate",
        "unmark-duplicate",
    }
)
"""Commands that may not have happened before the last change of the state; facts that reach us late may."""


CLOCK_FACTS = frozenset(
    {
        "acknowledge",
        "investigate",
        "contact-customer",
        "record-reply",
        "send-holding-response",
        "request-information",
        "consult-sector",
        "record-sector-answer",
        "cancel-ask",
        "open-external-case",
        "answer-external-case",
        "propose-resolution",
        "withdraw-proposal",
        "accept-resolution",
        "reject-resolution",
        "resolve",
        "reopen",
        "withdraw",
        "dismiss",
        "forward",
        "mark-duplicate",
        "unmark-duplicate",
        "request-history",
        "deliver-history",
        "record-notification-sent",
        "record-notification-failed",
    }
)
"""Commands whose time starts, stops, pauses or resumes a clock of a complaint that has clocks already.

Registering is none of them: it changes no clock that runs, and an earlier start never favours the house.
"""


CHANGES_FACTS = frozenset(
    {
        "register",
        "classify",
        "change-kind",
        "correct",
        "relink-customer",
        "open-external-case",
        "approve",
        "apply-policies",
    }
)
"""Commands that may change what policies are matched against; an approval carries out some of them."""


def check_state(verb: str, state: State, *, needs_review: bool) -> None:
    """Refuses a command that the state does not allow; a reply that needs a review is reviewed in any."""
    if state in ALLOWED[verb] or (verb == "review-reply" and needs_review):
        return
    possible = ", ".join(name for name in get_args(State) if name in ALLOWED[verb])
    raise Refused("wrong-state", f"{verb} is not possible in the state {state}; it is in: {possible}")
