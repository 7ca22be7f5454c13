"""What each event changes in a complaint's row beside what the domain's state says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar, assert_never
from uuid import UUID

from msgspec.structs import replace

from domain.complaint import ComplaintEvent
from domain.complaint import events as e
from projections.complaints import facts
from projections.complaints.items import OpenAsk, OpenProposal, Resolution, Workaround
from projections.complaints.row import Row

T = TypeVar("T")

AS_REGISTERED = ("subject", "channel", "points", "forwarded_from", "prior_protocol", "follows", "source_ref")
"""What a correction may change and the domain's state does not hold."""
ENDED = ("resolution", "outcome", "closed_at", "close_reason", "withdrawn_by")


def changes(  # noqa: C901, PLR0911, PLR0912 - one branch for each event
    row: Row, event: ComplaintEvent, at: datetime
) -> Mapping[str, Any]:
    """The columns that an event which occurred `at` changes."""
    known = row.facts
    match event:  # the frequent events first: a pattern is tried after all those before it
        case (
            e.ComplaintRegistered()
            | e.ComplaintAssigned()
            | e.ComplaintClassified()
            | e.SectorAnswered()
            | e.InvestigationStarted()
            | e.NoteAdded()
            | e.ResolutionAccepted()
        ):
            return {}
        case e.ComplaintAcknowledged():
            return {"acknowledged_at": row.acknowledged_at or at}
        case e.CustomerContacted():
            return {"last_contact_at": max(at, row.last_contact_at or at)}
        case e.CustomerReplied():
            return {"last_reply_at": max(at, row.last_reply_at or at)}
        case e.InformationRequested():
            return {"asks": (*row.asks, _ask(event, None, at))}
        case e.SectorConsulted():
            sectors = tuple(sorted({*row.asked_sectors, event.sector}))
            return {"asks": (*row.asks, _ask(event, event.sector, at)), "asked_sectors": sectors}
        case e.ResolutionProposed():
            return {"proposal": _proposal(event, at), "outcome": event.outcome}
        case e.ComplaintResolved():
            resolution = Resolution(
                outcome=event.outcome, basis=event.basis, summary=event.summary, resolved_at=at
            )
            return {"resolution": resolution, "outcome": event.outcome}
        case e.ComplaintClosed():
            return {"closed_at": at, "close_reason": event.reason}
        case e.ComplaintWithdrawn():
            return {"withdrawn_by": event.by}
        case e.ComplaintDismissed():
            return {"facts": replace(known, dismissal_ground=event.ground)}
        case e.ComplaintForwarded():
            return {"facts": facts.forwarded(known, event, at)}
        case e.ComplaintReopened():
            reopened = replace(known, dismissal_ground=None)
            return {**dict.fromkeys(ENDED), "facts": reopened, "reopenings": row.reopenings + 1}
        case e.ComplaintCorrected():
            return _corrected(event)
        case e.PartyAdded():
            return {"facts": facts.party_added(known, event)}
        case e.PartyRemoved():
            return {"facts": replace(known, parties=_without(known.parties, event.party_id))}
        case e.ComplaintEscalated():
            return {"facts": replace(known, escalated_to=event.to)}
        case e.OriginIdentified():
            return {"facts": facts.found(known, event, at)}
        case e.AttachmentAdded():
            return {"facts": facts.attached(known, event, at)}
        case e.WorkLogged():
            return {"facts": facts.worked(known, event)}
        case e.HoldingResponseSent():
            return {"facts": facts.held(known, event, at)}
        case e.WorkaroundOffered():
            workaround = Workaround(description=event.description, offered_at=at)
            return {"facts": replace(known, workaround=workaround)}
        case e.ExposureRecorded():
            return {"facts": facts.exposed(known, event, at)}
        case e.SatisfactionRated():
            return {"facts": facts.rated(known, event, at)}
        case e.DeadlinePromised():
            return {"facts": facts.promised(known, event, at)}
        case e.ReminderSet():
            return {"facts": facts.reminder_set(known, event, at)}
        case e.ReminderDue():
            return {"facts": replace(known, reminders=_without(known.reminders, event.reminder_id))}
        case e.CompensationOffered():
            return {"facts": facts.offered(known, event, at)}
        case e.ExternalCaseOpened():
            return {"facts": facts.opened(known, event)}
        case e.ExternalCaseAnswered():
            return {"facts": facts.answered(known, event, at)}
        case e.ExternalCaseDecided():
            return {"facts": facts.decided(known, event, at)}
        case e.ApprovalRequested():
            return {"facts": facts.requested(known, event, at)}
        case e.ApprovalGranted() | e.ApprovalRefused():
            return {"facts": replace(known, approvals=_without(known.approvals, event.approval_id))}
        case (
            e.KindChanged()
            | e.CustomerRelinked()
            | e.AuthorityVerified()
            | e.ComplaintUnassigned()
            | e.FlagRaised()
            | e.FlagCleared()
            | e.ReplyReviewed()
            | e.AskCancelled()
            | e.PromiseFulfilled()
            | e.PromiseRescheduled()
            | e.PromiseMissed()
            | e.CompensationAccepted()
            | e.CompensationDeclined()
            | e.CompensationWithdrawn()
            | e.CompensationPaid()
            | e.CompensationFailed()
            | e.ProposalWithdrawn()
            | e.ResolutionRejected()
            | e.DuplicateMarked()
            | e.DuplicateUnmarked()
            | e.ComplaintLinked()
            | e.ComplaintUnlinked()
            | e.HistoryRequested()
            | e.HistoryDelivered()
            | e.SlaApplied()
            | e.SlaWarningRaised()
            | e.SlaBreached()
            | e.SlaBreachCorrected()
            | e.SlaEscalated()
            | e.NotificationSent()
            | e.NotificationFailed()
        ):
            return {}
        case _:
            assert_never(event)


def _corrected(event: e.ComplaintCorrected) -> Mapping[str, Any]:
    """What is given replaces what was registered; what is removed is empty."""
    changed: dict[str, Any] = {name: None for name in event.removed if name in AS_REGISTERED}
    return changed | {name: value for name in AS_REGISTERED if (value := getattr(event, name)) is not None}


def _without(known: Mapping[str, T], item_id: UUID) -> dict[str, T]:
    return {key: value for key, value in known.items() if key != str(item_id)}


def _ask(event: e.InformationRequested | e.SectorConsulted, sector: str | None, at: datetime) -> OpenAsk:
    return OpenAsk(
        ask_id=event.ask_id, sector=sector, question=event.question, asked_at=at, due_at=event.due_at
    )


def _proposal(event: e.ResolutionProposed, at: datetime) -> OpenProposal:
    return OpenProposal(
        proposal_id=event.proposal_id,
        outcome=event.outcome,
        summary=event.summary,
        channel=event.channel,
        proposed_at=at,
        reply_by=event.reply_by,
        redress=event.redress,
        point_outcomes=event.point_outcomes,
    )
