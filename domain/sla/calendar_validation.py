"""What is wrong with a calendar: every reason at once, each with its place in the document."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.fields import CLOCK_PATTERN, FIRST_YEAR, LAST_YEAR
from domain.messages import Problem
from domain.sla.documents import Calendar, HolidayRule, Window
from domain.sla.problems import list_problems, name_problems

DATES_LIMIT = 1_000
WINDOWS_LIMIT = 24

Known = Mapping[str, Collection[str]]
"""Countries whose holidays are known, each with its subdivisions."""


def calendar_problems(calendar: Calendar, known: Known) -> list[Problem]:
    """What is wrong."""
    return [
        *name_problems("$.name", calendar.name),
        *_zone_problems(calendar.zone),
        *(
            problem
            for day, windows in calendar.windows.items()
            for problem in _window_problems(f"$.windows.{day}", windows)
        ),
        *(_holiday_problems(calendar.holidays, known) if calendar.holidays else ()),
        *list_problems("$.extra_holidays", calendar.extra_holidays, DATES_LIMIT),
        *list_problems("$.exceptions", calendar.exceptions, DATES_LIMIT),
        *_date_problems(calendar),
        *(
            problem
            for day, windows in calendar.exceptions.items()
            for problem in _window_problems(f"$.exceptions.{day}", windows)
        ),
    ]


def _zone_problems(zone: str) -> Iterator[Problem]:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield Problem("$.zone", f"no time zone is called {zone}")


def _window_problems(path: str, windows: Sequence[Window]) -> Iterator[Problem]:
    yield from list_problems(path, windows, WINDOWS_LIMIT)
    sound = []
    for index, window in enumerate(windows):
        fault = _fault(window)
        if fault is None:
            sound.append((window, index))
        else:
            yield Problem(f"{path}[{index}]", fault)
    ordered = sorted(sound)
    for (earlier, _), (later, index) in pairwise(ordered):
        if later[0] < earlier[1]:
            yield Problem(f"{path}[{index}]", f"overlaps {earlier[0]}–{earlier[1]}")


def _fault(window: Window) -> str | None:
    opening, close = window
    if not re.match(CLOCK_PATTERN, opening) or not (close == "24:00" or re.match(CLOCK_PATTERN, close)):
        return "is not an opening and a closing time HH:MM; the day ends at 24:00"
    if opening == close:
        return "is empty"
    return "runs past midnight: end it at 24:00 and begin the next day at 00:00" if close < opening else None


def _holiday_problems(rule: HolidayRule, known: Known) -> Iterator[Problem]:
    if rule.country not in known:
        yield Problem("$.holidays.country", f"no holidays are known of {rule.country}")
    elif rule.subdivision is not None and rule.subdivision not in known[rule.country]:
        yield Problem("$.holidays.subdivision", f"{rule.country} has no part called {rule.subdivision}")


def _date_problems(calendar: Calendar) -> Iterator[Problem]:
    for index, day in enumerate(calendar.extra_holidays):
        yield from _year_problems(f"$.extra_holidays[{index}]", day)
    for day in calendar.exceptions:
        yield from _year_problems(f"$.exceptions.{day}", day)


def _year_problems(path: str, day: date) -> Iterator[Problem]:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        yield Problem(path, f"is not between {FIRST_YEAR} and {LAST_YEAR}")
