"""Business time, against a minute by minute walk on the wall clock; in every zone whose clocks change."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.sla import Calendar, HolidayRule, HolidaySet, PinnedCalendar, WorkingTime
from domain.sla.documents import Weekday, Window
from tests.domain.sla.telling import DAY, HOUR, local, pinned

MINUTE = timedelta(minutes=1)
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = ("America/Sao_Paulo", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
ALWAYS: dict[Weekday, tuple[Window, ...]] = dict.fromkeys(WEEKDAYS, (("00:00", "24:00"),))
YEAR = 2026


def is_open(calendar: Calendar, holidays: frozenset[date], moment: datetime) -> bool:
    """Whether the wall clock shows a time within a window."""
    wall = moment.astimezone(ZoneInfo(calendar.zone))
    day, shown = wall.date(), f"{wall:%H:%M}"
    windows = calendar.exceptions.get(day)
    if windows is None:
        closed = day in holidays or day in calendar.extra_holidays
        windows = () if closed else calendar.windows.get(WEEKDAYS[day.weekday()], ())
    return any(opening <= shown < close for opening, close in windows)


def open_time(
    calendar: Calendar, holidays: frozenset[date], since: datetime, until: datetime, step: timedelta = MINUTE
) -> timedelta:
    """The steps of which the beginning is open; right where windows and clocks change between steps."""
    steps = range((until - since) // step)
    return step * sum(is_open(calendar, holidays, since + number * step) for number in steps)


@st.composite
def day_windows(draw: st.DrawFn) -> tuple[Window, ...]:
    """Up to three windows of a day, in any order, that touch neither each other nor a change of clocks."""
    quarters = sorted(draw(st.sets(st.integers(5 * 4, 96), max_size=6)))
    ends = [f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in quarters]
    return tuple(draw(st.permutations(list(zip(ends[::2], ends[1::2], strict=False)))))


DATES = st.dates(date(YEAR, 1, 1), date(YEAR, 12, 31))


@st.composite
def calendars(draw: st.DrawFn) -> tuple[Calendar, frozenset[date]]:
    windows = {day: draw(day_windows()) for day in WEEKDAYS}
    windows["wed"] = windows["wed"] or (("09:00", "12:00"),)
    calendar = Calendar(
        name="any",
        zone=draw(st.sampled_from(ZONES)),
        windows=windows,
        holidays=HolidayRule(country="BR"),
        extra_holidays=tuple(draw(st.sets(DATES, max_size=5))),
        exceptions=draw(st.dictionaries(DATES, day_windows(), max_size=5)),
    )
    return calendar, frozenset(draw(st.sets(DATES, max_size=20)))


def working(calendar: Calendar, holidays: frozenset[date]) -> WorkingTime:
    known = HolidaySet(version="any", first_year=YEAR, last_year=YEAR, dates=tuple(sorted(holidays)))
    return WorkingTime(PinnedCalendar(calendar=calendar, version=1, holidays=known))


MOMENTS = st.integers(0, 350 * 24 * 60).map(lambda minute: datetime(YEAR, 1, 2, tzinfo=UTC) + minute * MINUTE)


def test_windows_may_be_named_in_any_order() -> None:
    late_first: tuple[Window, ...] = (("13:00", "18:00"), ("09:00", "12:00"))
    wednesday = date(2026, 12, 2)
    calendar = Calendar(
        name="any",
        zone="UTC",
        windows=dict.fromkeys(WEEKDAYS, late_first),
        exceptions={wednesday: late_first},
    )
    time = WorkingTime(pinned(calendar))
    for day in (1, 2):
        morning = datetime(2026, 12, day, 9, tzinfo=UTC)
        assert time.after(morning, 8 * HOUR) == morning + 9 * HOUR
        assert time.between(morning, morning + DAY) == 8 * HOUR
        assert time.closing(morning.date()) == morning + 9 * HOUR


@settings(max_examples=40, deadline=None)
@given(calendars(), MOMENTS, st.integers(0, 8 * 24 * 60))
def test_business_time_between_two_moments(
    drawn: tuple[Calendar, frozenset[date]], since: datetime, minutes: int
) -> None:
    until = since + minutes * MINUTE
    assert working(*drawn).between(since, until) == open_time(*drawn, since, until)


@settings(max_examples=100, deadline=None)
@given(calendars(), MOMENTS, st.integers(1, 100 * 60))
def test_time_added_is_the_earliest_moment_with_so_much_between(
    drawn: tuple[Calendar, frozenset[date]], since: datetime, minutes: int
) -> None:
    time, length = working(*drawn), minutes * MINUTE
    at = time.after(since, length)
    assert at is not None
    assert time.between(since, at) == length
    assert time.between(since, at - MINUTE) < length
    assert is_open(*drawn, at - MINUTE)
    back = time.ahead(at, length)
    assert back is not None
    assert back >= since
    assert time.between(back, at) == length
    assert back == at - length or not time.between(back, back + MINUTE) < MINUTE


@settings(max_examples=100, deadline=None)
@given(calendars(), MOMENTS)
def test_the_next_opening_is_the_first_open_minute(
    drawn: tuple[Calendar, frozenset[date]], since: datetime
) -> None:
    opening = working(*drawn).next_opening(since)
    assert opening is not None
    assert is_open(*drawn, opening)
    assert not open_time(*drawn, max(since, opening - 3 * DAY), opening)


@settings(max_examples=100, deadline=None)
@given(calendars(), DATES, st.integers(1, 40))
def test_business_days_have_a_window_and_are_no_holidays(
    drawn: tuple[Calendar, frozenset[date]], day: date, number: int
) -> None:
    time = working(*drawn)
    found, counted = day, 0
    while counted < number:
        found += DAY
        counted += time.is_business_day(found)
    assert time.business_day(day, number) == found


def offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def changes(zone: ZoneInfo, year: int) -> Iterator[datetime]:
    """The first quarters of an hour with another offset from UTC; no zone changes twice in a week."""
    weeks = [datetime(year, 1, 2, tzinfo=UTC) + n * 7 * DAY for n in range(53)]
    offsets = [offset(zone, week) for week in weeks]
    for week, before, after in zip(weeks, offsets, offsets[1:], strict=False):
        if before != after:
            quarters = [week + n * 15 * MINUTE for n in range(7 * 96 + 1)]
            yield quarters[bisect_left(quarters, True, key=lambda quarter: offset(zone, quarter) != before)]


def clocks_that_change(year: int) -> dict[tuple[object, ...], ZoneInfo]:
    """A zone for every way in which clocks change; many names share one."""
    found = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        seen = tuple((change, offset(zone, change)) for change in changes(zone, year))
        found[offset(zone, datetime(year, 1, 1, tzinfo=UTC)), *seen] = zone
    return {seen: zone for seen, zone in found.items() if len(seen) > 1}


@pytest.mark.parametrize(("year", "least"), [(2011, 40), (2018, 30), (2026, 25)])
def test_every_zone_whose_clocks_change(year: int, least: int) -> None:
    """São Paulo changed at midnight in 2018, Samoa lost a day in 2011."""
    found = clocks_that_change(year)
    assert len(found) >= least
    for zone in found.values():
        for change in changes(zone, year):
            walk_over(zone, change)


def walk_over(zone: ZoneInfo, change: datetime) -> None:
    """Nothing is lost or counted twice, and office hours are what the wall clock says, step by step."""
    since, until = change - 30 * HOUR, change + 30 * HOUR
    always = WorkingTime(pinned(Calendar(name="c", zone=zone.key, windows=ALWAYS)))
    assert always.between(since, until) == until - since, zone
    assert always.after(since, 40 * HOUR) == since + 40 * HOUR, zone
    for day in (always.date_of(change) + n * DAY for n in (-1, 0, 1, 2)):
        midnight = always.midnight(day)
        assert always.date_of(midnight - MINUTE) < day <= always.date_of(midnight), zone
    for windows in (BY_DAY, BUT_FOR_LUNCH):
        calendar = Calendar(name="c", zone=zone.key, windows=dict.fromkeys(WEEKDAYS, windows))
        counted = open_time(calendar, frozenset(), since, until, step=5 * MINUTE)
        assert WorkingTime(pinned(calendar)).between(since, until) == counted, zone


BY_DAY: tuple[Window, ...] = (("05:00", "20:50"),)
BUT_FOR_LUNCH: tuple[Window, ...] = (("00:00", "12:10"), ("13:20", "24:00"))


NEW_YORK = Calendar(
    name="c", zone="America/New_York", windows={"sun": (("01:30", "02:30"), ("02:45", "03:30"))}
)


def test_a_window_into_the_hour_that_is_skipped_ends_where_the_clocks_jump() -> None:
    time = WorkingTime(pinned(NEW_YORK))
    jump = datetime(2026, 3, 8, 7, tzinfo=UTC)
    assert time.between(jump - HOUR, jump) == HOUR / 2
    assert time.between(jump, jump + HOUR) == HOUR / 2
    assert time.next_opening(jump) == jump
    assert time.between(jump - DAY, jump + DAY) == HOUR


def test_a_window_wholly_in_the_hour_that_is_skipped_is_none() -> None:
    skipped = Calendar(name="c", zone="America/New_York", windows={"sun": (("02:10", "02:50"),)})
    assert WorkingTime(pinned(skipped)).between(local("2026-03-08"), local("2026-03-09")) == timedelta()


def test_of_an_hour_that_comes_twice_a_window_opens_and_closes_the_first_time() -> None:
    time = WorkingTime(pinned(NEW_YORK))
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert time.next_opening(first - HOUR) == first
    assert time.between(first, first + DAY) == 2 * HOUR + 45 * MINUTE
    closing = Calendar(name="c", zone="America/New_York", windows={"sun": (("00:30", "01:30"),)})
    assert WorkingTime(pinned(closing)).between(first - DAY, first + DAY) == HOUR


def test_a_day_that_begins_at_one() -> None:
    """Clocks in São Paulo went from 24:00 to 01:00 on 4 November 2018."""
    time = WorkingTime(pinned(Calendar(name="c", zone="America/Sao_Paulo", windows=ALWAYS)))
    assert time.midnight(date(2018, 11, 4)) == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert time.between(time.midnight(date(2018, 11, 4)), time.midnight(date(2018, 11, 5))) == 23 * HOUR


def test_a_day_that_never_was() -> None:
    """Samoa had no 30 December 2011."""
    time = WorkingTime(pinned(Calendar(name="c", zone="Pacific/Apia", windows=ALWAYS)))
    assert time.midnight(date(2011, 12, 30)) == time.midnight(date(2011, 12, 31))


def test_an_exception_opens_a_holiday_and_closes_a_workday() -> None:
    calendar = Calendar(
        name="c",
        zone="America/Sao_Paulo",
        windows=dict.fromkeys(WEEKDAYS, (("09:00", "18:00"),)),
        holidays=HolidayRule(country="BR"),
        extra_holidays=(date(2026, 12, 24),),
        exceptions={date(2026, 12, 25): (("10:00", "12:00"),), date(2026, 12, 28): ()},
    )
    time = WorkingTime(pinned(calendar))
    open_days = [day for day in range(23, 32) if time.is_business_day(date(2026, 12, day))]
    assert open_days == [23, 25, 26, 27, 29, 30, 31]
    assert time.closing(date(2026, 12, 25)) == local("2026-12-25T12:00")


def test_a_calendar_that_never_opens_has_no_business_time() -> None:
    time = WorkingTime(pinned(Calendar(name="c", zone="UTC", windows={})))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert time.between(now, now + 900 * DAY) == timedelta()
    assert time.after(now, MINUTE) is None
    assert time.ahead(now, MINUTE) is None
    assert time.next_opening(now) is None
    assert time.business_day(now.date(), 1) is None
