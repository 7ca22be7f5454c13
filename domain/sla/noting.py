"""The fold: what each event adds to the timeline of a complaint."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from domain.complaint import events as e
from domain.messages import tag_of
from domain.sla.sending import to_be_sent
from domain.sla.story import MOVING
from domain.sla.timeline import Application, Case, Mark, Record, Timeline

UNNOTED = frozenset(
    {
        "approval-granted",
        "approval-refused",
        "approval-requested",
        "attachment-added",
        "authority-verified",
        "compensation-declined",
        "compensation-failed",
        "compensation-offered",
        "compensation-withdrawn",
        "complaint-assigned",
        "complaint-classified",
        "complaint-linked",
        "complaint-unassigned",
        "complaint-unlinked",
        "customer-relinked",
        "deadline-promised",
        "exposure-recorded",
        "flag-cleared",
        "flag-raised",
        "kind-changed",
        "note-added",
        "party-added",
        "party-removed",
        "promise-fulfilled",
        "promise-missed",
        "promise-rescheduled",
        "reminder-due",
        "reminder-set",
        "satisfaction-rated",
        "work-logged",
        "workaround-offered",
    }
)
PLAIN = frozenset(
    {
        "compensation-accepted",
        "compensation-paid",
        "complaint-acknowledged",
        "complaint-closed",
        "complaint-escalated",
        "complaint-reopened",
        "duplicate-marked",
        "duplicate-unmarked",
        "history-delivered",
        "history-requested",
        "holding-response-sent",
        "investigation-started",
        "origin-identified",
        "reply-reviewed",
    }
)
"""What `_noted` says of most events, by their tags: every event of every complaint comes by here."""


def noted(timeline: Timeline, event: e.ComplaintEvent, at: datetime, version: int) -> Timeline:
    """The timeline after the event of a version, which occurred `at`; the very same if nothing is noted."""
    tag = event.__struct_config__.tag
    if tag in UNNOTED:
        return timeline
    if tag in PLAIN:
        return _marked(timeline, event, at, version)
    return _noted(timeline, event, at, version)


def _noted(  # noqa: C901, PLR0911, PLR0912 - one branch for each event
    timeline: Timeline, event: e.ComplaintEvent, at: datetime, version: int
) -> Timeline:
    match event:
        case e.ComplaintRegistered():
            return _registered(timeline, event, at)
        case e.ComplaintCorrected():
            return timeline if event.received_at is None else _received(timeline, event.received_at)
        case e.CustomerContacted():
            return timeline if event.automatic else _marked(timeline, event, at, version, how=event.outcome)
        case e.CustomerReplied():
            return _marked(timeline, event, at, version, refs=event.answers)
        case e.InformationRequested() | e.SectorConsulted() | e.AskCancelled():
            return _marked(timeline, event, at, version, refs=(event.ask_id,))
        case e.SectorAnswered():
            return timeline if event.late else _marked(timeline, event, at, version, refs=(event.ask_id,))
        case e.ResolutionProposed() | e.ProposalWithdrawn() | e.ResolutionRejected():
            return _marked(timeline, event, at, version, refs=(event.proposal_id,))
        case e.ResolutionAccepted():
            return _marked(timeline, event, at, version, how=event.scope, refs=(event.proposal_id,))
        case e.ComplaintResolved():
            return _marked(timeline, event, at, version, how=event.basis)
        case e.ComplaintForwarded():
            return timeline if event.scope == "part" else _marked(timeline, event, at, version)
        case e.ComplaintWithdrawn():
            return _marked(timeline, event, at, version, how=event.by)
        case e.ComplaintDismissed():
            return _marked(timeline, event, at, version, how=event.ground)
        case e.ExternalCaseOpened():
            return _case_opened(timeline, event, at, version)
        case e.ExternalCaseAnswered():
            return _marked(timeline, event, at, version, how=_declared(event), refs=(event.case_id,))
        case e.ExternalCaseDecided():
            return _marked(timeline, event, at, version, refs=(event.case_id,))
        case e.NotificationSent() | e.NotificationFailed():
            return _told_of(timeline, event, at)
        case e.SlaApplied():
            applied = Application(at, event.policies, event.cause)
            return replace(timeline, applications=(*timeline.applications, applied))
        case e.SlaWarningRaised() | e.SlaBreached() | e.SlaBreachCorrected() | e.SlaEscalated():
            return replace(timeline, records=(*timeline.records, _record(timeline, event, at)))
        case (
            e.ComplaintAcknowledged()
            | e.ComplaintEscalated()
            | e.InvestigationStarted()
            | e.ReplyReviewed()
            | e.HoldingResponseSent()
            | e.HistoryRequested()
            | e.HistoryDelivered()
            | e.ComplaintClosed()
            | e.ComplaintReopened()
            | e.DuplicateMarked()
            | e.DuplicateUnmarked()
            | e.OriginIdentified()
            | e.CompensationAccepted()
            | e.CompensationPaid()
        ):
            return _marked(timeline, event, at, version)
        case (
            e.ComplaintClassified()
            | e.KindChanged()
            | e.CustomerRelinked()
            | e.PartyAdded()
            | e.PartyRemoved()
            | e.AuthorityVerified()
            | e.ComplaintAssigned()
            | e.ComplaintUnassigned()
            | e.FlagRaised()
            | e.FlagCleared()
            | e.NoteAdded()
            | e.AttachmentAdded()
            | e.WorkLogged()
            | e.WorkaroundOffered()
            | e.ExposureRecorded()
            | e.SatisfactionRated()
            | e.DeadlinePromised()
            | e.PromiseFulfilled()
            | e.PromiseRescheduled()
            | e.PromiseMissed()
            | e.ReminderSet()
            | e.ReminderDue()
            | e.CompensationOffered()
            | e.CompensationWithdrawn()
            | e.CompensationDeclined()
            | e.CompensationFailed()
            | e.ComplaintLinked()
            | e.ComplaintUnlinked()
            | e.ApprovalRequested()
            | e.ApprovalGranted()
            | e.ApprovalRefused()
        ):
            return timeline
        case _:
            assert_never(event)


def _declared(event: e.ExternalCaseAnswered) -> str | None:
    return None if event.declared_timely is None else "timely" if event.declared_timely else "untimely"


def _registered(timeline: Timeline, event: e.ComplaintRegistered, at: datetime) -> Timeline:
    guessed = event.time_uncertain and event.received_at >= at
    return replace(timeline, received_at=event.received_at, received_uncertain=guessed)


def _received(timeline: Timeline, received_at: datetime) -> Timeline:
    return replace(timeline, received_at=received_at, received_uncertain=False)


def _case_opened(timeline: Timeline, event: e.ExternalCaseOpened, at: datetime, version: int) -> Timeline:
    case = Case(event.case_id, event.body, event.opened_at, event.due_at)
    known = {known.case_id: known for known in timeline.cases} | {case.case_id: case}
    return _marked(replace(timeline, cases=tuple(known.values())), event, at, version, refs=(event.case_id,))


def _marked(
    timeline: Timeline,
    event: e.ComplaintEvent,
    at: datetime,
    version: int,
    *,
    how: str | None = None,
    refs: tuple[UUID, ...] = (),
) -> Timeline:
    tag = tag_of(type(event))
    if tag in MOVING:
        moved = (known.at for known in reversed(timeline.marks) if known.tag in MOVING)
        at = max(at, next(moved, at))
    message = version if to_be_sent(event) else None
    mark = Mark(at, tag, how, refs, event.time_uncertain, message)
    return replace(timeline, marks=(*timeline.marks, mark))


def _told_of(timeline: Timeline, event: e.NotificationSent | e.NotificationFailed, at: datetime) -> Timeline:
    inside = event.audience == "staff"
    mark = Mark(
        timeline.told_at(event.notification_id, event.about_version, at, inside=inside),
        tag_of(type(event)),
        event.notification_id,
        uncertain=event.time_uncertain,
        message=event.about_version,
    )
    if inside:
        return replace(timeline, inside=(*timeline.inside, mark))
    return replace(timeline, marks=(*timeline.marks, mark))


def _record(timeline: Timeline, event: e.ClockEvent, at: datetime) -> Record:
    named = event.clock_id, event.cycle, at, len(timeline.marks), event.due_at
    match event:
        case e.SlaWarningRaised():
            return Record("warning", *named, share=event.share)
        case e.SlaEscalated():
            return Record("escalation", *named, level=event.level)
        case e.SlaBreached():
            return Record("breach", *named)
        case e.SlaBreachCorrected():
            return Record("correction", *named)
        case _:
            assert_never(event)
