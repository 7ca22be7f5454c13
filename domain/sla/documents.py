"""Policies and calendars as people write them: JSON documents. `validation` says what is wrong with one.

Like events, they carry no constraints, so that what was once stored always loads.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from msgspec import Struct

from domain.complaint.lifecycle import State
from domain.complaint.values import ExternalBody, JourneyStage, Kind, Severity

Layer = Literal["legal", "contract", "internal"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Stop = Literal[
    "acknowledged",
    "first_response",
    "next_update",
    "holding_response",
    "final_response",
    "accepted",
    "external_answered",
    "resolved",
    "history_delivered",
]
Unit = Literal[
    "business_minutes",
    "business_hours",
    "business_days",
    "calendar_minutes",
    "calendar_hours",
    "calendar_days",
    "calendar_weeks",
    "close_of_business_day",
]
Obligation = Literal["duty", "window"]
OnReopening = Literal["resume", "new_cycle"]
RollStart = Literal["none", "next_opening"]
RollEnd = Literal["none", "next_business_day"]

Window = tuple[str, str]
"""Opening and closing, local, HH:MM; the closing may be 24:00."""

RECEIVED = "received_at"
CASE_OPENED = "external_case_opened"
"""What a target counts from, where it is not the tag of an event."""


class Match(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a complaint must be: each field given holds one of its values. Empty: every complaint.

    A legal policy that does not say which kind is meant is about complaints.
    """

    kind: Kind | tuple[Kind, ...] | None = None
    tier: str | tuple[str, ...] | None = None
    severity: Severity | tuple[Severity, ...] | None = None
    channel: str | tuple[str, ...] | None = None
    external_body: ExternalBody | tuple[ExternalBody, ...] | None = None
    """One of the bodies that opened a case about it."""
    category: str | tuple[str, ...] | None = None
    product: str | tuple[str, ...] | None = None
    journey_stage: JourneyStage | tuple[JourneyStage, ...] | None = None
    forwarded_from: str | tuple[str, ...] | None = None
    tags: str | tuple[str, ...] | None = None
    """One of the tags that it has."""


class Length(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    amount: int
    unit: Unit


class Extension(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Another length, once an event `by` this tag occurred in time; each further one adds the same again."""

    by: str
    to: Length
    before: Length | None = None
    """Counted from the start; None: before it is due."""
    at_most: int = 1


class Escalation(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Who is told how long before or after the due time."""

    level: int
    when: Literal["before", "after"]
    offset: Length
    tell: tuple[str, ...]


class Target(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is owed, by when. Each target is a clock of its own."""

    name: str
    stops: Stop
    length: Length | None
    """None: the outside body states when it is due."""
    counts_from: str = RECEIVED
    """`received_at`, `external_case_opened`, or the tag of an event."""
    pauses_in: tuple[State, ...] = ()
    warn_at: tuple[float, ...] = ()
    """Shares of the time used."""
    requires_dispatch: bool = False
    """Stops when the message left, not when it was decided."""
    obligation: Obligation = "duty"
    extension: Extension | None = None
    on_reopening: OnReopening | None = None
    """None: a new cycle for legal targets, else resume."""
    roll_start: RollStart = "none"
    roll_end: RollEnd = "none"
    escalations: tuple[Escalation, ...] = ()
    source: str | None = None
    """The clause that the target rests on, where the policy's source does not name it."""


class Policy(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    name: str
    layer: Layer
    order: int
    calendar: str
    targets: tuple[Target, ...]
    match: Match = Match()
    source: str | None = None


class HolidayRule(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    country: str
    subdivision: str | None = None


class Calendar(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    name: str
    zone: str
    windows: dict[Weekday, tuple[Window, ...]]
    holidays: HolidayRule | None = None
    extra_holidays: tuple[date, ...] = ()
    exceptions: dict[date, tuple[Window, ...]] = {}
    """The windows of a date, whatever its weekday and whether or not it is a holiday."""


class HolidaySet(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The holidays of a rule as dates, for the years `first_year` to `last_year`; other years have none."""

    version: str
    """Where the dates are from, such as `holidays 0.80`."""
    first_year: int
    last_year: int
    dates: tuple[date, ...]


class PinnedCalendar(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that counting needs to know, for ever."""

    calendar: Calendar
    version: int
    holidays: HolidaySet | None = None
