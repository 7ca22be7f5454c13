"""Every reason for which a command can be refused: the problem types that the API documents."""

from __future__ import annotations

REFUSALS: dict[str, str] = {
    "unknown-complaint": "No complaint has this id.",
    "unknown-customer": "No customer has this id.",
    "unknown-webhook": "No webhook has this id.",
    "already-registered": "Something is registered under this id already.",
    "wrong-state": "The state does not allow the command; the reason names the states that do.",
    "time-out-of-range": "A time lies before the year 1900 or after the year 2199.",
    "occurred-in-future": "`occurred_at` lies in the future.",
    "received-in-future": "`received_at` lies in the future.",
    "before-last-change": "`occurred_at` lies before the last change of the complaint's state.",
    "backdating-reason-missing": "What happened more than 15 minutes ago needs a `backdating_reason`.",
    "uncertain-time": "Only an import may say that a time is uncertain.",
    "moment-in-future": "A moment that the command tells of lies in the future.",
    "supervisor-required": "Only a supervisor does this: it decides an approval or changes a clock.",
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
    "final-response-owed": "While a final response is legally owed, no complaint ends as abandoned.",
    "redress-open": "Accepted compensation is neither paid, failed nor withdrawn.",
    "unknown-compensation": "The complaint has no such compensation.",
    "compensation-ended": "The compensation is paid or declined; there is nothing left to withdraw.",
    "unknown-promise": "The complaint has no such promise.",
    "promise-ended": "The promise is fulfilled or missed; what is promised now is a new promise.",
    "unknown-reminder": "The complaint has no such reminder.",
    "unknown-event": "The complaint has no event of this version.",
    "unknown-party": "The complaint has no such party.",
    "party-known": "The party has another role already; it is removed before it gets a new one.",
    "no-authority-needed": "The party speaks for nobody else, so there is no authority to verify.",
    "unknown-flag": "The flag is not raised.",
    "unknown-external-case": "The complaint has no such external case.",
    "unknown-complaint-named": "The command names another complaint, and there is none with that id.",
    "not-a-duplicate": "`of` is not an earlier complaint of the same customer, or it is a duplicate itself.",
    "linked-to-itself": "A complaint is not linked to itself.",
    "unknown-link": "The complaint has no such link.",
    "rating-empty": "A rating has at least one of `csat`, `ces` and `nps`.",
    "never-resolved": "What was never resolved is not rated.",
    "approval-pending": "The same command waits for an approval already.",
    "unknown-approval": "The complaint has no such open approval.",
    "approval-void": "What was to be approved was erased, or is no command any more; refuse it and ask anew.",
    "same-person": "Whoever asked for an approval does not decide it.",
    "unknown-policy": "No policy has this id.",
    "unknown-calendar": "No calendar has this id.",
    "unknown-version": "The policy or calendar has no such version.",
    "calendar-in-use": "Policies in force count by the calendar.",
    "unknown-zone": "No time zone has this name.",
    "url-refused": "No webhook may lead to this URL; the reason says why.",
    "webhook-disabled": "The webhook is disabled; `resume` has it work again.",
    "one-secret": "Only one secret of the webhook is live, so none is retired.",
    "not-waiting": "The webhook has no such event that waits to be delivered.",
}

NOT_FOUND = frozenset(
    {"unknown-complaint", "unknown-customer", "unknown-policy", "unknown-calendar", "unknown-webhook"}
)
"""The refusals that say that the stream itself does not exist."""

FORBIDDEN = frozenset({"supervisor-required", "same-person"})
"""The refusals that depend on who asks: another person would not be refused."""
