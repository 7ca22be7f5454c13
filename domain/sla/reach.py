"""What a target asks for that can never come to pass, whatever the calendar and the complaint."""

from __future__ import annotations

from collections.abc import Iterator

from domain.messages import Problem
from domain.sla.cycles import LASTING
from domain.sla.documents import CASE_OPENED, RECEIVED, Escalation, Extension, Length, Stop, Target
from domain.sla.lengths import is_shorter, never_longer
from domain.sla.story import ENDS

STOPPED_BY: dict[Stop, str] = {
    "acknowledged": "complaint-acknowledged",
    "holding_response": "holding-response-sent",
    "final_response": "resolution-proposed",
    "external_answered": "external-case-answered",
    "resolved": "complaint-resolved",
    "history_delivered": "history-delivered",
}
"""The event that always stops a target; it can neither start nor extend it, too.

An acceptance stops only if it is not a partial one."""
AFTERWARDS: frozenset[Stop] = LASTING | {"first_response"}
"""What may be done once the complaint is over; anything else only while it is open."""
OVER = ENDS.keys() | {"complaint-resolved", "complaint-closed"}
"""The events after which a complaint is no longer open."""


def start_problems(path: str, target: Target) -> Iterator[Problem]:
    """Targets that begin with what stops them, or after which they cannot be met."""
    counts_from = target.counts_from
    if counts_from == STOPPED_BY.get(target.stops):
        yield Problem(f"{path}.counts_from", "is the event that stops it")
    elif counts_from in OVER and target.stops not in AFTERWARDS:
        yield Problem(
            f"{path}.counts_from",
            f"the complaint is over with it: {target.stops} comes only while it is open",
        )
    if target.stops == "external_answered" and counts_from != CASE_OPENED:
        yield Problem(
            f"{path}.stops", f"only what counts from {CASE_OPENED} stops when that case is answered"
        )
    if target.on_reopening == "new_cycle" and counts_from != RECEIVED and target.stops != "next_update":
        yield Problem(
            f"{path}.on_reopening",
            f"a reopening begins a cycle of what counts from {RECEIVED} alone, and of next_update; "
            f"{counts_from} begins those of this target",
        )


def extension_problems(path: str, target: Target, extension: Extension) -> Iterator[Problem]:
    """Extensions that make nothing longer, and events that come too soon or too late to extend anything."""
    rolls = target.roll_end != "none"
    if extension.by == _starting(target):
        yield Problem(f"{path}.by", "is the event that it counts from, so the length itself would never hold")
    if extension.by == STOPPED_BY.get(target.stops):
        yield Problem(f"{path}.by", "is the event that stops it")
    elif extension.by in ENDS and target.stops not in LASTING:
        yield Problem(f"{path}.by", "is an event that leaves nothing to be done")
    length, to = target.length, extension.to
    if length is None:
        yield Problem(path, "there is no length to extend")
        return
    if never_longer(to, length, rolls=rolls):
        yield Problem(f"{path}.to.amount", "is no longer than the length itself")
    elif to.unit != length.unit and extension.at_most > 1:
        yield Problem(f"{path}.to.unit", "what can be extended again keeps its unit")
    elif extension.before is not None and is_shorter(_last(length, extension), extension.before, rolls=rolls):
        yield Problem(
            f"{path}.before.amount", "ends after the target itself, when there is nothing to extend"
        )


def escalation_problems(path: str, each: Escalation, target: Target) -> Iterator[Problem]:
    """Levels that are reached before the clock begins, or after a window, which nobody minds.

    What rolls may be due any number of dates later, so that every level is reached.
    """
    if target.obligation == "window" and each.when == "after":
        yield Problem(f"{path}.when", "a window lapses: nothing is overdue after it")
    if each.when == "after" or target.length is None or target.counts_from == CASE_OPENED:
        return  # an outside body may state a later time than the length makes
    if target.roll_end == "none" and is_shorter(target.length, each.offset):
        yield Problem(f"{path}.offset.amount", "is further before the due time than the target is long")


def _starting(target: Target) -> str:
    known = {CASE_OPENED: "external-case-opened", RECEIVED: "complaint-registered"}
    return known.get(target.counts_from, target.counts_from)


def _last(length: Length, extension: Extension) -> Length:
    """The length that the last extension finds."""
    added = (extension.at_most - 1) * (extension.to.amount - length.amount)
    return length if extension.at_most == 1 else Length(amount=length.amount + added, unit=length.unit)
