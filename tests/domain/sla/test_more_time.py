"""Warnings and levels where more time is granted: they come again before the new due time, once for each."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.complaint import events as e
from domain.sla import Escalation, Extension, Facts, Target
from domain.sla.documents import CASE_OPENED, Unit
from domain.sla.presets import PRESETS
from tests.domain.sla.minutes import MINUTE, Case, Walk
from tests.domain.sla.telling import (
    DAY,
    HELD,
    HOUR,
    MONDAY,
    OFFICE,
    Told,
    asked,
    case_opened,
    length,
    local,
    policy,
    replied,
    target,
)

DAYS: Unit = "calendar_days"
LEVELS = (
    Escalation(level=1, when="before", offset=length(1, DAYS), tell=("head",)),
    Escalation(level=2, when="after", offset=length(1, DAYS), tell=("board",)),
)
LONGER = Extension(by="holding-response-sent", to=length(30, DAYS), at_most=2)


def told(**fields: Any) -> Told:
    """Ten days from Monday, thirty once it is extended, fifty once it is again."""
    given: dict[str, Any] = {"length": length(10, DAYS), "warn_at": (0.5, 0.9), "extension": LONGER}
    return Told(policy(target(**given | fields)))


def passed(at: Told, days: float) -> list[tuple[str, Any]]:
    """What is recorded while so many days pass, looked for every hour."""
    found: list[Any] = []
    for _ in range(int(days * 24)):
        found += at.later(HOUR).watch()
    return [(type(each).__name__, getattr(each, "share", getattr(each, "level", None))) for each in found]


def warned(share: float) -> tuple[str, float]:
    return "SlaWarningRaised", share


def foreseen(at: Told) -> list[tuple[Any, ...]]:
    return [(due.what, due.share or due.level, due.at) for due in at.due()]


def test_a_warning_comes_again_before_the_new_due_time() -> None:
    at = told()
    assert passed(at, 6) == [warned(0.5)]
    at.tell(HELD)
    end = local("2026-12-24")
    assert foreseen(at) == [
        ("warning", 0.5, MONDAY + (end - MONDAY) * 0.5),
        ("warning", 0.9, MONDAY + (end - MONDAY) * 0.9),
        ("breach", None, end),
    ]
    assert passed(at, 22) == [warned(0.5), warned(0.9)]
    assert at.tell(HELD).clock().extended == 2
    assert passed(at, 23) == [warned(0.9), ("SlaBreached", None)], "half of the fifty days was over"


def test_so_do_levels_before_and_after_it() -> None:
    at = told(warn_at=(), escalations=LEVELS)
    assert passed(at, 10) == [("SlaEscalated", 1)]
    at.tell(HELD)
    assert passed(at, 24) == [("SlaEscalated", 1), ("SlaBreached", None), ("SlaEscalated", 2)]


def test_what_would_have_come_before_the_extension_does_not_come_again_at_once() -> None:
    little = Extension(by="holding-response-sent", to=length(11, DAYS))
    at = told(extension=little)
    assert passed(at, 9.9) == [warned(0.5), warned(0.9)]
    at.tell(HELD)
    assert [(each.what, each.share) for each in at.due()] == [("warning", 0.9), ("breach", None)]


def test_what_nobody_recorded_before_the_extension_is_caught_up_with() -> None:
    at = told(extension=Extension(by="holding-response-sent", to=length(11, DAYS)))
    at.later(8 * DAY).tell(HELD)
    assert passed(at, 1) == [warned(0.5)]


def test_an_extension_that_reaches_us_late_lets_warnings_come_again() -> None:
    at = told()
    assert passed(at, 9) == [warned(0.5)]
    at.tell(HELD, at=MONDAY + DAY)
    assert passed(at, 22) == [warned(0.5), warned(0.9), ("SlaBreached", None)]


def test_an_extension_that_reaches_us_after_the_breach_corrects_it_and_all_comes_again() -> None:
    at = told(escalations=LEVELS)
    first = [warned(0.5), warned(0.9), ("SlaEscalated", 1), ("SlaBreached", None), ("SlaEscalated", 2)]
    assert passed(at, 12) == first
    at.tell(HELD, at=MONDAY + 9 * DAY)
    assert passed(at, 1) == [("SlaBreachCorrected", None)]
    assert passed(at, 24) == first


def test_a_breach_before_the_extension_stands_and_nothing_comes_again() -> None:
    at = told(escalations=LEVELS)
    passed(at, 12)
    assert at.tell(HELD).clock().state == "breached"
    assert passed(at, 30) == []


def test_a_watchdog_whose_clock_is_behind_the_extension_warns_of_the_old_due_time_alone() -> None:
    at = told().later(6 * DAY).tell(HELD)
    at.at = MONDAY + 5.9 * DAY
    (event,) = at.watch()
    assert event.due_at == local("2026-12-04")
    assert passed(at, 20) == [warned(0.5)]


def test_a_pause_moves_the_due_time_and_brings_nothing_again() -> None:
    at = told(pauses_in=("awaiting_customer",), escalations=LEVELS[:1])
    assert passed(at, 9.6) == [warned(0.5), warned(0.9)]
    at.tell(asked()).later(20 * DAY).tell(replied(1))
    assert passed(at, 3) == [("SlaEscalated", 1), ("SlaBreached", None)]


def test_a_pause_after_an_extension_does_not_either() -> None:
    at = told(pauses_in=("awaiting_customer",), warn_at=(0.5,))
    passed(at, 6)
    at.tell(HELD)
    assert passed(at, 15) == [warned(0.5)]
    at.tell(asked()).later(20 * DAY).tell(replied(1))
    assert passed(at, 10) == [("SlaBreached", None)]


def test_a_corrected_receipt_lets_nothing_come_again() -> None:
    at = told()
    passed(at, 6)
    at.tell(e.ComplaintCorrected(reason="r", received_at=MONDAY + 3 * DAY))
    assert passed(at, 7) == [warned(0.9)]


def test_a_later_version_of_the_policy_lets_nothing_come_again() -> None:
    at = told(extension=None)
    passed(at, 6)
    at.apply(policy(target(length=length(30, DAYS), warn_at=(0.5, 0.9))), facts=Facts(severity="low"))
    assert passed(at, 24) == [warned(0.9)]


def test_a_due_time_that_an_outside_body_puts_off_lets_warnings_come_again() -> None:
    owed = target("external_answered", counts_from=CASE_OPENED, length=length(10, DAYS), warn_at=(0.5, 0.9))
    at = Told(policy(owed)).tell(case_opened(MONDAY))
    assert passed(at, 6) == [warned(0.5)]
    at.tell(case_opened(MONDAY, MONDAY + 20 * DAY))
    assert passed(at, 19 - 6) == [warned(0.5), warned(0.9)]
    for told_at in (MONDAY + 7 * DAY, at.at):
        at.tell(case_opened(MONDAY - HOUR, MONDAY + 20 * DAY), at=told_at)  # the same due time
        assert passed(at, 0.2) == []
    at.tell(case_opened(MONDAY, MONDAY + 40 * DAY))
    assert passed(at, 22) == [warned(0.5), warned(0.9), ("SlaBreached", None)]


def test_at_the_cfpb_sixty_days_are_warned_of_like_fifteen() -> None:
    (preset,) = PRESETS["cfpb"].policies
    shares = preset.targets[0].warn_at
    at = Told.under(PRESETS["cfpb"], MONDAY, facts=Facts(external_bodies=("cfpb",)))
    at.tell(case_opened(MONDAY))
    first = passed(at, 14.5)
    at.tell(HELD)
    again = passed(at, 47)
    assert first == [warned(share) for share in shares]
    assert again == [*first, ("SlaBreached", None)]


SHARES = (0.25, 0.5, 0.75)


def expected(
    history: list[tuple[datetime, str]], owed: Target, until: datetime
) -> list[tuple[Any, datetime]]:
    """What is recorded, by a walk minute by minute: the shares that the time used reaches, and the breach."""
    assert owed.length
    assert owed.extension
    hours, more = owed.length.amount, owed.extension.to.amount - owed.length.amount
    walk, case, events = Walk(owed, OFFICE, frozenset(), MONDAY), Case(), dict(history)
    moment, due_at, warned = MONDAY, None, set[float]()
    found: list[tuple[Any, datetime]] = []
    while moment <= until:
        reached = {share for share in SHARES if walk.used >= share * hours * 60}
        found += [(share, moment) for share in sorted(reached - warned)]
        warned |= reached
        due_at = due_at or (moment if walk.used == hours * 60 else None)
        if due_at and moment > due_at:
            return [*found, ("breach", due_at)]
        what = events.get(moment, "")
        if what == "extend":
            hours, due_at = hours + more, None
            warned = {share for share in SHARES if walk.used >= share * hours * 60}
        elif what:
            case.meet(what)
        walk.pass_minute(moment, runs=case.state() != "awaiting_customer")
        moment += MINUTE
    return found


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["extend", "ask", "reply"]), st.integers(1, 600)), max_size=8),
    st.integers(1, 4),
    st.integers(1, 12),
    st.sampled_from(["business_hours", "calendar_hours"]),
)
def test_each_share_is_warned_of_once_for_each_length(
    steps: list[tuple[str, int]], hours: int, more: int, unit: Any
) -> None:
    hours *= 4
    longer = Extension(by="holding-response-sent", to=length(hours + 4 * more, unit), at_most=10)
    owed = target(
        length=length(hours, unit), warn_at=SHARES, extension=longer, pauses_in=("awaiting_customer",)
    )
    at, case = Told(policy(owed)), Case()
    history: list[tuple[datetime, str]] = []
    for number, (what, minutes) in enumerate(steps, 1):
        if what != "extend" and not case.can(what):
            continue
        at.later(minutes * MINUTE).watch()
        history.append((at.at, what))
        if what == "extend":
            at.tell(HELD)
        else:
            case.meet(what)
            at.tell(asked(number) if what == "ask" else replied(*range(1, number)))
    at.later(5 * DAY).watch()
    recorded = [
        (record.share or "breach", record.at - timedelta(microseconds=record.share is None))
        for record in at.timeline.records
    ]
    assert recorded == expected(history, owed, at.at)
