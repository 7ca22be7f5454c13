"""What several events do alike: moving a complaint from state to state, ending asks and decisions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from domain.complaint.lifecycle import WORKING, State
from domain.complaint.state import Ask, Complaint


def state_of(asks: Collection[Ask]) -> State:
    """The state of a complaint in work, from its open asks."""
    if not asks:
        return "in_progress"
    return "awaiting_sector" if any(ask.sector is not None for ask in asks) else "awaiting_customer"


def moved(state: Complaint, to: State, at: datetime, **changes: Any) -> Complaint:
    return replace(state, state=to, changed_at=max(at, state.changed_at), **changes)


def begun(state: Complaint, at: datetime) -> Complaint:
    """In work, if nobody had begun."""
    return moved(state, "in_progress", at) if state.state == "registered" else state


def asked(state: Complaint, ask: Ask, at: datetime) -> Complaint:
    asks = (*state.asks, ask)
    return moved(state, state_of(asks), at, asks=asks)


def without_asks(state: Complaint, ended: Collection[UUID], at: datetime) -> Complaint:
    asks = tuple(ask for ask in state.asks if ask.ask_id not in ended)
    if len(asks) == len(state.asks):
        return state
    past = state.past_asks + tuple(ask for ask in state.asks if ask.ask_id in ended)
    to = state_of(asks) if state.state in WORKING else state.state
    changed_at = max(at, state.changed_at) if to != state.state else state.changed_at
    return replace(state, state=to, changed_at=changed_at, asks=asks, past_asks=past)


def undecided(state: Complaint) -> Complaint:
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


def unmarked(state: Complaint, at: datetime) -> Complaint:
    """As if it had never been a duplicate: its asks and its proposal were kept."""
    to: State = "proposed" if state.proposal is not None else state_of(state.asks)
    return moved(state, to, at, duplicate_of=None)
