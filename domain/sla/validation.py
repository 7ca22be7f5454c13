"""What is wrong with a policy: every reason at once, each with its place in the document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from domain.complaint.lifecycle import OPEN
from domain.fields import LEVEL_LIMIT, LIST_LENGTH
from domain.messages import Problem
from domain.sla.counting import BUSINESS, DATES, TIMED
from domain.sla.documents import (
    CASE_OPENED,
    RECEIVED,
    Calendar,
    Escalation,
    Extension,
    Length,
    Policy,
    Target,
)
from domain.sla.matching import match_problems
from domain.sla.problems import list_problems, name_problems, twice
from domain.sla.reach import escalation_problems, extension_problems, start_problems

NAMED = frozenset(
    {
        "ask-cancelled",
        "compensation-accepted",
        "compensation-paid",
        "complaint-acknowledged",
        "complaint-closed",
        "complaint-dismissed",
        "complaint-escalated",
        "complaint-forwarded",
        "complaint-reopened",
        "complaint-resolved",
        "complaint-withdrawn",
        "customer-contacted",
        "customer-replied",
        "duplicate-marked",
        "duplicate-unmarked",
        "external-case-answered",
        "external-case-decided",
        "external-case-opened",
        "history-delivered",
        "history-requested",
        "holding-response-sent",
        "information-requested",
        "investigation-started",
        "origin-identified",
        "proposal-withdrawn",
        "reply-reviewed",
        "resolution-accepted",
        "resolution-proposed",
        "resolution-rejected",
        "sector-answered",
        "sector-consulted",
    }
)
"""The events that a target may count from and that may extend it."""
CLAUSE = re.compile(
    r"§|\b(art(icle|igo|ículo)?|sections?|clauses?|cláusula|inciso|paragraph|parágrafo|rule|reg(ulation)?|s)\b"
    r"\.?\s*\d|\d+\.\d+(\.\d+)?[A-Z]*[RG]\b|\d\s*\(\w+\)",
    re.IGNORECASE,
)
"""What a source cites a clause by: "art. 13", "§ 2", "section 8.1", "DISP 1.6.2R", "5534(b)"."""
YEARS = 10
LONGEST = {
    "minutes": YEARS * 366 * 24 * 60,
    "hours": YEARS * 366 * 24,
    "days": YEARS * 366,
    "weeks": YEARS * 53,
    "day": YEARS * 366,
}
ORDER_LIMIT, EXTENSIONS_LIMIT = 1_000_000, 10


def policy_problems(
    policy: Policy, calendars: Mapping[str, Calendar], others: Iterable[Policy] = ()
) -> list[Problem]:
    """What is wrong; `others` are the policies in force beside it."""
    calendar = calendars.get(policy.calendar)
    return [
        *name_problems("$.name", policy.name),
        *_policy_problems(policy, calendar),
        *match_problems(policy, others),
        *twice("$.targets", (target.name for target in policy.targets)),
        *(
            problem
            for index, target in enumerate(policy.targets)
            for problem in _target_problems(f"$.targets[{index}]", target, policy, calendar)
        ),
    ]


def _policy_problems(policy: Policy, calendar: Calendar | None) -> Iterator[Problem]:
    if not 0 <= policy.order <= ORDER_LIMIT:
        yield Problem("$.order", f"is not between 0 and {ORDER_LIMIT}")
    if calendar is None:
        yield Problem("$.calendar", f"no calendar is called {policy.calendar}")
    if not policy.targets:
        yield Problem("$.targets", "a policy has at least one target")
    yield from list_problems("$.targets", policy.targets)


def _target_problems(
    path: str, target: Target, policy: Policy, calendar: Calendar | None
) -> Iterator[Problem]:
    opens = calendar is None or any(calendar.windows.values())
    yield from name_problems(f"{path}.name", target.name)
    yield from _start_problems(path, target)
    yield from _length_problems(path, target, opens=opens)
    yield from _pause_problems(path, target, policy)
    yield from _roll_problems(path, target, opens=opens)
    yield from _warning_problems(path, target)
    if target.extension is not None:
        yield from _extension_problems(f"{path}.extension", target, target.extension, opens=opens)
    yield from list_problems(f"{path}.escalations", target.escalations)
    yield from twice(f"{path}.escalations", (str(each.level) for each in target.escalations))
    for index, each in enumerate(target.escalations):
        yield from _escalation_problems(f"{path}.escalations[{index}]", each, target, opens=opens)


def _start_problems(path: str, target: Target) -> Iterator[Problem]:
    counts_from = target.counts_from
    if counts_from not in NAMED | {RECEIVED, CASE_OPENED}:
        yield Problem(
            f"{path}.counts_from", f"is neither {RECEIVED}, {CASE_OPENED} nor an event to count from"
        )
    yield from start_problems(path, target)


def _length_problems(path: str, target: Target, *, opens: bool) -> Iterator[Problem]:
    if target.length is not None:
        yield from _duration_problems(f"{path}.length", target.length, 1, opens=opens)
    elif target.counts_from != CASE_OPENED:
        yield Problem(f"{path}.length", f"is left out only where it counts from {CASE_OPENED}")


def _duration_problems(path: str, length: Length, least: int, *, opens: bool) -> Iterator[Problem]:
    most = LONGEST[length.unit.rpartition("_")[2]]
    if not least <= length.amount <= most:
        yield Problem(f"{path}.amount", f"is not between {least} and {most}")
    if length.unit in BUSINESS and not opens:
        yield Problem(f"{path}.unit", "the calendar never opens, so no business time ever passes")


def _pause_problems(path: str, target: Target, policy: Policy) -> Iterator[Problem]:
    if OPEN.issubset(target.pauses_in):
        yield Problem(f"{path}.pauses_in", "it would pause in every open state and never run")
    yield from twice(f"{path}.pauses_in", target.pauses_in)
    if policy.layer != "legal" or cites_a_clause(target.source) or cites_a_clause(policy.source):
        return
    if target.pauses_in:
        yield Problem(f"{path}.pauses_in", "a legal target pauses only where its source cites the clause")
    if target.roll_start != "none":
        yield Problem(
            f"{path}.roll_start", "a legal target starts later only where its source cites the clause"
        )


def cites_a_clause(source: str | None) -> bool:
    """Whether the source says where in the text it stands."""
    return source is not None and CLAUSE.search(source) is not None


def _roll_problems(path: str, target: Target, *, opens: bool) -> Iterator[Problem]:
    for name in ("roll_start", "roll_end"):
        if getattr(target, name) != "none" and not opens:
            yield Problem(f"{path}.{name}", "the calendar never opens")
    if target.roll_end != "none" and target.length is not None and target.length.unit not in DATES:
        yield Problem(f"{path}.roll_end", "only calendar days and weeks can end on a day without business")


def _warning_problems(path: str, target: Target) -> Iterator[Problem]:
    yield from list_problems(f"{path}.warn_at", target.warn_at)
    for index, share in enumerate(target.warn_at):
        if not 0 < share < 1:
            yield Problem(f"{path}.warn_at[{index}]", "is a share of the time: more than 0 and less than 1")
    yield from twice(f"{path}.warn_at", map(str, target.warn_at))


def _extension_problems(path: str, target: Target, extension: Extension, *, opens: bool) -> Iterator[Problem]:
    if extension.by not in NAMED:
        yield Problem(f"{path}.by", "is no event that can extend a target")
    yield from _duration_problems(f"{path}.to", extension.to, 1, opens=opens)
    if extension.before is not None:
        yield from _duration_problems(f"{path}.before", extension.before, 1, opens=opens)
    if not 1 <= extension.at_most <= EXTENSIONS_LIMIT:
        yield Problem(f"{path}.at_most", f"is not between 1 and {EXTENSIONS_LIMIT}")
    yield from extension_problems(path, target, extension)


def _escalation_problems(path: str, each: Escalation, target: Target, *, opens: bool) -> Iterator[Problem]:
    if not 1 <= each.level <= LEVEL_LIMIT:
        yield Problem(f"{path}.level", f"is not between 1 and {LEVEL_LIMIT}")
    yield from _duration_problems(f"{path}.offset", each.offset, 0, opens=opens)
    if each.offset.unit not in TIMED | DATES:
        yield Problem(f"{path}.offset.unit", "is not one of minutes, hours, calendar days and calendar weeks")
    if not each.tell or len(each.tell) > LIST_LENGTH:
        yield Problem(f"{path}.tell", f"names between 1 and {LIST_LENGTH} who are told")
    for index, name in enumerate(each.tell):
        yield from name_problems(f"{path}.tell[{index}]", name)
    yield from escalation_problems(path, each, target)
