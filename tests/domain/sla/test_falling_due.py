"""What is to be recorded about a clock, when, and only once."""

from datetime import timedelta
from typing import Any

from domain.complaint import events as e
from domain.sla import Escalation
from domain.sla.documents import CASE_OPENED
from tests.domain.sla.telling import (
    DAY,
    HOUR,
    MONDAY,
    REOPENED,
    Told,
    asked,
    called,
    case_answered,
    case_opened,
    length,
    local,
    policy,
    replied,
    resolved,
    target,
)

MICROSECOND = timedelta(microseconds=1)
DUE = local("2026-11-23T18:00")
LEVELS = (
    Escalation(level=1, when="before", offset=length(2), tell=("analyst",)),
    Escalation(level=2, when="after", offset=length(1), tell=("supervisor", "head")),
    Escalation(level=3, when="after", offset=length(1, "calendar_days"), tell=("head",)),
)


def told(stops: Any = "resolved", **fields: Any) -> Told:
    """Eight business hours from Monday, 09:00."""
    return Told(policy(target(stops, **fields)))


def foreseen(at: Told) -> list[tuple[Any, ...]]:
    return [(due.what, due.at, due.share or due.level) for due in at.due()]


def test_all_that_will_fall_due_if_nothing_happens() -> None:
    assert foreseen(told(warn_at=(0.5, 0.75), escalations=LEVELS)) == [
        ("warning", local("2026-11-23T14:00"), 0.5),
        ("warning", local("2026-11-23T16:00"), 0.75),
        ("escalation", local("2026-11-23T16:00"), 1),
        ("breach", DUE + MICROSECOND, None),
        ("escalation", local("2026-11-24T10:00"), 2),
        ("escalation", local("2026-11-24T18:00"), 3),
    ]


def test_a_share_of_days_is_one_of_the_time_until_they_end() -> None:
    at = told(length=length(3, "calendar_days"), warn_at=(0.5,))
    end = local("2026-11-27")
    assert foreseen(at) == [("warning", MONDAY + (end - MONDAY) / 2, 0.5), ("breach", end, None)]


def test_each_is_recorded_once_whenever_somebody_looks() -> None:
    at = told(warn_at=(0.5, 0.75), escalations=LEVELS)
    recorded = []
    for _ in range(60):
        recorded += [type(event) for event in at.later(HOUR).watch()]
        assert at.watch() == []
    slept = told(warn_at=(0.5, 0.75), escalations=LEVELS).later(60 * HOUR)
    assert [type(event) for event in slept.watch()] == recorded
    assert (slept.watch(), slept.due()) == ([], [])
    assert recorded.count(e.SlaBreached) == 1


def test_what_is_recorded_names_the_clock_and_its_policy() -> None:
    at = told(warn_at=(0.5,)).later(2 * DAY)
    warned, breached = at.watch()
    named: dict[str, Any] = {
        "clock_id": "desk/owed",
        "policy": "desk",
        "policy_version": 1,
        "layer": "internal",
        "target": "owed",
        "cycle": 1,
        "due_at": DUE,
    }
    assert warned == e.SlaWarningRaised(**named, share=0.5)
    assert breached == e.SlaBreached(**named)


def test_nothing_falls_due_while_it_is_paused() -> None:
    at = told(pauses_in=("awaiting_customer",), warn_at=(0.5,), escalations=LEVELS).tell(asked())
    assert at.due() == []
    at.later(DAY).tell(replied(1))
    assert [due.what for due in at.due()][:2] == ["warning", "escalation"]


def test_nothing_falls_due_once_it_is_done() -> None:
    assert told(warn_at=(0.5,), escalations=LEVELS).later(HOUR).tell(resolved()).later(9 * DAY).due() == []


def test_what_was_done_too_late_was_breached_even_if_nobody_saw_it_in_between() -> None:
    at = told(warn_at=(0.5,), escalations=LEVELS).later(2 * DAY).tell(resolved())
    assert [type(event) for event in at.watch()] == [e.SlaBreached]


def test_every_interval_between_updates_is_breached_once() -> None:
    at = told("next_update").later(2 * DAY)
    assert [event.cycle for event in at.watch()] == [1]
    at.tell(called()).later(2 * DAY)
    assert [event.cycle for event in at.watch()] == [2]
    assert at.watch() == []


def test_a_window_that_lapses_is_no_breach() -> None:
    at = told("accepted", obligation="window", warn_at=(0.5,), escalations=LEVELS[:1])
    assert [due.what for due in at.due()] == ["warning", "escalation"]
    assert [type(event) for event in at.later(5 * DAY).watch()] == [e.SlaWarningRaised, e.SlaEscalated]
    assert (at.watch(), at.due()) == ([], [])


def test_a_fact_that_reaches_us_late_corrects_the_breach() -> None:
    at = told().later(2 * DAY)
    at.watch()
    at.tell(resolved(), at=MONDAY + HOUR)
    clock = at.clock()
    assert (clock.state, clock.stopped_at, clock.met_on_backdated_fact) == ("met", MONDAY + HOUR, True)
    (corrected,) = at.watch()
    assert isinstance(corrected, e.SlaBreachCorrected)
    assert (corrected.verdict, corrected.breached_at, corrected.met_at) == ("met", DUE, MONDAY + HOUR)
    assert at.watch() == []
    assert at.clock().met_on_backdated_fact


def test_what_was_met_in_time_and_known_in_time_needs_no_late_fact() -> None:
    assert not told().later(HOUR).tell(resolved()).clock().met_on_backdated_fact


def test_a_pause_that_reaches_us_late_moves_the_due_date_and_it_may_be_breached_again() -> None:
    at = told("resolved", pauses_in=("awaiting_customer",)).later(HOUR).tell(asked(), at=at_ten())
    at.tell(replied(1)).later(DAY + HOUR)
    assert [type(event) for event in at.watch()] == [e.SlaBreached]
    at.tell(e.ComplaintCorrected(reason="r", received_at=MONDAY + 2 * HOUR))
    (corrected,) = at.watch()
    assert isinstance(corrected, e.SlaBreachCorrected)
    assert (corrected.verdict, at.clock().state) == ("not_due", "running")
    (again,) = at.later(DAY).watch()
    assert isinstance(again, e.SlaBreached)
    assert again.due_at == local("2026-11-24T11:00")


def at_ten() -> Any:
    return MONDAY + HOUR


def test_a_breach_stands_when_the_complaint_is_reopened() -> None:
    at = told().later(2 * DAY)
    at.watch()
    at.tell(resolved()).later(DAY).tell(REOPENED).later(9 * DAY)
    assert at.watch() == []


def test_an_outside_body_that_grants_more_time_corrects_the_breach() -> None:
    at = Told(policy(target("external_answered", counts_from=CASE_OPENED, length=None)))
    at.tell(case_opened(MONDAY, MONDAY + DAY)).later(2 * DAY)
    (breached,) = at.watch()
    assert breached.case_id == case_opened(MONDAY).case_id
    at.tell(case_opened(MONDAY, MONDAY + 9 * DAY))
    (corrected,) = at.watch()
    assert isinstance(corrected, e.SlaBreachCorrected)
    assert (corrected.verdict, corrected.due_at) == ("not_due", MONDAY + 9 * DAY)
    assert at.tell(case_answered()).watch() == []


def test_whatever_is_foreseen_is_recorded_at_that_moment() -> None:
    at = told("next_update", warn_at=(0.3, 0.6), escalations=LEVELS)
    at.later(HOUR).tell(called())
    for due in at.due():
        at.at = due.at
        (event,) = at.watch()
        assert event.cycle == due.cycle == 2
