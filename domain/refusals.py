"""Every reason for which a command can be refused: the problem types that the API documents."""

from __future__ import annotations

REFUSALS: dict[str, str] = {
    "unknown-complaint": "No complaint has this id.",
    "unknown-customer": "No customer has this id.",
    "already-registered": "Something is registered under this id already.",
    "wrong-state": "The state does not allow the command; the reason names the states that do.",
    "time-out-of-range": "A time lies before the year 1900 or after the year 2199.",
    "occurred-in-future": "`occurred_at` lies in the future.",
    "received-in-future": "`received_at` lies in the future.",
    "before-last-change": "`occurred_at` lies before the last change of the complaint's state.",
    "backdating-reason-missing": "What happened more than 15 minutes ago needs a `backdating_reason`.",
    "due-before-asked": "A time by which something is due lies before the moment it is asked for.",
    "identity-given": "An anonymous complaint names neither a customer nor a contact.",
    "points-inconsistent": "Points have different ids, and at most one of them is the main one.",
    "nothing-to-change": "The command names nothing to change.",
    "nothing-to-assign": "An assignment names an analyst, a team or both.",
    "ask-not-named": "The command names neither an ask nor a sector.",
    "unknown-ask": "The complaint has no such ask.",
    "ambiguous-ask": "The sector has several open asks; `ask_id` says which one is meant.",
    "no-proposal": "No resolution was ever proposed for this complaint.",
    "unknown-proposal": "The complaint has no such proposal.",
    "unknown-point": "The complaint has no such point.",
    "scope-inconsistent": "A partial acceptance names the accepted points; a full one names none.",
    "not-accepted": "Only `accept-resolution` accepts an open proposal: silence is never acceptance.",
    "amount-incomplete": "An amount comes with its currency, and a currency with an amount.",
    "reopen-window-passed": "It ended too long ago to be reopened; register a complaint that `follows` it.",
    "unknown-zone": "No time zone has this name.",
}

NOT_FOUND = frozenset({"unknown-complaint", "unknown-customer"})
"""The refusals that say that the stream itself does not exist."""
