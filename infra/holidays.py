"""Holidays as dates, from the `holidays` library: what a calendar's version holds for ever."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache

import holidays

from domain.sla import HolidayRule, HolidaySet

FIRST_YEAR = 2000
YEARS_AHEAD = 10


@cache
def rules() -> Mapping[str, Sequence[str]]:
    """The countries that the library knows, each with its subdivisions."""
    return holidays.list_supported_countries()


def holiday_set(rule: HolidayRule | None, today: date) -> HolidaySet | None:
    """The holidays of a rule up to ten years ahead; None where there is no rule, or nobody knows it."""
    if rule is None or not _known(rule):
        return None
    last_year = today.year + YEARS_AHEAD
    found = holidays.country_holidays(
        rule.country, subdiv=rule.subdivision, years=range(FIRST_YEAR, last_year + 1)
    )
    return HolidaySet(
        version=f"holidays {holidays.__version__}",
        first_year=FIRST_YEAR,
        last_year=last_year,
        dates=tuple(day for day in sorted(found) if FIRST_YEAR <= day.year <= last_year),
    )


def _known(rule: HolidayRule) -> bool:
    return rule.country in rules() and rule.subdivision in (None, *rules()[rule.country])
