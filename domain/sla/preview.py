"""A complaint like this, received then, is due when? Read by the same clocks as real ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from domain.sla.book import Book
from domain.sla.clock import Clock, Due
from domain.sla.clocks import clocks, falls_due
from domain.sla.documents import Obligation, PinnedCalendar, Policy, Stop
from domain.sla.matching import ActivePolicy, apply
from domain.sla.pinning import Facts, PinnedPolicy
from domain.sla.standing import Standing
from domain.sla.timeline import Application, Case, Mark, Timeline
from domain.sla.working_time import WorkingTime


class Expected(Struct, frozen=True, kw_only=True):
    """A target, and when what it owes is due."""

    policy: str
    version: int
    target: str
    stops: Stop
    obligation: Obligation
    calendar: str
    started_at: datetime
    due_at: datetime | None
    due_inclusive: bool
    zone: str
    """That the days are counted in."""
    holidays: tuple[date, ...]
    """Those from the start to the due date, weekends among them."""
    recorded: tuple[Due, ...]
    """The warnings, the breach and the escalations, if nothing happens."""


class Waiting(Struct, frozen=True, kw_only=True):
    """A target whose clock begins with something that has not happened."""

    policy: str
    version: int
    target: str
    counts_from: str


class Preview(Struct, frozen=True, kw_only=True):
    policies: tuple[PinnedPolicy, ...]
    targets: tuple[Expected, ...]
    waiting: tuple[Waiting, ...]


def preview(active: Iterable[ActivePolicy], facts: Facts, received_at: datetime) -> Preview:
    """What a complaint of these facts owes, by when; cases at outside bodies are opened as it is received."""
    held = {(each.policy.name, each.version): each for each in active}
    applied = apply(held.values(), facts)
    matched = [held[pinned.policy, pinned.version] for pinned in applied.policies]
    timeline, book = _told(applied.policies, facts, received_at), _book(matched)
    found, due = clocks(timeline, book, received_at), falls_due(timeline, book, received_at)
    by_policy = {each.policy.name: each.calendar for each in matched}
    started = {(clock.policy, clock.target) for clock in found}
    return Preview(
        policies=applied.policies,
        targets=tuple(_expected(clock, by_policy[clock.policy], due) for clock in found),
        waiting=tuple(
            Waiting(
                policy=each.policy.name,
                version=each.version,
                target=target.name,
                counts_from=target.counts_from,
            )
            for each in matched
            for target in each.policy.targets
            if (each.policy.name, target.name) not in started
        ),
    )


def drafted(
    standing: Standing, policies: Iterable[Policy], calendars: Iterable[PinnedCalendar]
) -> list[ActivePolicy]:
    """What would be in force with drafts in the place of those of their names, as version 0."""
    known = {each.policy.name: each for each in standing.active}
    drafts = {pinned.calendar.name: pinned for pinned in calendars}
    in_force = {**standing.calendars, **drafts}
    changed = {
        each.name: ActivePolicy(policy=each, version=0, calendar=in_force[each.calendar]) for each in policies
    }
    return [
        ActivePolicy(
            policy=each.policy,
            version=each.version,
            calendar=drafts.get(each.policy.calendar, each.calendar),
        )
        for each in (known | changed).values()
    ]


def _told(policies: tuple[PinnedPolicy, ...], facts: Facts, at: datetime) -> Timeline:
    cases = tuple(Case(UUID(int=number), body, at) for number, body in enumerate(facts.external_bodies, 1))
    return Timeline(
        received_at=at,
        marks=tuple(Mark(at, "external-case-opened", refs=(case.case_id,)) for case in cases),
        cases=cases,
        applications=(Application(at, policies, "registered"),),
    )


def _book(active: Iterable[ActivePolicy]) -> Book:
    held = list(active)
    return Book(
        policies={(each.policy.name, each.version): each.policy for each in held},
        calendars={
            (each.calendar.calendar.name, each.calendar.version): WorkingTime(each.calendar) for each in held
        },
    )


def _expected(clock: Clock, pinned: PinnedCalendar, due: Iterable[Due]) -> Expected:
    zone = ZoneInfo(pinned.calendar.zone)
    return Expected(
        policy=clock.policy,
        version=clock.version,
        target=clock.target,
        stops=clock.stops,
        obligation=clock.obligation,
        calendar=clock.calendar,
        started_at=clock.started_at,
        due_at=clock.due_at,
        due_inclusive=clock.due_inclusive,
        zone=pinned.calendar.zone,
        holidays=_holidays(pinned, clock.started_at.astimezone(zone).date(), _day(clock.due_at, zone)),
        recorded=tuple(each for each in due if each.clock_id == clock.clock_id),
    )


def _day(moment: datetime | None, zone: ZoneInfo) -> date:
    return date.min if moment is None else moment.astimezone(zone).date()


def _holidays(pinned: PinnedCalendar, first: date, last: date) -> tuple[date, ...]:
    known = pinned.holidays.dates if pinned.holidays else ()
    return tuple(day for day in sorted({*known, *pinned.calendar.extra_holidays}) if first <= day <= last)
