"""The events that say what fell due, decided against the complaint as it is: each is recorded once."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, assert_never

from domain.complaint import events as e
from domain.sla.book import Book
from domain.sla.clock import Clock, Due
from domain.sla.clocks import clocks, falls_due
from domain.sla.timeline import Timeline


def fallen_due(
    timeline: Timeline, book: Book, now: datetime, by: datetime | None = None, history: datetime | None = None
) -> list[e.ClockEvent]:
    """What fell due by a moment, or by now, and is not recorded, in the order in which it fell due.

    What fell due by another moment is history, which is not recorded.
    """
    due = [
        due
        for due in falls_due(timeline, book, now)
        if due.at <= (by or now) and (history is None or due.at > history)
    ]
    if not due:
        return []
    known = {(clock.clock_id, clock.cycle): clock for clock in clocks(timeline, book, now)}
    return [_event(each, known[each.clock_id, each.cycle]) for each in due]


def _event(due: Due, clock: Clock) -> e.ClockEvent:
    named: dict[str, Any] = {
        "clock_id": clock.clock_id,
        "policy": clock.policy,
        "policy_version": clock.version,
        "layer": clock.layer,
        "target": clock.target,
        "cycle": clock.cycle,
        "case_id": clock.case_id,
        "due_at": clock.due_at,
    }
    match due.what:
        case "warning":
            return e.SlaWarningRaised(**named, share=due.share or 0.0)
        case "escalation":
            return e.SlaEscalated(**named, level=due.level or 0, tell=due.tell)
        case "breach":
            return e.SlaBreached(**named)
        case "correction":
            found = _verdict(clock)
            return e.SlaBreachCorrected(**named, verdict=found, breached_at=due.at, met_at=clock.stopped_at)
        case _:
            assert_never(due.what)


def _verdict(clock: Clock) -> Literal["met", "not_due", "cancelled", "undetermined"]:
    match clock.state:
        case "met" | "cancelled" | "undetermined":
            return clock.state
        case _:
            return "not_due"
