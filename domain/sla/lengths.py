"""Which of two lengths is over first, where that holds whatever the calendar and the moment they begin."""

from __future__ import annotations

from datetime import timedelta

from domain.sla.counting import BUSINESS, DATES, TIMED, duration
from domain.sla.documents import Length
from domain.sla.working_time import DAY

CHANGE = timedelta(hours=3)
"""More than clocks are ever put forward or back at a time."""


def never_longer(one: Length, other: Length, *, rolls: bool = False) -> bool:
    """Whether the one is over by the time the other is. `rolls`: calendar days end on business days only."""
    if one.unit in TIMED and other.unit in TIMED:
        return _is_bounded(one, other) and duration(one) <= duration(other)
    if one.unit not in TIMED and other.unit not in TIMED:
        return _is_bounded(one, other) and _dates(one) <= _dates_before(one, other, rolls=rolls)
    if one.unit in BUSINESS or (one.unit in DATES and rolls):
        return False
    return _longest(one) <= _shortest(other)


def is_shorter(one: Length, other: Length, *, rolls: bool = False) -> bool:
    """Whether the one is over by then, and the other is not over as soon."""
    return never_longer(one, other, rolls=rolls) and not never_longer(other, one, rolls=rolls)


def _is_bounded(one: Length, other: Length) -> bool:
    """Business time may take any time, and so is never known to be over before calendar time is."""
    return one.unit not in BUSINESS or other.unit in BUSINESS


def _dates(length: Length) -> int:
    return length.amount * DATES.get(length.unit, 1)


def _dates_before(one: Length, other: Length, *, rolls: bool) -> int:
    """How many dates the one may have: not the last of the other, where that is over before midnight."""
    early = other.unit == "close_of_business_day" and one.unit != "close_of_business_day"
    return -1 if early and rolls and one.unit in DATES else _dates(other) - early


def _longest(length: Length) -> timedelta:
    return duration(length) if length.unit in TIMED else (_dates(length) + 1) * DAY + CHANGE


def _shortest(length: Length) -> timedelta:
    if length.unit in TIMED:
        return duration(length)
    return (_dates(length) - (length.unit == "close_of_business_day")) * DAY - CHANGE
