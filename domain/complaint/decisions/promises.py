"""What is to happen by a certain time: promises to the customer, reminders to ourselves."""

from __future__ import annotations

from uuid import UUID

from domain.aggregate import Context
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint import state as s
from domain.messages import Refused
from domain.times import due


def promise(command: c.Promise, ctx: Context) -> list[e.ComplaintEvent]:
    return [e.DeadlinePromised(promise_id=ctx.new_id, what=command.what, due_at=due(command.due_at, ctx))]


def fulfil_promise(state: s.Complaint, command: c.FulfilPromise, ctx: Context) -> list[e.ComplaintEvent]:
    """A missed promise can still be kept, and one thought missed can turn out to have been kept in time."""
    known = _promise(state, command.promise_id)
    if known.status == "fulfilled":
        return []
    late = ctx.occurred_at > known.due_at
    return [e.PromiseFulfilled(promise_id=known.promise_id, due_at=known.due_at, late=late)]


def reschedule_promise(
    state: s.Complaint, command: c.ReschedulePromise, ctx: Context
) -> list[e.ComplaintEvent]:
    known = _promise(state, command.promise_id)
    if known.status != "open":
        raise Refused("promise-ended", f"the promise is {known.status}; make a new one")
    due_at = due(command.due_at, ctx)
    if due_at == known.due_at:
        return []
    return [
        e.PromiseRescheduled(
            promise_id=known.promise_id,
            due_at=due_at,
            previous_due_at=known.due_at,
            reason=command.reason,
        )
    ]


def record_missed_promise(
    state: s.Complaint, command: c.RecordMissedPromise, ctx: Context
) -> list[e.ComplaintEvent]:
    """Whoever watches the time may be late itself: what was kept or moved meanwhile was not missed."""
    known = _promise(state, command.promise_id)
    if known.status != "open" or known.due_at > ctx.now:
        return []
    return [e.PromiseMissed(promise_id=known.promise_id, due_at=known.due_at)]


def set_reminder(command: c.SetReminder, ctx: Context) -> list[e.ComplaintEvent]:
    return [e.ReminderSet(reminder_id=ctx.new_id, at=due(command.at, ctx), text=command.text)]


def record_due_reminder(
    state: s.Complaint, command: c.RecordDueReminder, ctx: Context
) -> list[e.ComplaintEvent]:
    if command.reminder_id in state.past_reminders:
        return []
    known = _reminder(state, command.reminder_id)
    return [e.ReminderDue(reminder_id=known.reminder_id, at=known.at)] if known.at <= ctx.now else []


def _reminder(state: s.Complaint, reminder_id: UUID) -> s.Reminder:
    for known in state.reminders:
        if known.reminder_id == reminder_id:
            return known
    raise Refused("unknown-reminder", f"the complaint has no reminder {reminder_id}")


def _promise(state: s.Complaint, promise_id: UUID) -> s.Promise:
    for known in state.promises:
        if known.promise_id == promise_id:
            return known
    raise Refused("unknown-promise", f"the complaint has no promise {promise_id}")
