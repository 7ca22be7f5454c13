"""Holidays as dates, from the `holidays` library: what a calendar's version holds for ever."""

from datetime import date

import holidays

from domain.sla import HolidayRule, HolidaySet

FIRST_YEAR = 2000
YEARS_AHEAD = 10
CODE_LENGTH = 2
"""Countries are named as in ISO 3166-1 alpha-2; the library has other names of other lengths."""


def holiday_set(rule: HolidayRule | None, today: date) -> HolidaySet | None:
    """The holidays of a rule up to ten years ahead; None where there is no rule, or nobody knows it."""
    if rule is None or len(rule.country) != CODE_LENGTH:
        return None
    years = range(FIRST_YEAR, today.year + YEARS_AHEAD + 1)
    try:
        found = holidays.country_holidays(rule.country, subdiv=rule.subdivision, years=years)
    except NotImplementedError:
        return None
    return HolidaySet(
        version=f"holidays {holidays.__version__}",
        first_year=years.start,
        last_year=years.stop - 1,
        dates=tuple(day for day in sorted(found) if day.year in years),
    )
