"""Folds: promises, reminders, compensation, outside cases and links."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from msgspec.structs import replace

from domain.complaint import events as e
from domain.complaint.state import (
    Compensation,
    Complaint,
    ExternalCase,
    Link,
    Promise,
    Reminder,
)
from domain.complaint.values import CompensationStatus

UNWANTED = frozenset({"declined", "withdrawn"})


def promised(state: Complaint, event: e.DeadlinePromised) -> Complaint:
    promise = Promise(promise_id=event.promise_id, due_at=event.due_at)
    return replace(state, promises=(*state.promises, promise))


def promise_changed(state: Complaint, promise_id: UUID, **changes: Any) -> Complaint:
    promises = tuple(
        replace(promise, **changes) if promise.promise_id == promise_id else promise
        for promise in state.promises
    )
    return replace(state, promises=promises)


def reminder_set(state: Complaint, event: e.ReminderSet) -> Complaint:
    return replace(state, reminders=(*state.reminders, Reminder(reminder_id=event.reminder_id, at=event.at)))


def reminder_due(state: Complaint, event: e.ReminderDue) -> Complaint:
    left = tuple(reminder for reminder in state.reminders if reminder.reminder_id != event.reminder_id)
    return replace(state, reminders=left, past_reminders=(*state.past_reminders, event.reminder_id))


def compensation_offered(state: Complaint, event: e.CompensationOffered) -> Complaint:
    offered = Compensation(
        compensation_id=event.compensation_id,
        kind=event.kind,
        amount=event.amount,
        currency=event.currency,
    )
    return replace(state, compensations=(*state.compensations, offered))


def compensation_is(state: Complaint, compensation_id: UUID, status: CompensationStatus) -> Complaint:
    return _compensation(state, compensation_id, status=status)


def compensation_paid(state: Complaint, event: e.CompensationPaid) -> Complaint:
    return _compensation(state, event.compensation_id, status="paid", reference=event.reference)


def compensation_failed(state: Complaint, event: e.CompensationFailed) -> Complaint:
    """A payment that comes back leaves what nobody wants any more as it is."""
    unwanted = any(
        known.compensation_id == event.compensation_id and known.status in UNWANTED
        for known in state.compensations
    )
    return state if unwanted else _compensation(state, event.compensation_id, status="failed")


def external_case_opened(state: Complaint, event: e.ExternalCaseOpened) -> Complaint:
    """Opened again under its id, a case stands as it was told last."""
    case = ExternalCase(
        case_id=event.case_id,
        body=event.body,
        reference=event.reference,
        opened_at=event.opened_at,
        due_at=event.due_at,
    )
    others = tuple(known for known in state.external_cases if known.case_id != event.case_id)
    return replace(state, external_cases=(*others, case))


def linked(state: Complaint, event: e.ComplaintLinked) -> Complaint:
    return replace(state, links=(*state.links, Link(to=event.to, relation=event.relation)))


def unlinked(state: Complaint, event: e.ComplaintUnlinked) -> Complaint:
    ended = Link(to=event.to, relation=event.relation)
    return replace(state, links=tuple(link for link in state.links if link != ended))


def _compensation(state: Complaint, compensation_id: UUID, **changes: Any) -> Complaint:
    compensations = tuple(
        replace(known, **changes) if known.compensation_id == compensation_id else known
        for known in state.compensations
    )
    return replace(state, compensations=compensations)
