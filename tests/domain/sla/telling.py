"""What the tests of service levels share: a complaint told by its events, and the clocks read from it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import holidays

from domain.complaint import events as e
from domain.sla import (
    ActivePolicy,
    Book,
    Calendar,
    Clock,
    Due,
    Facts,
    HolidaySet,
    Length,
    PinnedCalendar,
    Policy,
    Target,
    Timeline,
    WorkingTime,
    apply,
    clocks,
    fallen_due,
    falls_due,
    noted,
)
from domain.sla.documents import Unit
from domain.sla.presets import Preset

MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""09:00 in São Paulo."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 2010, 2030
OFFICE = Calendar(
    name="office",
    zone="America/Sao_Paulo",
    windows=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), (("09:00", "12:00"), ("13:00", "18:00"))),
)


def local(text: str, zone: str = "America/Sao_Paulo") -> datetime:
    """A local time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@cache
def _dates(country: str, subdivision: str | None) -> tuple[date, ...]:
    found = holidays.country_holidays(country, subdivision, years=range(FIRST_YEAR, LAST_YEAR + 1))
    return tuple(sorted(found))


def pinned(calendar: Calendar, version: int = 1) -> PinnedCalendar:
    rule = calendar.holidays
    if rule is None:
        return PinnedCalendar(calendar=calendar, version=version)
    dates = _dates(rule.country, rule.subdivision)
    known = HolidaySet(version="holidays", first_year=FIRST_YEAR, last_year=LAST_YEAR, dates=dates)
    return PinnedCalendar(calendar=calendar, version=version, holidays=known)


def length(amount: int, unit: Unit = "business_hours") -> Length:
    return Length(amount=amount, unit=unit)


def policy(*targets: Target, **fields: Any) -> Policy:
    given: dict[str, Any] = {"name": "desk", "layer": "internal", "order": 1, "calendar": "office"}
    return Policy(**given | fields, targets=targets)


def target(stops: Any = "resolved", **fields: Any) -> Target:
    return Target(**{"name": "owed", "length": length(8), "stops": stops} | fields)


def number(n: int) -> UUID:
    return UUID(int=n)


class Told:
    """A complaint whose events are told one after the other; `at` is when the next one occurs."""

    def __init__(
        self,
        *policies: Policy,
        calendars: Iterable[Calendar] = (OFFICE,),
        at: datetime = MONDAY,
        facts: Facts | None = None,
        cause: Any = "registered",
        **registered: Any,
    ) -> None:
        self.at = at
        self.timeline = Timeline()
        self.version = 0
        self.facts = facts or Facts()
        self._pinned = {calendar.name: pinned(calendar) for calendar in calendars}
        self._active: dict[str, ActivePolicy] = {}
        self._policies: dict[tuple[str, int], Policy] = {}
        self.tell(register(at, **registered))
        self.apply(*policies, cause=cause)

    @classmethod
    def under(cls, preset: Preset, at: datetime, **how: Any) -> Told:
        return cls(*preset.policies, calendars=preset.calendars, at=at, **how)

    @property
    def book(self) -> Book:
        times = {(name, each.version): WorkingTime(each) for name, each in self._pinned.items()}
        return Book(policies=self._policies, calendars=times)

    def apply(self, *policies: Policy, facts: Facts | None = None, cause: Any = "registered") -> Told:
        """Define or revise the policies, and apply all that match."""
        for each in policies:
            version = self._active[each.name].version + 1 if each.name in self._active else 1
            calendar = self._pinned[each.calendar]
            self._active[each.name] = ActivePolicy(policy=each, version=version, calendar=calendar)
            self._policies[each.name, version] = each
        self.facts = facts or self.facts
        applied = apply(self._active.values(), self.facts)
        return self.tell(e.SlaApplied(policies=applied.policies, facts=applied.facts, cause=cause))

    def tell(self, event: e.ComplaintEvent, at: datetime | None = None) -> Told:
        self.version += 1
        self.timeline = noted(self.timeline, event, at or self.at, self.version)
        return self

    def later(self, by: timedelta) -> Told:
        self.at += by
        return self

    def clocks(self, now: datetime | None = None) -> list[Clock]:
        return list(clocks(self.timeline, self.book, now or self.at))

    def clock(self, name: str | None = None, now: datetime | None = None) -> Clock:
        """The newest clock, of the target if one is named."""
        found = [clock for clock in self.clocks(now) if name in {None, clock.target}]
        return found[-1]

    def due(self, now: datetime | None = None) -> list[Due]:
        return list(falls_due(self.timeline, self.book, now or self.at))

    def watch(self) -> list[e.ClockEvent]:
        """Record what has fallen due, each at its moment; what proves wrong, now."""
        due = [each for each in self.due() if each.at <= self.at]
        found: list[e.ClockEvent] = []
        for at in sorted({self.at if each.what == "correction" else each.at for each in due}):
            for event in fallen_due(self.timeline, self.book, self.at, at):
                self.tell(event, at)
                found.append(event)
        return found


def register(at: datetime, **fields: Any) -> e.ComplaintRegistered:
    given: dict[str, Any] = {"protocol": "1", "subject": "s", "description": "d", "channel": "email"}
    given |= {"kind": "complaint", "anonymity": "identified", "received_at": at}
    return e.ComplaintRegistered(**given | fields)


def resolved(basis: Any = "final_position", **fields: Any) -> e.ComplaintResolved:
    return e.ComplaintResolved(outcome="upheld", basis=basis, **fields)


def proposed(n: int = 1, channel: str = "letter") -> e.ResolutionProposed:
    return e.ResolutionProposed(proposal_id=number(n), outcome="upheld", summary="s", channel=channel)


def sent(about: int, message: str = "m", audience: Any = "customer") -> e.NotificationSent:
    return e.NotificationSent(
        notification_id=message, about_version=about, channel="email", audience=audience
    )


def failed(about: int, message: str = "m") -> e.NotificationFailed:
    return e.NotificationFailed(
        notification_id=message, about_version=about, channel="email", audience="customer", reason="r"
    )


def called(outcome: Any = "reached", *, automatic: bool = False) -> e.CustomerContacted:
    return e.CustomerContacted(channel="phone", summary="s", outcome=outcome, automatic=automatic)


def asked(n: int = 1) -> e.InformationRequested:
    return e.InformationRequested(ask_id=number(n), question="q")


def replied(*answers: int) -> e.CustomerReplied:
    return e.CustomerReplied(channel="email", message="m", answers=tuple(map(number, answers)))


def case_opened(
    at: datetime, due_at: datetime | None = None, n: int = 1, **fields: Any
) -> e.ExternalCaseOpened:
    given: dict[str, Any] = {"body": "cfpb", "reference": str(n)}
    return e.ExternalCaseOpened(case_id=number(n), opened_at=at, due_at=due_at, **given | fields)


def case_answered(n: int = 1, body: Any = "cfpb") -> e.ExternalCaseAnswered:
    return e.ExternalCaseAnswered(case_id=number(n), body=body, reference=str(n))


HELD = e.HoldingResponseSent(reason="r", expected_by=MONDAY, channel="letter")
REOPENED = e.ComplaintReopened(reason="r")
