"""What the view keeps of each complaint: the timeline of its clocks, and whose it was when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_never, cast
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.complaint import ComplaintEvent
from domain.complaint import events as e
from domain.complaint.values import ExternalBody
from domain.messages import Event
from domain.sla import Facts, Timeline, noted
from domain.staff import Provider
from infra.events import Recorded


class Dimensions(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What policies match, and by what else compliance is told apart, as it stood at a time."""

    facts: Facts
    sector: str | None = None
    """Where the cause was found, or else who was asked last."""
    team: str | None = None
    analyst: str | None = None
    customer_id: UUID | None = None
    provider: Provider | None = None
    """Whose team it was when it was assigned."""
    provider_name: str | None = None


CLASSIFIED = ("severity", "category", "product", "journey_stage", "tags")
CORRECTED = ("severity", "channel", "category", "product", "journey_stage", "forwarded_from", "tags")


CHANGING = (
    e.ComplaintAssigned,
    e.ComplaintUnassigned,
    e.SectorConsulted,
    e.OriginIdentified,
    e.SlaApplied,
    e.CustomerRelinked,
    e.KindChanged,
    e.ComplaintClassified,
    e.ComplaintCorrected,
    e.ExternalCaseOpened,
)
"""The events that `changed` makes something of: all the others are passed by quickly."""


class Since(Struct, frozen=True):
    """Dimensions from a moment on."""

    at: datetime
    dimensions: Dimensions


class Case(Struct, frozen=True, kw_only=True):
    """A complaint; the fields are the columns of `sla_cases_4`."""

    complaint_id: UUID
    protocol: str
    known_at: datetime
    """When the last event was recorded that changed anything here: as of then its clocks are reckoned."""
    timeline: Timeline
    history: tuple[Since, ...]
    origin_known: bool = False
    imported: bool = False

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
    timeline = noted(before.timeline, event, recorded.occurred_at, recorded.version)
    now = before.now
    dimensions = changed(now, event, origin_known=before.origin_known) if isinstance(event, CHANGING) else now
    if case and timeline == before.timeline and dimensions == now:
        return case
    return replace(
        before,
        known_at=recorded.recorded_at,
        timeline=timeline,
        history=before.history
        if dimensions == now
        else (*before.history, Since(recorded.occurred_at, dimensions)),
        origin_known=before.origin_known or isinstance(event, e.OriginIdentified),
    )


def _first(recorded: Recorded[Event], event: e.ComplaintRegistered) -> Case:
    facts = Facts(
        kind=event.kind,
        severity=event.severity,
        channel=event.channel,
        category=event.category,
        product=event.product,
        journey_stage=event.journey_stage,
        forwarded_from=event.forwarded_from,
        tags=event.tags,
    )
    return Case(
        complaint_id=recorded.stream_id,
        protocol=event.protocol,
        known_at=recorded.recorded_at,
        timeline=Timeline(),
        history=(Since(recorded.occurred_at, Dimensions(facts=facts, customer_id=event.customer_id)),),
        imported=recorded.origin == "import",
    )


def changed(  # noqa: C901, PLR0911 - one branch for each event that changes something
    now: Dimensions, event: ComplaintEvent, *, origin_known: bool
) -> Dimensions:
    """The dimensions after an event."""
    facts = now.facts
    match event:
        case e.ComplaintAssigned():
            return replace(
                now,
                analyst=event.analyst,
                team=event.team,
                provider=event.provider,
                provider_name=event.provider_name,
            )
        case e.ComplaintUnassigned():
            return replace(now, analyst=None, team=None, provider=None, provider_name=None)
        case e.SectorConsulted():
            return now if origin_known else replace(now, sector=event.sector)
        case e.OriginIdentified():
            return replace(now, sector=event.sector)
        case e.SlaApplied():
            return replace(now, facts=replace(facts, tier=event.facts.tier))
        case e.CustomerRelinked():
            return replace(now, customer_id=event.customer_id)
        case e.KindChanged():
            return replace(now, facts=replace(facts, kind=event.kind))
        case e.ComplaintClassified():
            return replace(now, facts=_given(facts, event, CLASSIFIED))
        case e.ComplaintCorrected():
            removed: dict[str, Any] = {name: None for name in event.removed if name in CORRECTED}
            return replace(now, facts=_given(replace(facts, **removed), event, CORRECTED))
        case e.ExternalCaseOpened():
            return replace(now, facts=_with_body(facts, event.body))
        case (
            e.ComplaintRegistered()
            | e.ComplaintAcknowledged()
            | e.PartyAdded()
            | e.PartyRemoved()
            | e.AuthorityVerified()
            | e.InvestigationStarted()
            | e.ComplaintEscalated()
            | e.FlagRaised()
            | e.FlagCleared()
            | e.NoteAdded()
            | e.AttachmentAdded()
            | e.WorkLogged()
            | e.CustomerContacted()
            | e.CustomerReplied()
            | e.ReplyReviewed()
            | e.HoldingResponseSent()
            | e.WorkaroundOffered()
            | e.ExposureRecorded()
            | e.SatisfactionRated()
            | e.InformationRequested()
            | e.SectorAnswered()
            | e.AskCancelled()
            | e.DeadlinePromised()
            | e.PromiseFulfilled()
            | e.PromiseRescheduled()
            | e.PromiseMissed()
            | e.ReminderSet()
            | e.ReminderDue()
            | e.CompensationOffered()
            | e.CompensationWithdrawn()
            | e.CompensationAccepted()
            | e.CompensationDeclined()
            | e.CompensationPaid()
            | e.CompensationFailed()
            | e.ExternalCaseAnswered()
            | e.ExternalCaseDecided()
            | e.ResolutionProposed()
            | e.ProposalWithdrawn()
            | e.ResolutionAccepted()
            | e.ResolutionRejected()
            | e.ComplaintResolved()
            | e.ComplaintClosed()
            | e.ComplaintReopened()
            | e.ComplaintWithdrawn()
            | e.ComplaintDismissed()
            | e.ComplaintForwarded()
            | e.DuplicateMarked()
            | e.DuplicateUnmarked()
            | e.ComplaintLinked()
            | e.ComplaintUnlinked()
            | e.ApprovalRequested()
            | e.ApprovalGranted()
            | e.ApprovalRefused()
            | e.HistoryRequested()
            | e.HistoryDelivered()
            | e.SlaWarningRaised()
            | e.SlaBreached()
            | e.SlaBreachCorrected()
            | e.SlaEscalated()
            | e.NotificationSent()
            | e.NotificationFailed()
        ):
            return now
        case _:
            assert_never(event)


def _with_body(facts: Facts, body: ExternalBody) -> Facts:
    if body in facts.external_bodies:
        return facts
    return replace(facts, external_bodies=(*facts.external_bodies, body))


def _given(facts: Facts, event: ComplaintEvent, names: Sequence[str]) -> Facts:
    return replace(facts, **{name: value for name in names if (value := getattr(event, name)) is not None})
