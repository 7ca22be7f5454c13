"""Policies and calendars as aggregates: versions that never change, and two people who put one in force."""

from datetime import date
from typing import Any

import pytest
from msgspec import convert, structs

from api.examples import CALENDAR, POLICY
from domain.aggregate import Aggregate
from domain.complaint.events import ApprovalGranted, ApprovalRefused, ApprovalRequested
from domain.messages import Command, Event, Invalid, Refused
from domain.published import Published
from domain.publishing import Activate, ApproveActivation, RefuseActivation, Retire
from domain.sla import HolidaySet
from domain.sla.standing import Standing, standing
from domain.sla_calendar import (
    SLA_CALENDAR,
    CalendarActivated,
    CalendarDefined,
    CalendarRetired,
    CalendarRevised,
    DefineCalendar,
    ReviseCalendar,
)
from domain.sla_policy import (
    SLA_POLICY,
    DefinePolicy,
    PolicyActivated,
    PolicyDefined,
    PolicyRetired,
    PolicyRevised,
    RevisePolicy,
)
from tests.domain.spec import NOW, context, number

SOFIA: dict[str, Any] = {"actor": "sofia", "supervisor": True}
SAMIR: dict[str, Any] = {"actor": "samir", "supervisor": True}
HOLIDAYS = HolidaySet(version="holidays 1", first_year=2026, last_year=2036, dates=(date(2026, 12, 25),))
KNOWN: dict[str, Any] = {"holidays": HOLIDAYS, "known_holidays": {"BR": ("SP",)}}
DEFINE_CALENDAR = convert(CALENDAR, DefineCalendar)
REVISE_CALENDAR = convert({**CALENDAR, "extra_holidays": []}, ReviseCalendar)
DEFINE = convert(POLICY, DefinePolicy)
REVISE = convert({**POLICY, "order": 20}, RevisePolicy)
SUPERVISORS: tuple[tuple[Aggregate, Command], ...] = (
    (SLA_POLICY, DEFINE),
    (SLA_CALENDAR, DEFINE_CALENDAR),
)


def decided(aggregate: Aggregate, state: Any, command: Command, **who: Any) -> list[Event]:
    return aggregate.decide(state, command, context(command, **{"sla": STANDING} | KNOWN | SOFIA | who))


def after(aggregate: Aggregate, state: Any, command: Command, **who: Any) -> Any:
    for event in decided(aggregate, state, command, **who):
        state = aggregate.evolve(state, event, NOW)
    return state


def told(*commands: Command, aggregate: Aggregate = SLA_POLICY, **who: Any) -> Any:
    """The document after the commands, in force as the system's own set-up would have it."""
    state = None
    for command in commands:
        state = after(aggregate, state, command, **who)
    return state


def refused(aggregate: Aggregate, state: Any, command: Command, **who: Any) -> str:
    with pytest.raises(Refused) as caught:
        decided(aggregate, state, command, **who)
    return caught.value.slug


def wrong(aggregate: Aggregate, state: Any, command: Command, **who: Any) -> set[str]:
    with pytest.raises(Invalid) as caught:
        decided(aggregate, state, command, **who)
    return {problem.path for problem in caught.value.problems}


STANDING: Standing = standing((), ())
OFFICE: Published[Any] = told(DEFINE_CALENDAR, aggregate=SLA_CALENDAR)
STANDING = standing((), (OFFICE,))


def test_a_policy_is_drafted_and_each_revision_is_a_version() -> None:
    (defined,) = decided(SLA_POLICY, None, DEFINE)
    assert isinstance(defined, PolicyDefined)
    state = told(DEFINE)
    (revised,) = decided(SLA_POLICY, state, REVISE)
    assert isinstance(revised, PolicyRevised)
    assert (revised.policy_version, revised.policy.order) == (2, 20)
    state = told(DEFINE, REVISE)
    assert [version.order for version in state.versions] == [10, 20]
    assert state.active is None


def test_a_revision_that_changes_nothing_is_none() -> None:
    assert decided(SLA_POLICY, told(DEFINE, REVISE), REVISE) == []
    assert decided(SLA_CALENDAR, OFFICE, convert(CALENDAR, ReviseCalendar)) == []


def test_an_activation_is_asked_for_and_another_supervisor_carries_it_out() -> None:
    draft = told(DEFINE)
    (asked,) = decided(SLA_POLICY, draft, Activate(), new_id=number(5))
    assert asked == ApprovalRequested(
        approval_id=number(5),
        verb="activate",
        ground="activation",
        requested_by="sofia",
        command={"version": 1},
    )
    waiting = after(SLA_POLICY, draft, Activate(), new_id=number(5))
    approve = ApproveActivation(approval_id=number(5), reason="Agreed.")
    granted, activated = decided(SLA_POLICY, waiting, approve, **SAMIR)
    assert isinstance(granted, ApprovalGranted)
    assert activated == PolicyActivated(policy_name="Cards", policy_version=1)
    state = after(SLA_POLICY, waiting, approve, **SAMIR)
    assert (state.active, state.approvals) == (1, ())


def test_an_activation_can_be_refused() -> None:
    waiting = after(SLA_POLICY, told(DEFINE), Activate(), new_id=number(5))
    refuse = RefuseActivation(approval_id=number(5), reason="Too short.")
    (dropped,) = decided(SLA_POLICY, waiting, refuse, **SAMIR)
    assert isinstance(dropped, ApprovalRefused)
    assert after(SLA_POLICY, waiting, refuse, **SAMIR).approvals == ()


@pytest.mark.parametrize(
    "command",
    [ApproveActivation(approval_id=number(5)), RefuseActivation(approval_id=number(5), reason="No.")],
)
def test_who_asked_does_not_decide_and_what_nobody_asked_for_is_unknown(command: Command) -> None:
    waiting = after(SLA_POLICY, told(DEFINE), Activate(), new_id=number(5))
    assert refused(SLA_POLICY, waiting, command) == "same-person"
    assert refused(SLA_POLICY, told(DEFINE), command, **SAMIR) == "unknown-approval"


def test_the_same_activation_is_asked_for_once_at_a_time() -> None:
    waiting = after(SLA_POLICY, told(DEFINE, REVISE), Activate(version=1), new_id=number(5))
    assert refused(SLA_POLICY, waiting, Activate(version=1), **SAMIR) == "approval-pending"
    assert len(decided(SLA_POLICY, waiting, Activate(version=2))) == 1


def test_an_erased_request_is_void() -> None:
    waiting = after(SLA_POLICY, told(DEFINE), Activate(), new_id=number(5))
    (approval,) = waiting.approvals
    erased = structs.replace(waiting, approvals=(structs.replace(approval, command=None),))
    assert refused(SLA_POLICY, erased, ApproveActivation(approval_id=number(5)), **SAMIR) == "approval-void"


def test_what_is_in_force_is_not_activated_again_and_the_system_asks_nobody() -> None:
    state = told(DEFINE, Activate(), origin="system")
    assert state.active == 1
    assert decided(SLA_POLICY, state, Activate()) == []
    (activated,) = decided(SLA_POLICY, after(SLA_POLICY, state, REVISE), Activate(), origin="system")
    assert activated == PolicyActivated(policy_name="Cards", policy_version=2, previous_version=1)


def test_there_are_no_versions_but_those_defined() -> None:
    assert refused(SLA_POLICY, told(DEFINE), Activate(version=2)) == "unknown-version"


def test_a_policy_is_retired_and_can_come_back() -> None:
    state = told(DEFINE, Activate(), origin="system")
    (over,) = decided(SLA_POLICY, state, Retire(reason="Over."))
    assert over == PolicyRetired(policy_name="Cards", policy_version=1, reason="Over.")
    retired = after(SLA_POLICY, state, Retire())
    assert (retired.active, retired.retired) == (None, True)
    assert decided(SLA_POLICY, retired, Retire()) == []
    assert after(SLA_POLICY, retired, Activate(), origin="system").active == 1


def test_a_name_stays() -> None:
    other = structs.replace(REVISE, name="Loans")
    assert wrong(SLA_POLICY, told(DEFINE), other) == {"$.name"}
    assert wrong(SLA_CALENDAR, OFFICE, structs.replace(REVISE_CALENDAR, name="Rio")) == {"$.name"}


def test_a_policy_counts_by_a_calendar_in_force() -> None:
    assert wrong(SLA_POLICY, None, DEFINE, sla=standing((), ())) == {"$.calendar"}
    retired = after(SLA_CALENDAR, OFFICE, Retire())
    draft = told(DEFINE)
    assert wrong(SLA_POLICY, draft, Activate(), sla=standing((), (retired,))) == {"$.calendar"}


def test_what_another_policy_takes_first_is_not_put_in_force() -> None:
    first = told(structs.replace(DEFINE, name="All", order=1), Activate(), origin="system")
    beside = standing((first,), (OFFICE,))
    assert wrong(SLA_POLICY, told(DEFINE), Activate(), sla=beside) == {"$.match"}
    assert decided(SLA_POLICY, None, DEFINE, sla=beside)


def test_a_calendar_is_in_force_as_it_is_first_defined_and_later_versions_by_two_people() -> None:
    assert OFFICE.active == 1
    (defined,) = decided(SLA_CALENDAR, None, DEFINE_CALENDAR)
    assert isinstance(defined, CalendarDefined)
    assert defined.holidays == HOLIDAYS
    revised = after(SLA_CALENDAR, OFFICE, REVISE_CALENDAR)
    assert (revised.active, revised.latest) == (1, 2)
    waiting = after(SLA_CALENDAR, revised, Activate(), new_id=number(5))
    granted, activated = decided(SLA_CALENDAR, waiting, ApproveActivation(approval_id=number(5)), **SAMIR)
    assert activated == CalendarActivated(calendar_name="Brazil", calendar_version=2, previous_version=1)
    assert (
        after(SLA_CALENDAR, waiting, RefuseActivation(approval_id=number(5), reason="No."), **SAMIR).active
        == 1
    )
    assert isinstance(granted, ApprovalGranted)


def test_a_later_library_makes_a_new_version_only_by_a_revision() -> None:
    later = structs.replace(HOLIDAYS, version="holidays 2", dates=(*HOLIDAYS.dates, date(2027, 1, 1)))
    (revised,) = decided(SLA_CALENDAR, OFFICE, convert(CALENDAR, ReviseCalendar), holidays=later)
    assert isinstance(revised, CalendarRevised)
    assert (revised.calendar_version, revised.holidays) == (2, later)
    assert OFFICE.versions[0].holidays == HOLIDAYS


def test_a_calendar_in_use_is_not_retired() -> None:
    policy = told(DEFINE, Activate(), origin="system")
    used = standing((policy,), (OFFICE,))
    assert refused(SLA_CALENDAR, OFFICE, Retire(), sla=used) == "calendar-in-use"
    assert decided(SLA_CALENDAR, OFFICE, Retire()) == [
        CalendarRetired(calendar_name="Brazil", calendar_version=1)
    ]
    assert decided(SLA_CALENDAR, after(SLA_CALENDAR, OFFICE, Retire()), Retire()) == []


def test_holidays_that_nobody_knows_are_refused() -> None:
    unknown: dict[str, Any] = {"holidays": None, "known_holidays": {}}
    assert wrong(SLA_CALENDAR, None, DEFINE_CALENDAR, **unknown) == {"$.holidays.country"}
    unknown = {"holidays": None, "known_holidays": {"BR": ("RJ",)}}
    assert wrong(SLA_CALENDAR, None, DEFINE_CALENDAR, **unknown) == {"$.holidays.subdivision"}


@pytest.mark.parametrize(("aggregate", "define"), SUPERVISORS)
def test_only_supervisors_decide_what_holds_for_all(aggregate: Aggregate, define: Command) -> None:
    assert refused(aggregate, None, define, supervisor=False) == "supervisor-required"


@pytest.mark.parametrize(("aggregate", "define"), SUPERVISORS)
def test_each_is_defined_once_and_first(aggregate: Aggregate, define: Command) -> None:
    assert refused(aggregate, told(define, aggregate=aggregate), define) == "already-registered"
    unknown = {"sla-policy": "unknown-policy", "sla-calendar": "unknown-calendar"}
    assert refused(aggregate, None, Activate()) == unknown[aggregate.kind]
    with pytest.raises(ValueError, match="begins"):
        aggregate.evolve(None, ApprovalGranted(approval_id=number(1), verb="x", requested_by="y"), NOW)
    (defined,) = decided(aggregate, None, define)
    with pytest.raises(ValueError, match="once"):
        aggregate.evolve(told(define, aggregate=aggregate), defined, NOW)


def test_a_policy_whose_calendar_is_not_in_force_is_not_in_force_either() -> None:
    policy = told(DEFINE, Activate(), origin="system")
    assert [each.version for each in standing((policy,), (OFFICE,)).active] == [1]
    assert standing((policy,), (after(SLA_CALENDAR, OFFICE, Retire()),)).active == ()
