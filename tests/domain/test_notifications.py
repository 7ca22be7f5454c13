"""What became of the messages that tell of a complaint."""

from datetime import timedelta
from typing import get_args

import pytest
from msgspec import structs

from domain.complaint import Complaint, ComplaintEvent
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.lifecycle import State
from tests.domain.spec import NOW, PROPOSE, REGISTER, complaint_in, context, fold, play, refusal, when

HOUR = timedelta(hours=1)
ANSWERED = play(REGISTER, PROPOSE)
SENT = c.RecordNotificationSent(notification_id="m", about_version=2, channel="email")
FAILED = c.RecordNotificationFailed(
    notification_id="m", about_version=2, channel="email", reason="550 No such mailbox"
)


def after(state: Complaint, command: c.RecordNotificationSent | c.RecordNotificationFailed) -> Complaint:
    return play(command, state=state, origin="system")


def receipts(state: Complaint, *commands: c.RecordNotificationSent | c.RecordNotificationFailed) -> list[int]:
    """How many events each of the receipts makes, one after the other."""
    made = []
    for command in commands:
        events: list[ComplaintEvent] = when(state, command, origin="system")
        made.append(len(events))
        at = context(command).occurred_at
        state = fold(state, events, at) or state
    return made


def at(
    command: c.RecordNotificationSent | c.RecordNotificationFailed, hours: int
) -> c.RecordNotificationSent | c.RecordNotificationFailed:
    return structs.replace(command, occurred_at=NOW + hours * HOUR)


def test_a_sending_and_a_failure_say_what_they_tell_of() -> None:
    assert when(ANSWERED, SENT) == [
        e.NotificationSent(notification_id="m", about_version=2, channel="email", audience="customer")
    ]
    assert when(ANSWERED, FAILED) == [
        e.NotificationFailed(
            notification_id="m",
            about_version=2,
            channel="email",
            audience="customer",
            reason="550 No such mailbox",
        )
    ]


@pytest.mark.parametrize("state", get_args(State))
def test_they_are_recorded_in_any_state_however_late_and_change_none(state: State) -> None:
    complaint = complaint_in(state)
    late = structs.replace(SENT, occurred_at=NOW - timedelta(days=300))
    (event,) = when(complaint, late, origin="system")
    told = fold(complaint, [event], NOW)
    assert told is not None
    assert (told.state, told.version) == (state, complaint.version + 1)


def test_a_message_tells_of_an_event_that_there_is() -> None:
    ahead = structs.replace(SENT, about_version=3)
    assert refusal(ANSWERED, ahead) == "unknown-event"
    assert refusal(after(ANSWERED, SENT), ahead) == ""


def test_what_is_told_again_is_recorded_once() -> None:
    assert receipts(ANSWERED, SENT, SENT, FAILED, FAILED, at(SENT, -1)) == [1, 0, 1, 0, 1]


def test_a_receipt_delivered_again_undoes_no_failure_of_the_same_second() -> None:
    assert receipts(ANSWERED, SENT, FAILED, SENT, FAILED) == [1, 1, 0, 0]


def test_an_attempt_after_a_failure_of_the_same_second_is_news_where_its_time_says_so() -> None:
    first, third = [structs.replace(SENT, occurred_at=NOW - timedelta(seconds=ago)) for ago in (0.9, 0.3)]
    failed = structs.replace(FAILED, occurred_at=NOW - timedelta(seconds=0.6))
    assert receipts(ANSWERED, first, failed, third, third) == [1, 1, 1, 0]
    assert receipts(ANSWERED, first, failed, first, failed) == [1, 1, 0, 0]


def test_times_in_whole_seconds_are_those_of_the_clock_within_them() -> None:
    by_the_clock = structs.replace(SENT, occurred_at=NOW - timedelta(seconds=0.5))
    in_seconds = NOW - timedelta(seconds=1)
    failed = structs.replace(FAILED, occurred_at=in_seconds)
    again = structs.replace(SENT, occurred_at=in_seconds)
    assert receipts(ANSWERED, by_the_clock, failed, failed, again) == [1, 1, 0, 0]


def test_what_is_told_again_to_those_inside_is_recorded_once_too() -> None:
    sent = structs.replace(SENT, audience="staff")
    failed = structs.replace(FAILED, audience="staff")
    assert receipts(ANSWERED, sent, sent, failed, failed, sent, at(sent, -1)) == [1, 0, 1, 0, 0, 1]
    assert receipts(ANSWERED, sent, SENT) == [1, 1]


def test_a_message_sent_again_after_it_came_back_is_news() -> None:
    assert receipts(ANSWERED, at(SENT, -2), at(FAILED, -1), SENT) == [1, 1, 1]


def test_what_was_sent_before_it_was_known_to_be_is_news() -> None:
    assert receipts(ANSWERED, SENT, at(SENT, -2), at(SENT, -1)) == [1, 1, 0]
    assert receipts(ANSWERED, FAILED, at(SENT, -2)) == [1, 1]


def test_each_message_and_each_event_is_one_of_its_own() -> None:
    other = structs.replace(SENT, notification_id="n")
    earlier = structs.replace(SENT, about_version=1)
    assert receipts(ANSWERED, SENT, other, earlier) == [1, 1, 1]


def test_a_complaint_knows_its_version() -> None:
    assert ANSWERED.version == 2
    assert play(c.AddNote(text="x"), state=ANSWERED).version == 3
