"""The fold: what each event makes of a complaint."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from msgspec.structs import replace

from domain import approvals
from domain.complaint import events as e
from domain.complaint.fold import facts, intake
from domain.complaint.fold.moves import asked, begun, moved, state_of, undecided, unmarked, without_asks
from domain.complaint.state import Ask, Complaint, Proposal
from domain.complaint.values import Origin
from domain.sla.noting import noted
from domain.sla.timeline import Timeline

__all__ = ["evolve", "evolve_case", "state_of"]


def evolve(state: Complaint | None, event: e.ComplaintEvent, at: datetime) -> Complaint:
    """The complaint after an event that occurred `at`; ValueError unless it is registered first, and once."""
    version = state.version + 1 if state else 1
    timeline = noted(state.timeline if state else Timeline(), event, at, version)
    return replace(evolve_case(state, event, at), timeline=timeline, version=version)


def evolve_case(  # noqa: C901, PLR0911, PLR0912, PLR0915 - one branch for each event
    state: Complaint | None, event: e.ComplaintEvent, at: datetime
) -> Complaint:
    """The same without the timeline of clocks, for who does not read them."""
    if isinstance(event, e.ComplaintRegistered):
        if state is not None:
            raise ValueError("a complaint is registered once")
        return intake.registered(event, at)
    if state is None:
        raise ValueError("a complaint begins with its registration")
    match event:  # the frequent events first: a pattern is tried after all those before it
        case e.ComplaintAcknowledged() | e.NoteAdded():
            return state
        case e.CustomerContacted():
            return state if event.automatic else begun(state, at)
        case e.CustomerReplied():
            answered = without_asks(state, event.answers, at)
            return replace(answered, needs_review=True) if event.needs_review else answered
        case e.ComplaintClassified():
            return intake.classified(state, event)
        case e.ComplaintAssigned():
            return replace(
                state,
                analyst=event.analyst,
                team=event.team,
                provider=event.provider,
                provider_name=event.provider_name,
            )
        case e.InformationRequested():
            return asked(state, Ask(ask_id=event.ask_id, sector=None, asked_at=at), at)
        case e.SectorConsulted():
            return asked(state, Ask(ask_id=event.ask_id, sector=event.sector, asked_at=at), at)
        case e.SectorAnswered() | e.AskCancelled():
            return without_asks(state, (event.ask_id,), at)
        case e.ResolutionProposed():
            proposal = Proposal(proposal_id=event.proposal_id, outcome=event.outcome)
            return moved(undecided(state), "proposed", at, proposal=proposal)
        case e.ResolutionAccepted():
            return _accepted(state, event, at)
        case e.ComplaintResolved():
            return moved(undecided(state), "resolved", at, resolved_before=True)
        case e.ComplaintClosed():
            return moved(state, "closed", at)
        case e.ComplaintReopened():
            return moved(state, "in_progress", at, accepted_points=frozenset(), needs_review=False)
        case e.ProposalWithdrawn() | e.ResolutionRejected():
            return moved(undecided(state), "in_progress", at)
        case e.InvestigationStarted():
            return moved(state, "in_progress", at)
        case e.HoldingResponseSent():
            return begun(state, at)
        case e.ComplaintUnassigned():
            return replace(state, analyst=None, team=None, provider=None, provider_name=None)
        case e.ReplyReviewed():
            return replace(state, needs_review=False)
        case e.ComplaintWithdrawn():
            return moved(undecided(state), "withdrawn", at)
        case e.ComplaintDismissed():
            return moved(undecided(state), "dismissed", at)
        case e.ComplaintForwarded():
            return moved(undecided(state), "forwarded", at) if event.scope == "whole" else state
        case e.DuplicateMarked():
            return moved(state, "duplicate", at, duplicate_of=event.of)
        case e.DuplicateUnmarked():
            return unmarked(state, at)
        case e.KindChanged():
            return replace(state, kind=event.kind)
        case e.ComplaintCorrected():
            return intake.corrected(state, event)
        case e.CustomerRelinked():
            return replace(state, customer_id=event.customer_id)
        case e.PartyAdded():
            return intake.party_added(state, event)
        case e.PartyRemoved():
            return intake.party_removed(state, event)
        case e.AuthorityVerified():
            return intake.authority_verified(state, event)
        case e.ComplaintEscalated():
            return replace(state, escalation=event.level)
        case e.OriginIdentified():
            return replace(state, origin=_origin(event))
        case e.FlagRaised():
            return replace(state, flags=(*state.flags, event.flag))
        case e.FlagCleared():
            return replace(state, flags=tuple(flag for flag in state.flags if flag != event.flag))
        case e.DeadlinePromised():
            return facts.promised(state, event)
        case e.PromiseFulfilled():
            return facts.promise_changed(state, event.promise_id, status="fulfilled")
        case e.PromiseMissed():
            return facts.promise_changed(state, event.promise_id, status="missed")
        case e.PromiseRescheduled():
            return facts.promise_changed(state, event.promise_id, due_at=event.due_at)
        case e.ReminderSet():
            return facts.reminder_set(state, event)
        case e.ReminderDue():
            return facts.reminder_due(state, event)
        case e.CompensationOffered():
            return facts.compensation_offered(state, event)
        case e.CompensationAccepted():
            return facts.compensation_is(state, event.compensation_id, "accepted")
        case e.CompensationDeclined():
            return facts.compensation_is(state, event.compensation_id, "declined")
        case e.CompensationWithdrawn():
            return facts.compensation_is(state, event.compensation_id, "withdrawn")
        case e.CompensationPaid():
            return facts.compensation_paid(state, event)
        case e.CompensationFailed():
            return facts.compensation_failed(state, event)
        case e.ExternalCaseOpened():
            return facts.external_case_opened(state, event)
        case e.ComplaintLinked():
            return facts.linked(state, event)
        case e.ComplaintUnlinked():
            return facts.unlinked(state, event)
        case e.ApprovalRequested():
            return replace(state, approvals=approvals.with_asked(state.approvals, event))
        case e.ApprovalGranted() | e.ApprovalRefused():
            return replace(state, approvals=approvals.without(state.approvals, event.approval_id))
        case e.SlaApplied():
            return replace(state, matched=event.facts)
        case (
            e.AttachmentAdded()
            | e.WorkLogged()
            | e.WorkaroundOffered()
            | e.ExposureRecorded()
            | e.SatisfactionRated()
            | e.ExternalCaseAnswered()
            | e.ExternalCaseDecided()
            | e.HistoryRequested()
            | e.HistoryDelivered()
            | e.SlaWarningRaised()
            | e.SlaBreached()
            | e.SlaBreachCorrected()
            | e.SlaEscalated()
            | e.NotificationSent()
            | e.NotificationFailed()
        ):
            return state
        case _:
            assert_never(event)


def _accepted(state: Complaint, event: e.ResolutionAccepted, at: datetime) -> Complaint:
    accepted = state.accepted_points.union(event.accepted_points)
    if event.scope == "full":  # the resolution that follows ends the proposal
        return replace(state, accepted_points=accepted)
    return moved(undecided(state), "in_progress", at, accepted_points=accepted)


def _origin(event: e.OriginIdentified) -> Origin:
    return Origin(sector=event.sector, cause=event.cause, product=event.product, problem_id=event.problem_id)
