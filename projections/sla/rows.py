"""Rows of clocks, one a target and cycle."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from domain.sla import Book, Clock, Interval, clocks
from domain.sla.clock import Declared
from domain.sla.documents import Layer, Obligation, Stop
from domain.staff import Provider
from projections.sla.cases import Case

OF_FACTS = ("kind", "channel", "tier", "category", "product")
OF_WORK = ("sector", "team", "analyst", "provider", "provider_name")
DIMENSIONS = (*OF_FACTS, *OF_WORK)
"""By what compliance is told apart beside policy, target and layer."""

Outcome = Literal["met", "breached", "lapsed", "cancelled", "undetermined"]


class ClockRow(Struct, frozen=True, kw_only=True):
    """A clock; the fields are the columns of `sla_clocks_4`."""

    id: str
    """`<complaint id>/<clock id>/<cycle>`."""
    complaint_id: UUID
    protocol: str
    clock_id: str
    cycle: int
    policy: str
    policy_version: int
    calendar: str
    calendar_version: int
    layer: Layer
    target: str
    stops: Stop
    obligation: Obligation
    case_id: UUID | None
    state: str
    outcome: Outcome | None
    """While it runs: what time makes of it if nothing else happens. None: it is paused."""
    started_at: datetime
    due_at: datetime | None
    stopped_at: datetime | None
    decided_at: datetime | None
    """While it runs: when it will be."""
    decided_on: date | None
    """The day of that, in the zone of its calendar."""
    used_seconds: float
    extended: int
    late: bool
    """Breached, and met since."""
    backdated: bool
    """Met in time by a fact that was recorded after the breach."""
    reason: str | None
    declared: Declared | None
    intervals: tuple[Interval, ...]
    kind: str
    channel: str | None
    tier: str | None
    category: str | None
    product: str | None
    sector: str | None
    team: str | None
    analyst: str | None
    provider: Provider | None
    provider_name: str | None

    @property
    def is_decided(self) -> bool:
        """Whether that was so at the last event of the complaint."""
        return self.state not in {"running", "paused"}


def clock_rows(case: Case, book: Book) -> list[ClockRow]:
    """The clocks of a complaint as its last event left them; what only time decides is decided by queries."""
    return [_row(case, book, clock) for clock in clocks(case.timeline, book, case.known_at)]


def _row(case: Case, book: Book, clock: Clock) -> ClockRow:
    outcome = _outcome(clock)
    decided_at = _decided_at(clock) if outcome else None
    dimensions = case.then(decided_at) if decided_at else case.now
    zone = book.calendars[clock.calendar, clock.calendar_version].zone
    return ClockRow(
        id=f"{case.complaint_id}/{clock.clock_id}/{clock.cycle}",
        complaint_id=case.complaint_id,
        protocol=case.protocol,
        clock_id=clock.clock_id,
        cycle=clock.cycle,
        policy=clock.policy,
        policy_version=clock.version,
        calendar=clock.calendar,
        calendar_version=clock.calendar_version,
        layer=clock.layer,
        target=clock.target,
        stops=clock.stops,
        obligation=clock.obligation,
        case_id=clock.case_id,
        state=clock.state,
        outcome=outcome,
        started_at=clock.started_at,
        due_at=clock.due_at,
        stopped_at=clock.stopped_at,
        decided_at=decided_at,
        decided_on=decided_at.astimezone(zone).date() if decided_at else None,
        used_seconds=clock.used.total_seconds(),
        extended=clock.extended,
        late=clock.state == "met_late",
        backdated=clock.met_on_backdated_fact,
        reason=clock.reason,
        declared=clock.declared,
        intervals=clock.intervals,
        **{name: getattr(dimensions.facts, name) for name in OF_FACTS},
        **{name: getattr(dimensions, name) for name in OF_WORK},
    )


def _outcome(clock: Clock) -> Outcome | None:
    match clock.state:
        case "paused":
            return None
        case "running":
            return clock.once_due
        case "met_late":
            return "breached"
        case decided:
            return decided


def _decided_at(clock: Clock) -> datetime:
    foreseen = clock.due_at if clock.state == "running" else None
    return clock.decided_at or foreseen or clock.started_at
