"""The states of a complaint and the commands possible in each: the table of `docs/lifecycle.md`."""

from __future__ import annotations

from typing import Literal, get_args

from domain.aggregate import Refused

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
    "assign": OPEN,
    "unassign": OPEN,
    "investigate": frozenset({"registered"}),
    "contact-customer": ANY,
    "record-reply": ANY,
    "review-reply": ENDED,
    "request-information": UNDECIDED,
    "consult-sector": UNDECIDED,
    "record-sector-answer": ANY,
    "cancel-ask": ANY,
    "propose-resolution": OPEN,
    "withdraw-proposal": frozenset({"proposed"}),
    "accept-resolution": ANY,
    "reject-resolution": ANY,
    "resolve": OPEN,
    "close": frozenset({"resolved"}),
    "reopen": frozenset({"resolved", "closed", "withdrawn", "dismissed", "forwarded"}),
    "withdraw": OPEN,
    "add-note": ANY,
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
    }
)
"""Commands that may not have happened before the last change of the state; facts that reach us late may."""


def check_state(verb: str, state: State, *, needs_review: bool) -> None:
    """Refuses a command that the state does not allow; a reply that needs a review is reviewed in any."""
    if state in ALLOWED[verb] or (verb == "review-reply" and needs_review):
        return
    possible = ", ".join(name for name in get_args(State) if name in ALLOWED[verb])
    raise Refused("wrong-state", f"{verb} is not possible in the state {state}; it is in: {possible}")
