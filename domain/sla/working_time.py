"""When a house is open: counting in a calendar, with its zone, windows, holidays and exceptions.

Windows are local. A time that the clocks skip is the moment at which they do; of one that comes twice, the
first is meant. All instants are in UTC.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.fields import FIRST_YEAR, LAST_YEAR
from domain.sla.documents import PinnedCalendar, Weekday, Window

NOTHING, DAY, SECOND = timedelta(), timedelta(days=1), timedelta(seconds=1)
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Year(NamedTuple):
    """A local year, laid out to be searched."""

    number: int
    starts: datetime
    ends: datetime
    opens: list[datetime]
    closes: list[datetime]
    before: list[timedelta]
    """Business time of the year before each window, and before its end."""
    days: list[date]
    """Business days."""

    @property
    def total(self) -> timedelta:
        """Business time of the whole year."""
        return self.before[-1]

    def until(self, moment: datetime) -> timedelta:
        """Business time of the year before the moment."""
        window = bisect_right(self.opens, moment) - 1
        if window < 0:
            return NOTHING
        return self.before[window] + min(moment, self.closes[window]) - self.opens[window]

    def reaching(self, used: timedelta) -> datetime:
        """The earliest moment before which so much business time of the year, more than none, lies."""
        window = bisect_left(self.before, used) - 1
        return self.opens[window] + (used - self.before[window])


class WorkingTime:
    """A calendar made ready for counting; keeps the years that it has laid out."""

    def __init__(self, pinned: PinnedCalendar) -> None:
        calendar = pinned.calendar
        self.zone = ZoneInfo(calendar.zone)
        self._week = tuple(_in_order(calendar.windows.get(day, ())) for day in WEEKDAYS)
        self._closed = {*calendar.extra_holidays, *(pinned.holidays.dates if pinned.holidays else ())}
        self._exceptions = {day: _in_order(windows) for day, windows in calendar.exceptions.items()}
        self._years: dict[int, Year] = {}

    def windows(self, day: date) -> tuple[Window, ...]:
        """The windows of a date, local, in the order in which they open."""
        if day in self._exceptions:
            return self._exceptions[day]
        return () if day in self._closed else self._week[day.weekday()]

    def date_of(self, moment: datetime) -> date:
        """The local date."""
        return moment.astimezone(self.zone).date()

    def midnight(self, day: date) -> datetime:
        """When the date begins."""
        return self._instant(day, time())

    def is_business_day(self, day: date) -> bool:
        """Whether the date has a window."""
        return bool(self.windows(day))

    def closing(self, day: date) -> datetime:
        """The end of the last window of a business day."""
        return self._clock(day, self.windows(day)[-1][1])

    def between(self, since: datetime, until: datetime) -> timedelta:
        """Business time from one moment to a later one."""
        first, last = self._year_of(since), self._year_of(until)
        if first is last:
            return first.until(until) - first.until(since)
        whole = sum((year.total for year in self._between(first, last)), NOTHING)
        return first.total - first.until(since) + whole + last.until(until)

    def after(self, moment: datetime, length: timedelta) -> datetime | None:
        """The earliest moment with so much business time since then; None: not before the year 2200."""
        if length <= NOTHING:
            return moment
        year = self._year_of(moment)
        used = year.until(moment) + length
        for later in self._from(year):
            if used <= later.total:
                return later.reaching(used)
            used -= later.total
        return None

    def ahead(self, moment: datetime, length: timedelta) -> datetime | None:
        """The latest moment with so much business time from then on; None: not after the year 1899."""
        year = self._year_of(moment)
        left = year.until(moment) - length
        while left < NOTHING:
            if year.number < FIRST_YEAR:
                return None
            year = self._year(year.number - 1)
            left += year.total
        window = bisect_right(year.before, left) - 1
        return year.opens[window] + (left - year.before[window]) if window < len(year.opens) else year.ends

    def shifted(self, moment: datetime, days: int) -> datetime:
        """The same local time so many dates later, or earlier."""
        local = moment.astimezone(self.zone)
        return self._instant(local.date() + DAY * days, local.time())

    def next_opening(self, moment: datetime) -> datetime | None:
        """The moment itself within a window, else the next opening; None: not before the year 2200."""
        for year in self._from(self._year_of(moment)):
            window = bisect_right(year.opens, moment) - 1
            if window >= 0 and moment < year.closes[window]:
                return moment
            if window + 1 < len(year.opens):
                return year.opens[window + 1]
        return None

    def business_day(self, day: date, number: int) -> date | None:
        """The business day of this number after a date, 1 being the next; None: not before the year 2200."""
        for year in self._from(self._year(day.year)):
            known = bisect_right(year.days, day)
            if known + number <= len(year.days):
                return year.days[known + number - 1]
            number -= len(year.days) - known
        return None

    def _year_of(self, moment: datetime) -> Year:
        year = self._year(moment.year)
        if moment < year.starts:
            return self._year(moment.year - 1)
        return year if moment < year.ends else self._year(moment.year + 1)

    def _year(self, number: int) -> Year:
        known = self._years.get(number)
        if known is None:
            known = self._years[number] = self._laid_out(number)
        return known

    def _from(self, first: Year) -> Iterator[Year]:
        yield first
        for number in range(first.number + 1, LAST_YEAR + 1):
            yield self._year(number)

    def _between(self, first: Year, last: Year) -> Iterator[Year]:
        for year in self._from(first):
            if year is last:
                return
            if year is not first:
                yield year

    def _laid_out(self, number: int) -> Year:
        first, end = date(number, 1, 1), date(number + 1, 1, 1)
        every = [first + DAY * n for n in range((end - first).days)]
        days = [day for day in every if self.is_business_day(day)]
        spans = [span for day in days for span in self._spans(day)]
        before = [NOTHING]
        for opening, close in spans:
            before.append(before[-1] + (close - opening))
        opens, closes = [span[0] for span in spans], [span[1] for span in spans]
        return Year(number, self.midnight(first), self.midnight(end), opens, closes, before, days)

    def _spans(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        for opening, close in self.windows(day):
            span = self._clock(day, opening), self._clock(day, close)
            if span[0] < span[1]:  # a window that the clocks skip is none
                yield span

    def _clock(self, day: date, clock: str) -> datetime:
        if clock == "24:00":
            return self.midnight(day + DAY)
        return self._instant(day, time(int(clock[:2]), int(clock[3:])))

    def _instant(self, day: date, clock: time) -> datetime:
        local = datetime.combine(day, clock, self.zone)
        later = local.replace(fold=1)
        early, late = local.utcoffset() or NOTHING, later.utcoffset() or NOTHING
        if early >= late:
            return local.astimezone(UTC)
        return self._jump(later.astimezone(UTC), local.astimezone(UTC), late)

    def _jump(self, before: datetime, after: datetime, offset: timedelta) -> datetime:
        """The first moment with the offset, between one without it and one with it."""
        while after - before > SECOND:
            middle = before + SECOND * ((after - before) // SECOND // 2)
            if middle.astimezone(self.zone).utcoffset() == offset:
                after = middle
            else:
                before = middle
        return after


def _in_order(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """A document may name the afternoon first."""
    return tuple(sorted(windows))
