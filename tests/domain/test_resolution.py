"""Decision, acceptance and end."""

from datetime import timedelta

import pytest
from msgspec import structs

from domain.complaint import ComplaintCommand
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint import values as v
from tests.domain.spec import (
    ACCEPT,
    CLOSE,
    INVESTIGATE,
    NOW,
    POINTS,
    PROPOSE,
    REGISTER,
    REJECT,
    REOPEN,
    RESOLVE,
    WITHDRAW,
    number,
    play,
    refusal,
    when,
)

PROPOSED = play(REGISTER, PROPOSE)
PARTIAL = c.AcceptResolution(channel="email", scope="partial", accepted_points=("a",))


def test_a_proposal_says_all_that_is_decided() -> None:
    reply_by = NOW + timedelta(days=8)
    propose = structs.replace(
        PROPOSE,
        redress=c.RedressInput(kind="refund", amount="10.50", currency="BRL"),
        point_outcomes=(c.PointOutcomeInput(point_id="a", outcome="not_upheld"),),
        reply_by=reply_by,
    )
    assert when(play(POINTS), propose) == [
        e.ResolutionProposed(
            proposal_id=number(99),
            outcome="upheld",
            summary="We pay it back.",
            channel="email",
            redress=v.Redress(kind="refund", amount="10.50", currency="BRL"),
            point_outcomes=(v.PointOutcome(point_id="a", outcome="not_upheld"),),
            reply_by=reply_by,
        )
    ]
    assert play(POINTS, propose).state == "proposed"


@pytest.mark.parametrize("half", [{"amount": "10"}, {"currency": "BRL"}])
def test_an_amount_comes_with_its_currency(half: dict[str, str]) -> None:
    redress = structs.replace(c.RedressInput(kind="refund"), **half)
    assert refusal(play(REGISTER), structs.replace(PROPOSE, redress=redress)) == "amount-incomplete"


def test_a_reply_is_not_due_before_the_proposal() -> None:
    assert (
        refusal(play(REGISTER), structs.replace(PROPOSE, reply_by=NOW - timedelta(days=1)))
        == "due-before-asked"
    )


def test_an_outcome_is_of_a_point_that_the_complaint_has() -> None:
    outcome = c.PointOutcomeInput(point_id="z", outcome="upheld")
    assert refusal(play(POINTS), structs.replace(PROPOSE, point_outcomes=(outcome,))) == "unknown-point"


def test_a_new_proposal_supersedes_the_one_before() -> None:
    (event,) = when(PROPOSED, PROPOSE)
    assert isinstance(event, e.ResolutionProposed)
    assert event.supersedes == number(2)
    after = play(REGISTER, PROPOSE, PROPOSE)
    assert after.proposal is not None
    assert (after.proposal.proposal_id, after.past_proposals) == (number(3), (number(2),))


def test_a_withdrawn_proposal_goes_back_into_work() -> None:
    withdraw = c.WithdrawProposal(proposal_id=number(2), reason="Wrong amount.")
    assert when(PROPOSED, withdraw) == [e.ProposalWithdrawn(proposal_id=number(2), reason="Wrong amount.")]
    after = play(withdraw, state=PROPOSED)
    assert (after.state, after.proposal) == ("in_progress", None)


def test_only_the_open_proposal_can_be_withdrawn() -> None:
    assert refusal(PROPOSED, c.WithdrawProposal(proposal_id=number(7))) == "unknown-proposal"


def test_a_full_acceptance_resolves() -> None:
    assert when(PROPOSED, structs.replace(ACCEPT, proposal_id=number(2), reason="Thanks.")) == [
        e.ResolutionAccepted(proposal_id=number(2), channel="email", scope="full", reason="Thanks."),
        e.ComplaintResolved(outcome="upheld", basis="accepted", proposal_id=number(2)),
    ]
    assert play(ACCEPT, state=PROPOSED).state == "resolved"


def test_a_partial_acceptance_leaves_the_rest_in_work() -> None:
    proposed = play(POINTS, PROPOSE)
    assert when(proposed, PARTIAL) == [
        e.ResolutionAccepted(proposal_id=number(2), channel="email", scope="partial", accepted_points=("a",))
    ]
    after = play(PARTIAL, state=proposed)
    assert (after.state, after.accepted_points) == ("in_progress", frozenset({"a"}))


def test_accepting_the_last_point_resolves() -> None:
    rest = structs.replace(PARTIAL, accepted_points=("b",))
    assert play(POINTS, PROPOSE, PARTIAL, PROPOSE, rest).state == "resolved"


@pytest.mark.parametrize(
    ("accept", "slug"),
    [
        (structs.replace(PARTIAL, accepted_points=()), "scope-inconsistent"),
        (structs.replace(PARTIAL, scope="full"), "scope-inconsistent"),
        (structs.replace(PARTIAL, accepted_points=("z",)), "unknown-point"),
        (structs.replace(ACCEPT, proposal_id=number(7)), "unknown-proposal"),
    ],
)
def test_an_acceptance_that_makes_no_sense_is_refused(accept: c.AcceptResolution, slug: str) -> None:
    assert refusal(play(POINTS, PROPOSE), accept) == slug


@pytest.mark.parametrize("verdict", [ACCEPT, REJECT])
def test_nobody_answers_a_proposal_that_was_never_made(verdict: ComplaintCommand) -> None:
    assert refusal(play(REGISTER, INVESTIGATE), verdict) == "no-proposal"


def test_a_rejection_goes_back_into_work() -> None:
    assert when(PROPOSED, REJECT) == [
        e.ResolutionRejected(proposal_id=number(2), channel="email", reason="Too little.")
    ]
    assert play(REJECT, state=PROPOSED).state == "in_progress"


def test_accepting_a_superseded_proposal_is_a_reply_to_be_reviewed() -> None:
    complaint = play(POINTS, PROPOSE, PROPOSE)
    late = structs.replace(PARTIAL, proposal_id=number(2), reason="The first one, please.")
    assert when(complaint, late) == [
        e.CustomerReplied(
            channel="email",
            message="The first one, please.",
            needs_review=True,
            verdict="accepted",
            proposal_id=number(2),
            scope="partial",
            accepted_points=("a",),
        )
    ]
    after = play(late, state=complaint)
    assert (after.state, after.needs_review) == ("proposed", True)


def test_rejecting_what_was_accepted_is_a_reply_to_be_reviewed() -> None:
    complaint = play(ACCEPT, state=PROPOSED)
    assert when(complaint, REJECT) == [
        e.CustomerReplied(channel="email", message="Too little.", needs_review=True, verdict="rejected")
    ]


def test_a_verdict_that_came_before_the_case_ended_is_recorded_too() -> None:
    early = structs.replace(ACCEPT, occurred_at=NOW - timedelta(minutes=5))
    assert play(early, state=play(RESOLVE, state=PROPOSED)).needs_review


def test_the_open_proposal_is_not_accepted_before_it_was_made() -> None:
    early = structs.replace(ACCEPT, occurred_at=NOW - timedelta(minutes=5))
    assert refusal(PROPOSED, early) == "before-last-change"


def test_a_resolution_says_what_was_decided_and_on_what_ground() -> None:
    assert when(play(REGISTER), RESOLVE) == [
        e.ComplaintResolved(outcome="upheld", basis="final_position", summary="Paid back.")
    ]


def test_a_resolution_names_the_proposal_that_it_makes_final() -> None:
    (event,) = when(PROPOSED, structs.replace(RESOLVE, basis="no_answer"))
    assert isinstance(event, e.ComplaintResolved)
    assert event.proposal_id == number(2)


def test_silence_is_never_acceptance() -> None:
    assert refusal(PROPOSED, structs.replace(RESOLVE, basis="accepted")) == "not-accepted"


def test_closing_gives_its_reason() -> None:
    complaint = play(REGISTER, RESOLVE)
    assert when(complaint, CLOSE) == [e.ComplaintClosed(reason="recourse_exhausted")]
    assert play(CLOSE, state=complaint).state == "closed"


@pytest.mark.parametrize("end", [(RESOLVE,), (RESOLVE, CLOSE), (WITHDRAW,)])
def test_an_ended_complaint_is_reopened_into_work(end: tuple[ComplaintCommand, ...]) -> None:
    complaint = play(REGISTER, *end)
    assert when(complaint, REOPEN) == [e.ComplaintReopened(reason="It was not paid.")]
    assert play(REOPEN, state=complaint).state == "in_progress"


def test_points_accepted_once_are_open_again_after_reopening() -> None:
    complaint = play(POINTS, PROPOSE, PARTIAL, RESOLVE, REOPEN)
    assert complaint.accepted_points == frozenset()


@pytest.mark.parametrize(("days", "slug"), [(29, ""), (30, ""), (31, "reopen-window-passed")])
def test_a_complaint_is_reopened_within_the_window(days: int, slug: str) -> None:
    complaint = play(REGISTER, RESOLVE)
    later = NOW + timedelta(days=days)
    assert refusal(complaint, REOPEN, now=later, reopen_window=timedelta(days=30)) == slug
