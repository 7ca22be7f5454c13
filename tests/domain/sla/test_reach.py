"""What can never come to pass is refused with the reason; what may, by some calendar, is not."""

from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.complaint import events as e
from domain.messages import Problem
from domain.sla import Calendar, Escalation, Extension, Length, Match, Policy, Target, WorkingTime
from domain.sla.counting import Run, deadline
from domain.sla.documents import CASE_OPENED, RECEIVED, RollEnd, Unit
from domain.sla.lengths import is_shorter, never_longer
from domain.sla.reach import AFTERWARDS, OVER
from domain.sla.validation import policy_problems
from tests.domain.sla.telling import (
    HOUR,
    MONDAY,
    OFFICE,
    REOPENED,
    Told,
    case_opened,
    length,
    local,
    number,
    pinned,
    policy,
    replied,
    resolved,
    target,
)
from tests.domain.sla.test_against_the_model import STARTS, calendars

UNITS: tuple[Unit, ...] = get_args(Unit)


def problems(given: Policy) -> list[Problem]:
    return policy_problems(given, {"office": OFFICE})


def faults(owed: Target) -> list[str]:
    return [found.path.removeprefix("$.targets[0].") for found in problems(policy(owed))]


def extended(of: Length, to: Length, **fields: Any) -> list[str]:
    by = fields.pop("by", "complaint-escalated")
    return faults(target(length=of, extension=Extension(by=by, to=to, **fields)))


def before(of: Length, offset: Length, **fields: Any) -> list[str]:
    level = Escalation(level=1, when="before", offset=offset, tell=("head",))
    return faults(target(length=of, escalations=(level,), **fields))


@pytest.mark.parametrize(
    ("stops", "counts_from", "begins"),
    [
        ("final_response", RECEIVED, True),
        ("final_response", "investigation-started", False),
        ("resolved", CASE_OPENED, False),
        ("history_delivered", "history-requested", False),
        ("next_update", RECEIVED, True),
        ("next_update", "investigation-started", True),
    ],
)
def test_a_cycle_that_no_reopening_begins(stops: Any, counts_from: str, begins: bool) -> None:
    owed = target(stops, counts_from=counts_from, on_reopening="new_cycle")
    assert faults(owed) == ([] if begins else ["on_reopening"])
    at = Told(policy(owed)).tell(case_opened(MONDAY)).tell(e.InvestigationStarted())
    at.tell(e.HistoryRequested(channel="phone")).later(HOUR).tell(e.HistoryDelivered(channel="phone"))
    at.later(HOUR).tell(resolved()).later(HOUR).tell(replied()).later(HOUR).tell(REOPENED)
    begun = {clock.started_at for clock in at.clocks() if clock.cycle > 1}
    assert (MONDAY + 3 * HOUR in begun) == begins


@pytest.mark.parametrize(
    ("of", "to"),
    [
        (length(8), length(60, "business_minutes")),
        (length(8), length(480, "business_minutes")),
        (length(2, "calendar_days"), length(36, "calendar_hours")),
        (length(2, "calendar_weeks"), length(14, "calendar_days")),
        (length(10, "business_days"), length(10, "calendar_days")),
        (length(10, "business_days"), length(10, "close_of_business_day")),
        (length(10, "close_of_business_day"), length(9, "calendar_days")),
        (length(48), length(48, "calendar_hours")),
        (length(100), length(3, "calendar_days")),
        (length(15, "business_days"), length(2, "calendar_weeks")),
    ],
)
def test_an_extension_that_is_never_longer(of: Length, to: Length) -> None:
    assert extended(of, to) == ["extension.to.amount"]


@pytest.mark.parametrize(
    ("of", "to"),
    [
        (length(8, "calendar_hours"), length(1)),
        (length(3, "calendar_days"), length(3, "business_days")),
        (length(3, "calendar_weeks"), length(1, "business_days")),
        (length(10, "close_of_business_day"), length(10, "calendar_days")),
        (length(10, "close_of_business_day"), length(10, "business_days")),
        (length(2, "calendar_days"), length(72, "calendar_hours")),
        (length(8), length(1, "calendar_days")),
        (length(15, "calendar_days"), length(60, "calendar_days")),
    ],
)
def test_an_extension_that_may_be_longer(of: Length, to: Length) -> None:
    assert extended(of, to) == []


def test_an_extension_that_ends_on_a_business_day_may_be_longer() -> None:
    rolled = target(
        length=length(100),
        roll_end="next_business_day",
        extension=Extension(by="complaint-escalated", to=length(3, "calendar_days")),
    )
    assert "extension.to.amount" not in faults(rolled)


def test_what_extends_comes_while_there_is_something_to_extend() -> None:
    days = length(15, "calendar_days")
    longer = length(60, "calendar_days")
    assert extended(days, longer, before=days) == []
    assert extended(days, longer, before=length(16, "calendar_days")) == ["extension.before.amount"]
    assert extended(days, longer, before=length(400, "calendar_hours")) == ["extension.before.amount"]
    assert extended(days, longer, before=length(50, "calendar_days"), at_most=2) == []
    assert extended(days, longer, before=length(61, "calendar_days"), at_most=2) == [
        "extension.before.amount"
    ]
    assert extended(days, longer, by="complaint-resolved") == ["extension.by"]
    assert extended(days, longer, by="complaint-withdrawn") == ["extension.by"]


@pytest.mark.parametrize("counts_from", ["customer-replied", CASE_OPENED])
def test_what_begins_a_clock_does_not_extend_it(counts_from: str) -> None:
    by = "external-case-opened" if counts_from == CASE_OPENED else counts_from
    owed = target(counts_from=counts_from, extension=Extension(by=by, to=length(9)))
    assert faults(owed) == ["extension.by"]


@pytest.mark.parametrize(
    ("of", "offset"),
    [
        (length(8), length(9)),
        (length(8), length(481, "business_minutes")),
        (length(8, "calendar_hours"), length(1, "calendar_days")),
        (length(3, "calendar_days"), length(4, "calendar_days")),
        (length(13, "calendar_days"), length(2, "calendar_weeks")),
        (length(1, "calendar_days"), length(60, "calendar_hours")),
    ],
)
def test_a_level_before_the_clock_begins(of: Length, offset: Length) -> None:
    assert before(of, offset) == ["escalations[0].offset.amount"]


@pytest.mark.parametrize(
    ("of", "offset"),
    [
        (length(8), length(8)),
        (length(8), length(100, "calendar_hours")),
        (length(3, "business_days"), length(2, "calendar_weeks")),
        (length(3, "calendar_days"), length(3, "calendar_days")),
        (length(1, "calendar_days"), length(47, "calendar_hours")),
    ],
)
def test_a_level_that_some_calendar_reaches(of: Length, offset: Length) -> None:
    assert before(of, offset) == []


def test_a_level_further_ahead_than_the_length_is_reached_where_the_end_rolls() -> None:
    week, offset = length(7, "calendar_days"), length(8, "calendar_days")
    level = Escalation(level=1, when="before", offset=offset, tell=("head",))
    rolled = target(length=week, roll_end="next_business_day", escalations=(level,))
    saturday = local("2026-11-28T10:00")
    (due,) = [each for each in Told(policy(rolled), at=saturday).due() if each.what == "escalation"]
    assert due.at == local("2026-11-30T00:00") > saturday
    assert faults(rolled) == []
    assert before(week, offset) == ["escalations[0].offset.amount"]


def test_what_rolls_may_end_after_the_last_moment_to_extend_it() -> None:
    days, hours = length(7, "calendar_days"), length(230, "calendar_hours")
    longer = length(30, "calendar_days")
    assert extended(days, longer, before=hours) == ["extension.before.amount"]
    extension = Extension(by="complaint-escalated", to=longer, before=hours)
    assert faults(target(length=days, roll_end="next_business_day", extension=extension)) == []


def test_a_partial_acceptance_may_extend_what_a_full_one_stops() -> None:
    extension = Extension(by="resolution-accepted", to=length(16))
    owed = target("accepted", extension=extension)
    told = Told(policy(owed)).tell(accepted("partial")).later(HOUR)
    assert (told.clock().state, told.clock().extended) == ("running", 1)
    assert told.tell(accepted("full")).clock().state == "met"
    assert faults(owed) == []


def accepted(scope: Literal["full", "partial"]) -> e.ResolutionAccepted:
    return e.ResolutionAccepted(proposal_id=number(1), scope=scope, channel="email")


def test_an_outside_body_may_state_a_later_time_than_the_length_makes() -> None:
    assert before(length(8), length(9), counts_from=CASE_OPENED) == []


@pytest.mark.parametrize("counts_from", sorted(OVER))
def test_what_comes_only_while_a_complaint_is_open_does_not_count_from_its_end(counts_from: str) -> None:
    for stops in ("next_update", "acknowledged", "holding_response", "final_response", "accepted"):
        assert faults(target(stops, counts_from=counts_from)) == ["counts_from"]
    for stops in AFTERWARDS - {"external_answered"}:
        assert faults(target(stops, counts_from=counts_from)) == []


@pytest.mark.parametrize(
    ("match", "path"),
    [
        (Match(tier="Gold"), "$.match.tier"),
        (Match(tier=("basic", "very important")), "$.match.tier"),
        (Match(tags="x" * 51), "$.match.tags"),
        (Match(kind=("complaint", "complaint")), "$.match.kind"),
        (Match(product=("card", "loan", "card")), "$.match.product"),
    ],
)
def test_a_match_that_no_complaint_meets_or_that_says_a_thing_twice(match: Match, path: str) -> None:
    assert [found.path for found in problems(policy(target(), match=match))] == [path]


LENGTHS = st.builds(Length, amount=st.integers(1, 60), unit=st.sampled_from(UNITS))


def over(each: Length, calendar: Calendar, start: datetime, roll_end: RollEnd) -> datetime:
    time = WorkingTime(pinned(calendar))
    found = deadline(each, start, [Run(start, None, time)], time=time, roll_end=roll_end, not_before=start)
    assert found
    return found.at


@given(LENGTHS, LENGTHS, calendars(), STARTS, st.sampled_from(["none", "next_business_day"]))
def test_what_is_said_to_be_never_longer_never_is(
    one: Length, other: Length, calendar: Calendar, start: datetime, roll_end: RollEnd
) -> None:
    assume(never_longer(one, other, rolls=roll_end != "none"))
    assert over(one, calendar, start, roll_end) <= over(other, calendar, start, roll_end)


@given(LENGTHS, LENGTHS)
def test_of_two_lengths_at_most_one_is_the_shorter(one: Length, other: Length) -> None:
    assert not (is_shorter(one, other) and is_shorter(other, one))
    assert never_longer(one, one)


def test_days_are_no_shorter_than_their_hours_less_a_change_of_clocks() -> None:
    day = length(1, "calendar_days")
    assert never_longer(length(21, "calendar_hours"), day)
    assert not never_longer(length(22, "calendar_hours"), day)
    assert timedelta(hours=21) == timedelta(days=1) - timedelta(hours=3)
