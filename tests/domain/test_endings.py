"""Ends without a decision: withdrawn, dismissed, forwarded."""

from datetime import timedelta

from msgspec import structs

from domain.complaint import events as e
from tests.domain.spec import (
    ASK,
    FORWARD,
    NOW,
    REGISTER,
    REOPEN,
    SPAM,
    WITHDRAW,
    number,
    play,
    refusal,
    when,
)


def test_a_withdrawal_says_by_whom_and_why() -> None:
    assert when(play(REGISTER), WITHDRAW) == [e.ComplaintWithdrawn(by="customer", reason="Found the refund.")]
    assert play(REGISTER, WITHDRAW).state == "withdrawn"


def test_nobody_left_to_talk_to_does_not_end_what_the_law_asks_for() -> None:
    abandoned = structs.replace(WITHDRAW, by="abandoned")
    assert refusal(play(REGISTER), abandoned, final_response_owed=True) == "final-response-owed"
    assert refusal(play(REGISTER), WITHDRAW, final_response_owed=True) == ""
    assert refusal(play(REGISTER), abandoned) == ""


def test_a_dismissal_says_on_what_ground_and_ends_the_case() -> None:
    complaint = play(REGISTER, ASK)
    assert when(complaint, SPAM) == [
        e.ComplaintDismissed(ground="spam", reason="Advertising.", cancelled_asks=(number(2),))
    ]
    after = play(SPAM, state=complaint)
    assert (after.state, after.asks) == ("dismissed", ())
    assert play(REOPEN, state=after).state == "in_progress"


def test_a_complaint_forwarded_as_a_whole_ends_here() -> None:
    told = NOW - timedelta(days=1)
    complaint = play(REGISTER, ASK)
    assert when(complaint, structs.replace(FORWARD, customer_told_at=told)) == [
        e.ComplaintForwarded(
            to="Branch South", scope="whole", customer_told_at=told, cancelled_asks=(number(2),)
        )
    ]
    after = play(FORWARD, state=complaint)
    assert (after.state, play(REOPEN, state=after).state) == ("forwarded", "in_progress")


def test_a_complaint_forwarded_in_part_goes_on() -> None:
    complaint = play(REGISTER, ASK)
    part = structs.replace(FORWARD, scope="part", occurred_at=NOW - timedelta(minutes=5))
    assert when(complaint, part) == [e.ComplaintForwarded(to="Branch South", scope="part")]
    assert structs.replace(play(part, state=complaint), version=complaint.version) == complaint


def test_the_customer_was_not_told_in_the_future() -> None:
    future = structs.replace(FORWARD, customer_told_at=NOW + timedelta(days=1))
    assert refusal(play(REGISTER), future) == "moment-in-future"
