"""Service levels: policies, calendars and clocks. Pure: time, holidays and events come in as data."""

from __future__ import annotations

from domain.sla.book import Book
from domain.sla.calendar_validation import calendar_problems
from domain.sla.clock import Clock, Due, Interval
from domain.sla.clocks import clocks, falls_due
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
from domain.sla.matching import ActivePolicy, apply, matches
from domain.sla.noting import noted
from domain.sla.pinning import Applied, Cause, Facts, PinnedPolicy
from domain.sla.presets import PRESETS, Preset
from domain.sla.recording import fallen_due
from domain.sla.timeline import Timeline
from domain.sla.validation import policy_problems
from domain.sla.working_time import WorkingTime

__all__ = [
    "PRESETS",
    "ActivePolicy",
    "Applied",
    "Book",
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
    "Preset",
    "Target",
    "Timeline",
    "WorkingTime",
    "apply",
    "calendar_problems",
    "clocks",
    "fallen_due",
    "falls_due",
    "matches",
    "noted",
    "policy_problems",
]
