"""Promises to the customer and reminders to ourselves."""

from datetime import timedelta

import pytest

from domain.complaint import ComplaintCommand
from domain.complaint import commands as c
from domain.complaint import events as e
from tests.domain.spec import CLOSE, NOW, PROMISE, REGISTER, REMIND, RESOLVE, number, play, refusal, when

DAY = timedelta(days=1)
DUE = NOW + DAY
PROMISED = play(REGISTER, PROMISE)
KEEP = c.FulfilPromise(promise_id=number(2))
MOVE = c.ReschedulePromise(promise_id=number(2), due_at=DUE + DAY, reason="The bank needs longer.")
MISS = c.RecordMissedPromise(promise_id=number(2))
RING = c.RecordDueReminder(reminder_id=number(2))


def test_a_promise_says_what_and_by_when() -> None:
    assert when(play(REGISTER), PROMISE) == [
        e.DeadlinePromised(promise_id=number(99), what="A call.", due_at=DUE)
    ]


def test_nothing_is_promised_for_the_past() -> None:
    late = c.Promise(what="A call.", due_at=NOW - timedelta(seconds=1))
    assert refusal(play(REGISTER), late) == "due-before-asked"
    assert refusal(play(REGISTER), late, origin="import") == ""


def test_a_promise_is_kept_in_time_or_late() -> None:
    assert when(PROMISED, KEEP) == [e.PromiseFulfilled(promise_id=number(2), due_at=DUE, late=False)]
    assert when(PROMISED, KEEP, now=DUE + DAY) == [
        e.PromiseFulfilled(promise_id=number(2), due_at=DUE, late=True)
    ]


def test_a_promise_is_kept_once() -> None:
    assert when(play(KEEP, state=PROMISED), KEEP) == []


def test_a_promise_is_missed_when_its_time_has_come() -> None:
    assert when(PROMISED, MISS) == []
    assert when(PROMISED, MISS, now=DUE) == [e.PromiseMissed(promise_id=number(2), due_at=DUE)]


@pytest.mark.parametrize("meanwhile", [KEEP, MOVE])
def test_what_was_kept_or_moved_meanwhile_was_not_missed(meanwhile: ComplaintCommand) -> None:
    assert when(play(meanwhile, state=PROMISED), MISS, now=DUE) == []


def test_a_promise_is_missed_once() -> None:
    missed = play(MISS, state=PROMISED, now=DUE)
    assert missed.promises[0].status == "missed"
    assert when(missed, MISS, now=DUE) == []


def test_a_missed_promise_can_still_be_kept() -> None:
    missed = play(MISS, state=PROMISED, now=DUE)
    kept = play(KEEP, state=missed, now=DUE + DAY)
    assert kept.promises[0].status == "fulfilled"


def test_a_promise_thought_missed_can_turn_out_to_have_been_kept() -> None:
    missed = play(MISS, state=PROMISED, now=DUE)
    found = c.FulfilPromise(
        promise_id=number(2), occurred_at=DUE - timedelta(hours=1), backdating_reason="He had called."
    )
    (event,) = when(missed, found, now=DUE + DAY)
    assert isinstance(event, e.PromiseFulfilled)
    assert not event.late


def test_an_open_promise_is_moved_to_another_time() -> None:
    assert when(PROMISED, MOVE) == [
        e.PromiseRescheduled(
            promise_id=number(2), due_at=DUE + DAY, previous_due_at=DUE, reason="The bank needs longer."
        )
    ]
    moved = play(MOVE, state=PROMISED)
    assert moved.promises[0].due_at == DUE + DAY
    assert when(moved, MOVE) == []


@pytest.mark.parametrize("end", [KEEP, MISS])
def test_an_ended_promise_is_not_moved(end: ComplaintCommand | c.RecordMissedPromise) -> None:
    assert refusal(play(end, state=PROMISED, now=DUE), MOVE) == "promise-ended"


@pytest.mark.parametrize("command", [KEEP, MOVE, MISS])
def test_an_unknown_promise_is_refused(command: ComplaintCommand | c.RecordMissedPromise) -> None:
    assert refusal(play(REGISTER), command) == "unknown-promise"


def test_one_promise_is_not_another() -> None:
    kept = play(REGISTER, PROMISE, PROMISE, KEEP)
    assert [promise.status for promise in kept.promises] == ["fulfilled", "open"]


def test_a_promise_outlives_the_end_of_the_case() -> None:
    closed = play(RESOLVE, CLOSE, state=PROMISED)
    assert when(closed, KEEP) != []


def test_a_reminder_rings_once_and_not_before_its_time() -> None:
    complaint = play(REGISTER, REMIND)
    assert when(play(REGISTER), REMIND) == [
        e.ReminderSet(reminder_id=number(99), at=DUE, text="Ask billing again.")
    ]
    assert when(complaint, RING) == []
    assert when(complaint, RING, now=DUE) == [e.ReminderDue(reminder_id=number(2), at=DUE)]
    assert when(play(RING, state=complaint, now=DUE), RING, now=DUE) == []


def test_an_unknown_reminder_is_refused() -> None:
    assert refusal(play(REGISTER), RING) == "unknown-reminder"
    assert refusal(play(REGISTER, REMIND), c.RecordDueReminder(reminder_id=number(7))) == "unknown-reminder"


def test_nobody_is_reminded_in_the_past() -> None:
    past = c.SetReminder(at=NOW - DAY, text="Ask again.")
    assert refusal(play(REGISTER), past) == "due-before-asked"
