"""Commands: what is to happen by a certain time."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.fields import FreeText, Moment
from domain.messages import Command


class Promise(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "promise"
    what: FreeText
    due_at: Moment


class FulfilPromise(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "fulfil-promise"
    promise_id: UUID


class ReschedulePromise(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "reschedule-promise"
    promise_id: UUID
    due_at: Moment
    reason: FreeText | None = None


class RecordMissedPromise(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "record-missed-promise"
    promise_id: UUID


class SetReminder(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "set-reminder"
    at: Moment
    text: FreeText


class RecordDueReminder(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "record-due-reminder"
    reminder_id: UUID
