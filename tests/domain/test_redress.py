"""Compensation, from the offer to the payment."""

from typing import Any

import pytest
from msgspec import structs

from domain.complaint import Complaint, ComplaintCommand
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.values import CompensationStatus
from tests.domain.spec import CLOSE, OFFER, REGISTER, RESOLVE, WITHDRAW, number, play, refusal, when

ID = number(2)
TAKE = c.AcceptCompensation(compensation_id=ID, channel="phone", reason="Fine.")
DECLINE = c.DeclineCompensation(compensation_id=ID, channel="phone", reason="Too little.")
DROP = c.WithdrawCompensation(compensation_id=ID, reason="The shop paid.")
PAY = c.PayCompensation(compensation_id=ID, reference="E2E-1")
FAIL = c.FailCompensation(compensation_id=ID, reason="The account was closed.", reference="E2E-0")
OFFERED = play(REGISTER, OFFER)
HISTORIES: dict[CompensationStatus, tuple[ComplaintCommand, ...]] = {
    "offered": (),
    "accepted": (TAKE,),
    "declined": (DECLINE,),
    "withdrawn": (DROP,),
    "paid": (TAKE, PAY),
    "failed": (TAKE, FAIL),
}


def given(status: CompensationStatus) -> Complaint:
    complaint = play(*HISTORIES[status], state=OFFERED)
    assert status_of(complaint) == status
    return complaint


def status_of(complaint: Complaint) -> str:
    (only,) = complaint.compensations
    return only.status


def outcome(status: CompensationStatus, command: ComplaintCommand) -> str:
    """What becomes of the compensation: its status, the refusal, or that the command is kept as a reply."""
    complaint = given(status)
    slug = refusal(complaint, command)
    if slug:
        return slug
    after = play(command, state=complaint)
    return "reply" if after.needs_review else status_of(after)


def test_an_offer_says_what_it_is_worth() -> None:
    assert when(play(REGISTER), structs.replace(OFFER, reference="order 7")) == [
        e.CompensationOffered(
            compensation_id=number(99),
            kind="refund",
            amount="120.00",
            currency="BRL",
            reason="Charged twice.",
            reference="order 7",
        )
    ]


def test_what_is_not_money_has_no_amount() -> None:
    assert when(play(REGISTER), c.OfferCompensation(kind="replacement")) != []


@pytest.mark.parametrize("half", [{"amount": None}, {"currency": None}])
def test_an_amount_is_offered_with_its_currency(half: dict[str, Any]) -> None:
    assert refusal(play(REGISTER), structs.replace(OFFER, **half)) == "amount-incomplete"


@pytest.mark.parametrize(
    ("status", "becomes"),
    [
        ("offered", ["accepted", "declined", "withdrawn", "paid", "failed"]),
        ("accepted", ["accepted", "reply", "withdrawn", "paid", "failed"]),
        ("declined", ["reply", "declined", "compensation-ended", "paid", "declined"]),
        ("withdrawn", ["reply", "reply", "withdrawn", "paid", "withdrawn"]),
        ("paid", ["paid", "reply", "compensation-ended", "paid", "failed"]),
        ("failed", ["failed", "reply", "withdrawn", "paid", "failed"]),
    ],
)
def test_what_becomes_of_a_compensation(status: CompensationStatus, becomes: list[str]) -> None:
    assert [outcome(status, command) for command in (TAKE, DECLINE, DROP, PAY, FAIL)] == becomes


def test_each_step_is_an_event_of_its_own() -> None:
    assert when(OFFERED, TAKE) == [
        e.CompensationAccepted(compensation_id=ID, channel="phone", reason="Fine.")
    ]
    assert when(OFFERED, DECLINE) == [
        e.CompensationDeclined(compensation_id=ID, channel="phone", reason="Too little.")
    ]
    assert when(OFFERED, DROP) == [e.CompensationWithdrawn(compensation_id=ID, reason="The shop paid.")]
    assert when(OFFERED, FAIL) == [
        e.CompensationFailed(compensation_id=ID, reason="The account was closed.", reference="E2E-0")
    ]
    assert when(OFFERED, PAY) == [
        e.CompensationPaid(compensation_id=ID, amount="120.00", currency="BRL", reference="E2E-1")
    ]


@pytest.mark.parametrize(
    ("command", "status"), [(TAKE, "accepted"), (DECLINE, "declined"), (DROP, "withdrawn")]
)
def test_said_again_it_changes_nothing(command: ComplaintCommand, status: CompensationStatus) -> None:
    assert when(given(status), command) == []


def test_a_payment_is_recorded_once_but_a_second_payment_is_another_fact() -> None:
    assert when(given("paid"), PAY) == []
    assert when(given("paid"), c.PayCompensation(compensation_id=ID)) == []
    assert when(given("paid"), structs.replace(PAY, reference="E2E-2")) != []


def test_accepting_what_was_withdrawn_is_a_reply_to_be_reviewed() -> None:
    assert when(given("withdrawn"), TAKE) == [
        e.CustomerReplied(
            channel="phone",
            message="Fine.",
            needs_review=True,
            verdict="accepted",
            compensation_id=ID,
        )
    ]


def test_a_late_verdict_without_a_channel_says_that_the_channel_is_unknown() -> None:
    (event,) = when(given("withdrawn"), c.DeclineCompensation(compensation_id=ID))
    assert isinstance(event, e.CustomerReplied)
    assert (event.channel, event.verdict) == ("unknown", "rejected")


@pytest.mark.parametrize("command", [TAKE, DECLINE, DROP, PAY, FAIL])
def test_an_unknown_compensation_is_refused(command: ComplaintCommand) -> None:
    assert refusal(play(REGISTER), command) == "unknown-compensation"


@pytest.mark.parametrize(
    ("status", "slug"),
    [
        ("offered", ""),
        ("accepted", "redress-open"),
        ("declined", ""),
        ("withdrawn", ""),
        ("paid", ""),
        ("failed", ""),
    ],
)
def test_a_complaint_is_not_closed_while_what_was_agreed_is_owed(
    status: CompensationStatus, slug: str
) -> None:
    assert refusal(play(RESOLVE, state=given(status)), CLOSE) == slug


def test_one_compensation_paid_does_not_settle_the_other() -> None:
    complaint = play(
        REGISTER, OFFER, OFFER, TAKE, structs.replace(TAKE, compensation_id=number(3)), PAY, RESOLVE
    )
    assert refusal(complaint, CLOSE) == "redress-open"


@pytest.mark.parametrize("command", [TAKE, PAY, FAIL, OFFER])
def test_compensation_goes_on_after_the_end(command: ComplaintCommand) -> None:
    ended = play(WITHDRAW, state=OFFERED)
    after = play(command, state=ended)
    assert (after.state, after == ended) == ("withdrawn", False)
