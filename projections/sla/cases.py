"""What the view keeps of each complaint: the timeline of its clocks, and whose it was when."""

from __future__ import annotations

from datetime import datetime
from typing import cast
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.aggregate import Event
from domain.complaint import ComplaintEvent
from domain.complaint import events as e
from domain.sla import Timeline, noted
from infra.events import Recorded


class Dimensions(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """By what compliance is told apart, as it stood at a time."""

    kind: str = "complaint"
    channel: str | None = None
    tier: str | None = None
    category: str | None = None
    product: str | None = None
    sector: str | None = None
    """Where the cause was found, or else who was asked last."""
    team: str | None = None
    analyst: str | None = None


DIMENSIONS = Dimensions.__struct_fields__


class Since(Struct, frozen=True):
    """Dimensions from a moment on."""

    at: datetime
    dimensions: Dimensions


class Case(Struct, frozen=True, kw_only=True):
    """A complaint; the fields are the columns of `sla_cases_1`."""

    complaint_id: UUID
    protocol: str
    known_at: datetime
    """When the last event was recorded that changed anything here: as of then its clocks are reckoned."""
    timeline: Timeline
    history: tuple[Since, ...]
    origin_known: bool = False

    @property
    def now(self) -> Dimensions:
        """The dimensions as they stand."""
        return self.history[-1].dimensions

    def then(self, moment: datetime) -> Dimensions:
        """The dimensions as they stood at a moment; before the first, the first."""
        found = [since.dimensions for since in self.history if since.at <= moment]
        return found[-1] if found else self.history[0].dimensions


def fold(case: Case | None, recorded: Recorded[Event]) -> Case:
    """The complaint after an event; the same object where the event changes nothing here."""
    event = cast("ComplaintEvent", recorded.event)
    before = case or _first(recorded, cast("e.ComplaintRegistered", event))
    timeline = noted(before.timeline, event, recorded.occurred_at)
    dimensions = _changed(before.now, event, origin_known=before.origin_known)
    if case and timeline == before.timeline and dimensions == before.now:
        return case
    return replace(
        before,
        known_at=recorded.recorded_at,
        timeline=timeline,
        history=before.history
        if dimensions == before.now
        else (*before.history, Since(recorded.occurred_at, dimensions)),
        origin_known=before.origin_known or isinstance(event, e.OriginIdentified),
    )


def _first(recorded: Recorded[Event], event: e.ComplaintRegistered) -> Case:
    dimensions = Dimensions(
        kind=event.kind, channel=event.channel, category=event.category, product=event.product
    )
    return Case(
        complaint_id=recorded.stream_id,
        protocol=event.protocol,
        known_at=recorded.recorded_at,
        timeline=Timeline(),
        history=(Since(recorded.occurred_at, dimensions),),
    )


def _changed(now: Dimensions, event: ComplaintEvent, *, origin_known: bool) -> Dimensions:
    """What an event changes; all others change nothing by which compliance is told apart."""
    match event:
        case e.SlaApplied():
            return replace(now, tier=event.facts.tier)
        case e.ComplaintClassified():
            return replace(now, category=event.category or now.category, product=event.product or now.product)
        case e.KindChanged():
            return replace(now, kind=event.kind)
        case e.ComplaintAssigned():
            return replace(now, analyst=event.analyst, team=event.team)
        case e.ComplaintUnassigned():
            return replace(now, analyst=None, team=None)
        case e.SectorConsulted() if not origin_known:
            return replace(now, sector=event.sector)
        case e.OriginIdentified():
            return replace(now, sector=event.sector)
        case e.ComplaintCorrected():
            return _corrected(now, event)
        case _:
            return now


def _corrected(now: Dimensions, event: e.ComplaintCorrected) -> Dimensions:
    names = ("channel", "category", "product")
    changed = {name: None for name in event.removed if name in names}
    return replace(
        now, **changed, **{name: value for name in names if (value := getattr(event, name)) is not None}
    )
