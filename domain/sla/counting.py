"""When a length of time is over: days counted by date, shorter times by what ran."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from domain.sla.documents import Length, RollEnd, Unit
from domain.sla.working_time import DAY, NOTHING, WorkingTime

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TIMED = {
    "business_minutes": MINUTE,
    "business_hours": HOUR,
    "calendar_minutes": MINUTE,
    "calendar_hours": HOUR,
}
DATES = {"calendar_days": 1, "calendar_weeks": 7}
BUSINESS = frozenset({"business_minutes", "business_hours", "business_days", "close_of_business_day"})
PATIENCE = 100_000
"""Dates looked at before a length is taken never to end."""


class Run(Struct, frozen=True, gc=False):
    """A stretch in which a clock ran, in a calendar; `until` None: it goes on."""

    since: datetime
    until: datetime | None
    time: WorkingTime


class Deadline(Struct, frozen=True, gc=False):
    at: datetime
    inclusive: bool
    """Whether what happens at that very moment is in time."""

    def missed_at(self, moment: datetime) -> bool:
        """Whether it is too late at the moment."""
        return moment > self.at if self.inclusive else moment >= self.at


def duration(length: Length) -> timedelta:
    """A timed length in its own measure."""
    return TIMED[length.unit] * length.amount


def measured(unit: Unit, run: Run, until: datetime) -> timedelta:
    """How much of a run counts, up to its end or an earlier moment."""
    end = until if run.until is None else min(run.until, until)
    if end <= run.since:
        return NOTHING
    return run.time.between(run.since, end) if unit in TIMED and unit in BUSINESS else end - run.since


def used(unit: Unit, runs: Sequence[Run], until: datetime) -> timedelta:
    """How much of all runs counts; of days, in full."""
    return sum((measured(unit, run, until) for run in runs), NOTHING)


def deadline(
    length: Length,
    start: datetime,
    runs: Sequence[Run],
    *,
    time: WorkingTime,
    roll_end: RollEnd,
    not_before: datetime,
) -> Deadline | None:
    """When the length is over, but not before a moment; None: never.

    `start` is day 0, and `time` counts the dates; the last run goes on.
    """
    if length.unit in TIMED:
        return timed(duration(length), length.unit in BUSINESS, runs, not_before)
    found = counted(length, start, runs, time, roll_end)
    return found and replace(found, at=max(found.at, not_before))


def timed(wanted: timedelta, business: bool, runs: Sequence[Run], not_before: datetime) -> Deadline | None:
    """When that much of the runs is over."""
    for run in runs:
        at = run.time.after(run.since, wanted) if business else run.since + wanted
        if at is None:
            return None
        if run.until is None or at <= run.until:
            return Deadline(max(at, not_before), inclusive=True)
        wanted -= run.time.between(run.since, run.until) if business else run.until - run.since
    return None


def counted(
    length: Length, start: datetime, runs: Sequence[Run], time: WorkingTime, roll_end: RollEnd
) -> Deadline | None:
    """The end of the last date counted. A date counts if the clock runs at its end."""
    day = _last_date(length, start, runs, time)
    if day is None:
        return None
    if length.unit == "close_of_business_day":
        return Deadline(time.closing(day), inclusive=True)
    if roll_end == "next_business_day" and not time.is_business_day(day):
        rolled = time.business_day(day, 1)
        if rolled is None:
            return None
        day = rolled
    return Deadline(time.midnight(day + DAY), inclusive=False)


def _last_date(length: Length, start: datetime, runs: Sequence[Run], time: WorkingTime) -> date | None:
    number, day = length.amount * DATES.get(length.unit, 1), time.date_of(start)
    if len(runs) > 1 or runs[0].since > start:
        return _last_running(length.unit, number, day, runs, time)
    return time.business_day(day, number) if length.unit in BUSINESS else day + DAY * number


def _last_running(unit: Unit, number: int, day: date, runs: Sequence[Run], time: WorkingTime) -> date | None:
    """The date that makes the number full."""
    for _ in range(PATIENCE):
        following = time.business_day(day, 1) if unit in BUSINESS else day + DAY
        if following is None:
            return None
        day = following
        end = time.closing(day) if unit == "close_of_business_day" else time.midnight(day + DAY)
        if any(run.since < end and (run.until is None or end <= run.until) for run in runs):
            number -= 1
            if number == 0:
                return day
    return None


def share_reached(share: float, runs: Sequence[Run], end: datetime) -> datetime:
    """When that share of the time that runs until the end is over."""
    whole = sum((min(run.until or end, end) - run.since for run in runs if run.since < end), NOTHING)
    wanted = whole * share
    for run in runs:
        length = min(run.until or end, end) - run.since
        if wanted <= length:
            return run.since + wanted
        wanted -= length
    return end
