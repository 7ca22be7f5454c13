"""The calendar as an aggregate. A version holds its holidays as dates: no library changes them later."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, assert_never, get_args

from msgspec import field
from msgspec.structs import replace

from domain import published, publishing
from domain.aggregate import Aggregate, Context
from domain.approvals import ApprovalGranted, ApprovalRefused, ApprovalRequested, with_asked, without
from domain.fields import Label
from domain.messages import Command, Event, Invalid, Personal, Problem, Refused
from domain.published import Published
from domain.publishing import Activate, ApproveActivation, RefuseActivation, Retire
from domain.sla import Calendar, HolidaySet, PinnedCalendar
from domain.sla.calendar_validation import calendar_problems
from domain.sla.inputs import Dates, Exceptions, HolidayRuleInput, Week, plain
from domain.times import check_times, stamped


class CalendarDefined(Event, frozen=True, kw_only=True, tag="sla-calendar-defined"):
    calendar: Calendar
    holidays: HolidaySet | None = None


class CalendarRevised(Event, frozen=True, kw_only=True, tag="sla-calendar-revised"):
    calendar: Calendar
    calendar_version: int
    holidays: HolidaySet | None = None


class CalendarActivated(Event, frozen=True, kw_only=True, tag="sla-calendar-activated"):
    calendar_name: str
    calendar_version: int
    previous_version: int | None = None


class CalendarRetired(Event, frozen=True, kw_only=True, tag="sla-calendar-retired"):
    calendar_name: str
    calendar_version: int | None = None
    reason: Personal[str | None] = None


CalendarEvent = (
    CalendarDefined
    | CalendarRevised
    | CalendarActivated
    | CalendarRetired
    | ApprovalRequested
    | ApprovalGranted
    | ApprovalRefused
)


class DefineCalendar(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "define"
    name: Label
    zone: Label
    windows: Week
    holidays: HolidayRuleInput | None = None
    extra_holidays: Dates = ()
    exceptions: Exceptions = field(default_factory=dict)


class ReviseCalendar(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "revise"
    name: Label | None = None
    """A calendar keeps its name; given, it is the same."""
    zone: Label
    windows: Week
    holidays: HolidayRuleInput | None = None
    extra_holidays: Dates = ()
    exceptions: Exceptions = field(default_factory=dict)


CalendarCommand = DefineCalendar | ReviseCalendar | Activate | ApproveActivation | RefuseActivation | Retire
CalendarState = Published[PinnedCalendar]


def evolve(  # noqa: C901 - one branch for each event
    state: CalendarState | None, event: CalendarEvent, _at: datetime
) -> CalendarState:
    """The calendar after an event. Its first version is in force at once: no policy used it before."""
    if isinstance(event, CalendarDefined):
        if state is not None:
            raise ValueError("a calendar is defined once")
        first = PinnedCalendar(calendar=event.calendar, version=1, holidays=event.holidays)
        return Published(name=event.calendar.name, versions=(first,), active=1)
    if state is None:
        raise ValueError("a calendar begins with its definition")
    match event:
        case CalendarRevised():
            version, holidays = event.calendar_version, event.holidays
            return published.revised(
                state, PinnedCalendar(calendar=event.calendar, version=version, holidays=holidays)
            )
        case CalendarActivated():
            return replace(state, active=event.calendar_version, retired=False)
        case CalendarRetired():
            return replace(state, active=None, retired=True)
        case ApprovalRequested():
            return replace(state, approvals=with_asked(state.approvals, event))
        case ApprovalGranted() | ApprovalRefused():
            return replace(state, approvals=without(state.approvals, event.approval_id))
        case _:
            assert_never(event)


def decide(state: CalendarState | None, command: CalendarCommand, ctx: Context) -> list[Event]:
    """The events that the command makes; [] where all is so already. Raises Refused, Invalid."""
    check_times(command, ctx)
    publishing.check_supervisor(ctx)
    return stamped(_decide(state, command, ctx), command, ctx)


def _decide(  # noqa: C901 - one branch for each command
    state: CalendarState | None, command: CalendarCommand, ctx: Context
) -> list[Event]:
    if isinstance(command, DefineCalendar):
        if state is not None:
            raise Refused("already-registered", f"the calendar {state.name} is defined")
        calendar = _checked(plain(command, Calendar), ctx)
        return [CalendarDefined(calendar=calendar, holidays=ctx.holidays)]
    if state is None:
        raise Refused("unknown-calendar", "no calendar has this id")
    match command:
        case ReviseCalendar():
            return _revise(state, command, ctx)
        case Activate():
            return _activate(state, publishing.version_meant(state, command.version), ctx)
        case ApproveActivation():
            granted, version = publishing.approved(state, command, ctx)
            return [*granted, *_activated(state, version)]
        case RefuseActivation():
            return publishing.refused(state, command, ctx)
        case Retire():
            return _retire(state, command, ctx)
        case _:
            assert_never(command)


def _revise(state: CalendarState, command: ReviseCalendar, ctx: Context) -> list[Event]:
    """Another document, or the same with other holidays: those that the library knows today."""
    if command.name not in (None, state.name):
        raise Invalid([Problem("$.name", f"is called {state.name}; another name is another calendar")])
    calendar = _checked(plain(command, Calendar, name=state.name), ctx)
    newest = state.versions[-1]
    if (calendar, ctx.holidays) == (newest.calendar, newest.holidays):
        return []
    return [CalendarRevised(calendar=calendar, calendar_version=state.latest + 1, holidays=ctx.holidays)]


def _activate(state: CalendarState, version: int, ctx: Context) -> list[Event]:
    events = _activated(state, version)
    return publishing.requested(state, version, ctx) if events and ctx.origin == "live" else events


def _activated(state: CalendarState, version: int) -> list[Event]:
    if version == state.active:
        return []
    return [
        CalendarActivated(calendar_name=state.name, calendar_version=version, previous_version=state.active)
    ]


def _retire(state: CalendarState, command: Retire, ctx: Context) -> list[Event]:
    if state.retired:
        return []
    users = () if ctx.sla is None else ctx.sla.users_of(state.name)
    if users:
        raise Refused("calendar-in-use", f"policies in force count by it: {', '.join(users)}")
    return [CalendarRetired(calendar_name=state.name, calendar_version=state.active, reason=command.reason)]


def _checked(calendar: Calendar, ctx: Context) -> Calendar:
    if found := calendar_problems(calendar, ctx.known_holidays):
        raise Invalid(found)
    return calendar


SLA_CALENDAR = Aggregate("sla-calendar", get_args(CalendarEvent), get_args(CalendarCommand), evolve, decide)
