"""Holidays as dates, from the `holidays` library: what a calendar's version holds for ever."""

from collections.abc import Mapping, Sequence
from datetime import date
from importlib import metadata

import holidays

from domain.sla import HolidayRule, HolidaySet

VERSION = f"holidays {metadata.version('holidays')}"
FIRST_YEAR = 2000
YEARS_AHEAD = 10
CODE_LENGTH = 2
"""Countries are named as in ISO 3166-1 alpha-2; the library has other names of other lengths."""


def subdivisions(country: str) -> Mapping[str, Sequence[str]]:
    """A country, if the library knows it, with its subdivisions by all their names."""
    known = _of(HolidayRule(country=country), range(0))
    if known is None:
        return {}
    return {country: (*known.subdivisions, *known.subdivisions_aliases)}


def holiday_set(rule: HolidayRule | None, today: date) -> HolidaySet | None:
    """The holidays of a rule up to ten years ahead; None where there is no rule, or nobody knows it."""
    years = range(FIRST_YEAR, today.year + YEARS_AHEAD + 1)
    found = None if rule is None else _of(rule, years)
    if found is None:
        return None
    return HolidaySet(
        version=VERSION,
        first_year=years.start,
        last_year=years.stop - 1,
        dates=tuple(day for day in sorted(found) if day.year in years),
    )


def _of(rule: HolidayRule, years: range) -> holidays.HolidayBase | None:
    if len(rule.country) != CODE_LENGTH:
        return None
    try:
        return holidays.country_holidays(rule.country, subdiv=rule.subdivision, years=years)
    except NotImplementedError:
        return None
