"""The fold: what each event makes of a complaint."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from msgspec.structs import replace

from domain.complaint import events as e
from domain.complaint.lifecycle import WORKING, State
from domain.complaint.state import Ask, Complaint, Proposal


def evolve(  # noqa: C901, PLR0911, PLR0912 - one branch for each event
    state: Complaint | None, event: e.ComplaintEvent, at: datetime
) -> Complaint:
    """The complaint after an event that occurred `at`; ValueError unless it is registered first, and once."""
    if isinstance(event, e.ComplaintRegistered):
        if state is not None:
            raise ValueError("a complaint is registered once")
        return _registered(event, at)
    if state is None:
        raise ValueError("a complaint begins with its registration")
    match event:
        case e.ComplaintAcknowledged() | e.NoteAdded():
            return state
        case e.ComplaintClassified():
            return _classified(state, event)
        case e.ComplaintAssigned():
            return replace(state, analyst=event.analyst, team=event.team)
        case e.ComplaintUnassigned():
            return replace(state, analyst=None, team=None)
        case e.InvestigationStarted():
            return _moved(state, "in_progress", at)
        case e.CustomerContacted():
            begun = state.state == "registered" and not event.automatic
            return _moved(state, "in_progress", at) if begun else state
        case e.CustomerReplied():
            answered = _without_asks(state, event.answers, at)
            return replace(answered, needs_review=True) if event.needs_review else answered
        case e.ReplyReviewed():
            return replace(state, needs_review=False)
        case e.InformationRequested():
            return _asked(state, Ask(ask_id=event.ask_id, sector=None, asked_at=at), at)
        case e.SectorConsulted():
            return _asked(state, Ask(ask_id=event.ask_id, sector=event.sector, asked_at=at), at)
        case e.SectorAnswered() | e.AskCancelled():
            return _without_asks(state, (event.ask_id,), at)
        case e.ResolutionProposed():
            proposal = Proposal(proposal_id=event.proposal_id, outcome=event.outcome)
            return _moved(_undecided(state), "proposed", at, proposal=proposal)
        case e.ProposalWithdrawn() | e.ResolutionRejected():
            return _moved(_undecided(state), "in_progress", at)
        case e.ResolutionAccepted():
            return _accepted(state, event, at)
        case e.ComplaintResolved():
            return _moved(_undecided(state), "resolved", at)
        case e.ComplaintClosed():
            return _moved(state, "closed", at)
        case e.ComplaintReopened():
            return _moved(state, "in_progress", at, accepted_points=frozenset(), needs_review=False)
        case e.ComplaintWithdrawn():
            return _moved(_undecided(state), "withdrawn", at)
        case _:
            assert_never(event)


def state_of(asks: Collection[Ask]) -> State:
    """The state of a complaint in work, from its open asks."""
    if not asks:
        return "in_progress"
    return "awaiting_sector" if any(ask.sector is not None for ask in asks) else "awaiting_customer"


def _registered(event: e.ComplaintRegistered, at: datetime) -> Complaint:
    return Complaint(
        state="registered",
        protocol=event.protocol,
        kind=event.kind,
        anonymity=event.anonymity,
        changed_at=at,
        customer_id=event.customer_id,
        category=event.category,
        severity=event.severity,
        journey_stage=event.journey_stage,
        product=event.product,
        points=tuple(point.point_id for point in event.points),
    )


def _classified(state: Complaint, event: e.ComplaintClassified) -> Complaint:
    return replace(
        state,
        category=state.category if event.category is None else event.category,
        severity=state.severity if event.severity is None else event.severity,
        journey_stage=state.journey_stage if event.journey_stage is None else event.journey_stage,
        product=state.product if event.product is None else event.product,
        tags=state.tags if event.tags is None else event.tags,
        vulnerability=state.vulnerability if event.vulnerability is None else event.vulnerability,
        assessment=state.assessment if event.assessment is None else event.assessment,
    )


def _accepted(state: Complaint, event: e.ResolutionAccepted, at: datetime) -> Complaint:
    accepted = state.accepted_points.union(event.accepted_points)
    if event.scope == "full":  # the resolution that follows ends the proposal
        return replace(state, accepted_points=accepted)
    return _moved(_undecided(state), "in_progress", at, accepted_points=accepted)


def _moved(state: Complaint, to: State, at: datetime, **changes: Any) -> Complaint:
    return replace(state, state=to, changed_at=max(at, state.changed_at), **changes)


def _asked(state: Complaint, ask: Ask, at: datetime) -> Complaint:
    asks = (*state.asks, ask)
    return _moved(state, state_of(asks), at, asks=asks)


def _without_asks(state: Complaint, ended: Collection[UUID], at: datetime) -> Complaint:
    asks = tuple(ask for ask in state.asks if ask.ask_id not in ended)
    if len(asks) == len(state.asks):
        return state
    past = state.past_asks + tuple(ask for ask in state.asks if ask.ask_id in ended)
    to = state_of(asks) if state.state in WORKING else state.state
    changed_at = max(at, state.changed_at) if to != state.state else state.changed_at
    return replace(state, state=to, changed_at=changed_at, asks=asks, past_asks=past)


def _undecided(state: Complaint) -> Complaint:
    """Without an open ask or proposal: a decision cancels the asks and ends the proposal before it."""
    if not state.asks and state.proposal is None:
        return state
    ended = () if state.proposal is None else (state.proposal.proposal_id,)
    return replace(
        state,
        asks=(),
        past_asks=state.past_asks + state.asks,
        proposal=None,
        past_proposals=state.past_proposals + ended,
    )
