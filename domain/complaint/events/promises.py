"""Events: what is to happen by a certain time."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.messages import Event, Personal


class DeadlinePromised(Event, frozen=True, kw_only=True, tag="deadline-promised"):
    promise_id: UUID
    what: Personal[str]
    due_at: datetime


class PromiseFulfilled(Event, frozen=True, kw_only=True, tag="promise-fulfilled"):
    promise_id: UUID
    due_at: datetime
    late: bool


class PromiseRescheduled(Event, frozen=True, kw_only=True, tag="promise-rescheduled"):
    promise_id: UUID
    due_at: datetime
    previous_due_at: datetime
    reason: Personal[str | None] = None


class PromiseMissed(Event, frozen=True, kw_only=True, tag="promise-missed"):
    promise_id: UUID
    due_at: datetime


class ReminderSet(Event, frozen=True, kw_only=True, tag="reminder-set"):
    reminder_id: UUID
    at: datetime
    text: Personal[str]


class ReminderDue(Event, frozen=True, kw_only=True, tag="reminder-due"):
    reminder_id: UUID
    at: datetime
