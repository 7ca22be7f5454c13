"""What a clock is: derived from events, never stored as a counter."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from msgspec import Struct

from domain.sla.documents import Layer, Obligation, Stop

ClockState = Literal[
    "running", "paused", "met", "breached", "met_late", "lapsed", "cancelled", "undetermined"
]
OnceDue = Literal["breached", "lapsed", "undetermined"]
Declared = Literal["timely", "untimely"]
What = Literal["warning", "breach", "escalation", "correction"]
IntervalState = Literal["running", "paused", "resumed", "stopped"]


class Interval(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A stretch of a clock's life and why it began; `until` None: it lasts."""

    state: IntervalState
    since: datetime
    reason: str
    until: datetime | None = None


class Clock(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One target of one policy, in one cycle."""

    clock_id: str
    """`<policy>/<target>`, and `/<case_id>` for an outside case; the same in all cycles and versions.

    Where a version asks for something else by that name, `<policy>/<target>/v<version>` from then on.
    """
    policy: str
    version: int
    layer: Layer
    calendar: str
    calendar_version: int
    target: str
    stops: Stop
    obligation: Obligation
    cycle: int
    """1, 2, 3 …; each interval of `next_update` is a cycle."""
    state: ClockState
    started_at: datetime
    intervals: tuple[Interval, ...]
    case_id: UUID | None = None
    due_at: datetime | None = None
    """While paused: if it resumed now. After the end: as it would have been. None: nobody knows."""
    once_due: OnceDue = "breached"
    """What becomes of it when that has passed, if nothing else happens."""
    due_inclusive: bool = False
    """Whether what happens at `due_at` itself is in time."""
    stopped_at: datetime | None = None
    """When what was owed was done."""
    decided_at: datetime | None = None
    """Met: the stop. Breached, met late and lapsed: `due_at`. Cancelled: when that happened."""
    used: timedelta = timedelta()
    """Time counted up to now or the end, in the measure of the length; days run in full."""
    extended: int = 0
    """How many times the length was extended."""
    reason: str | None = None
    """Why it was cancelled or is undetermined."""
    declared: Declared | None = None
    """What the source says of it, where nobody can tell when it was done."""
    met_on_backdated_fact: bool = False
    """Met in time by a fact that was recorded after the breach."""


class Due(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the watchdog is to record about a clock, and when."""

    at: datetime
    what: What
    clock_id: str
    cycle: int
    due_at: datetime | None = None
    share: float | None = None
    level: int | None = None
    tell: tuple[str, ...] = ()
