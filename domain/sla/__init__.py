"""Service levels: policies, calendars and clocks. Pure: time, holidays and events come in as data."""

from __future__ import annotations

from domain.sla.clock import Clock, Due, Interval
from domain.sla.documents import (
    Calendar,
    Escalation,
    Extension,
    HolidayRule,
    HolidaySet,
    Length,
    Match,
    PinnedCalendar,
    Policy,
    Target,
)
from domain.sla.pinning import Applied, Cause, Facts, PinnedPolicy

__all__ = [
    "Applied",
    "Calendar",
    "Cause",
    "Clock",
    "Due",
    "Escalation",
    "Extension",
    "Facts",
    "HolidayRule",
    "HolidaySet",
    "Interval",
    "Length",
    "Match",
    "PinnedCalendar",
    "PinnedPolicy",
    "Policy",
    "Target",
]
