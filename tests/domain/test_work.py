"""Who works on a complaint, and what is said to and heard from the customer."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.values import ContactOutcome, Origin
from tests.domain.spec import (
    ACCEPT,
    ASK,
    CLOSE,
    CONSULT,
    INVESTIGATE,
    NOW,
    PROPOSE,
    RAISE,
    REGISTER,
    REJECT,
    REOPEN,
    REPLY,
    RESOLVE,
    number,
    play,
    refusal,
    when,
)

ANA = c.Assign(analyst="ana")
EARLIER = NOW - timedelta(minutes=10)


def test_an_assignment_names_an_analyst_or_a_team_or_both() -> None:
    complaint = play(REGISTER, c.Assign(analyst="ana", team="cards", reason="Knows cards."))
    assert (complaint.analyst, complaint.team, complaint.state) == ("ana", "cards", "registered")
    assert refusal(complaint, c.Assign()) == "nothing-to-assign"


def test_another_analyst_keeps_the_team() -> None:
    complaint = play(REGISTER, c.Assign(analyst="ana", team="cards"))
    assert when(complaint, c.Assign(analyst="rui")) == [e.ComplaintAssigned(analyst="rui", team="cards")]


def test_another_team_drops_the_analyst() -> None:
    complaint = play(REGISTER, c.Assign(analyst="ana", team="cards"))
    assert when(complaint, c.Assign(team="loans")) == [e.ComplaintAssigned(team="loans")]


@pytest.mark.parametrize("again", [ANA, c.Assign(team="cards"), c.Assign(analyst="ana", team="cards")])
def test_assigning_those_who_have_it_changes_nothing(again: c.Assign) -> None:
    assert when(play(REGISTER, c.Assign(analyst="ana", team="cards")), again) == []


def test_an_unassignment_says_who_had_it() -> None:
    complaint = play(REGISTER, ANA)
    assert when(complaint, c.Unassign(reason="On leave.")) == [
        e.ComplaintUnassigned(analyst="ana", reason="On leave.")
    ]
    unassigned = play(c.Unassign(), state=complaint)
    assert (unassigned.analyst, when(unassigned, c.Unassign())) == (None, [])


def test_an_investigation_takes_a_complaint_into_work() -> None:
    assert when(play(REGISTER), INVESTIGATE) == [e.InvestigationStarted()]
    assert play(REGISTER, INVESTIGATE).state == "in_progress"


@pytest.mark.parametrize("outcome", ["reached", "message_left", "no_answer", "wrong_number"])
def test_a_contact_by_a_person_takes_a_complaint_into_work(outcome: ContactOutcome) -> None:
    contact = c.ContactCustomer(channel="phone", summary="Tried.", outcome=outcome)
    assert play(REGISTER, contact).state == "in_progress"


def test_an_automatic_contact_is_recorded_and_changes_no_state() -> None:
    contact = c.ContactCustomer(channel="sms", summary="We work on it.", outcome="reached", automatic=True)
    assert when(play(REGISTER), contact) == [
        e.CustomerContacted(channel="sms", summary="We work on it.", outcome="reached", automatic=True)
    ]
    assert play(REGISTER, contact).state == "registered"


def test_a_contact_from_before_the_registration_is_recorded() -> None:
    contact = c.ContactCustomer(channel="phone", summary="Spoke.", outcome="reached", occurred_at=EARLIER)
    complaint = play(REGISTER, contact)
    assert (complaint.state, complaint.changed_at) == ("in_progress", NOW)


def test_a_reply_without_an_ask_answers_every_open_ask_to_the_customer() -> None:
    complaint = play(REGISTER, ASK, CONSULT, ASK)
    assert when(complaint, REPLY) == [
        e.CustomerReplied(channel="email", message="Order 7.", answers=(number(2), number(4)))
    ]
    assert play(REPLY, state=complaint).state == "awaiting_sector"


def test_a_reply_to_one_ask_leaves_the_others_open() -> None:
    complaint = play(REGISTER, ASK, ASK)
    after = play(c.RecordReply(channel="email", message="Yes.", ask_id=number(2)), state=complaint)
    assert [ask.ask_id for ask in after.asks] == [number(3)]
    assert after.state == "awaiting_customer"


def test_a_reply_from_before_an_ask_is_recorded_and_does_not_answer_it() -> None:
    early = c.RecordReply(channel="email", message="Any news?", occurred_at=EARLIER)
    complaint = play(REGISTER, ASK)
    assert when(complaint, early) == [e.CustomerReplied(channel="email", message="Any news?")]


def test_a_second_reply_to_an_ask_is_a_fact_that_answers_nothing() -> None:
    complaint = play(REGISTER, ASK, REPLY)
    again = c.RecordReply(channel="email", message="As I said.", ask_id=number(2))
    assert when(complaint, again) == [
        e.CustomerReplied(channel="email", message="As I said.", ask_id=number(2))
    ]


@pytest.mark.parametrize("ask", [number(7), number(3)], ids=["never asked", "asked of a sector"])
def test_a_reply_to_what_the_customer_was_never_asked_is_refused(ask: UUID) -> None:
    complaint = play(REGISTER, ASK, CONSULT)
    assert refusal(complaint, c.RecordReply(channel="email", message="Yes.", ask_id=ask)) == "unknown-ask"


def test_a_reply_on_an_open_case_needs_no_review() -> None:
    assert not play(REGISTER, REPLY).needs_review
    assert not play(REGISTER, PROPOSE, REPLY).needs_review


def test_a_reply_on_an_ended_case_needs_a_review_until_it_has_one() -> None:
    replied = play(REGISTER, RESOLVE, CLOSE, REPLY)
    assert (replied.state, replied.needs_review) == ("closed", True)
    reviewed = play(c.ReviewReply(finding="Thanks only."), state=replied)
    assert (reviewed.state, reviewed.needs_review) == ("closed", False)


def test_reopening_takes_the_reply_into_work() -> None:
    assert not play(REGISTER, RESOLVE, REPLY, REOPEN).needs_review


def test_a_reply_that_needs_a_review_can_be_reviewed_in_an_open_case_too() -> None:
    complaint = play(REGISTER, PROPOSE, REJECT, ACCEPT)
    assert (complaint.state, complaint.needs_review) == ("in_progress", True)
    review = c.ReviewReply(finding="Propose it again.")
    assert not play(review, state=complaint).needs_review
    assert refusal(play(REGISTER, PROPOSE), review) == "wrong-state"


def test_an_escalation_says_to_which_level_to_whom_and_why() -> None:
    escalate = c.Escalate(level=2, to="board", reason="The press called.")
    assert when(play(REGISTER), escalate) == [
        e.ComplaintEscalated(level=2, to="board", reason="The press called.")
    ]
    assert play(REGISTER, escalate).escalation == 2


def test_the_origin_found_last_takes_the_place_of_the_one_before() -> None:
    first = c.IdentifyOrigin(sector="sales", cause="wrong advice", explanation="So he thought.")
    found = c.IdentifyOrigin(
        sector="billing",
        cause="double booking",
        explanation="The job ran twice.",
        problem_id=number(7),
        product="card",
    )
    assert when(play(REGISTER), found) == [
        e.OriginIdentified(
            sector="billing",
            cause="double booking",
            explanation="The job ran twice.",
            problem_id=number(7),
            product="card",
        )
    ]
    assert play(REGISTER, RESOLVE, first, found).origin == Origin(
        sector="billing", cause="double booking", product="card", problem_id=number(7)
    )


def test_a_flag_is_raised_until_it_is_cleared() -> None:
    clear = c.ClearFlag(flag="litigation", reason="Settled.")
    raised = play(REGISTER, RAISE, c.RaiseFlag(flag="press", reason="A journalist called."))
    assert when(play(REGISTER), RAISE) == [e.FlagRaised(flag="litigation", reason="The lawyer set a date.")]
    assert (raised.flags, when(raised, RAISE)) == (("litigation", "press"), [])
    assert when(raised, clear) == [e.FlagCleared(flag="litigation", reason="Settled.")]
    cleared = play(clear, state=raised)
    assert (cleared.flags, refusal(cleared, clear)) == (("press",), "unknown-flag")


def test_an_attachment_is_known_by_what_is_in_it() -> None:
    attach = c.Attach(name="receipt.pdf", media_type="application/pdf", size=12, sha256="0" * 64)
    assert when(play(REGISTER), attach) == [
        e.AttachmentAdded(
            attachment_id=number(99),
            name="receipt.pdf",
            media_type="application/pdf",
            size=12,
            sha256="0" * 64,
        )
    ]


def test_work_is_logged_with_what_it_cost() -> None:
    work = c.LogWork(minutes=25, activity="talk", cost="18.75", currency="BRL")
    assert when(play(REGISTER), work) == [
        e.WorkLogged(minutes=25, activity="talk", cost="18.75", currency="BRL")
    ]
    assert refusal(play(REGISTER), c.LogWork(minutes=5, activity="talk", cost="1")) == "amount-incomplete"


def test_a_holding_response_takes_a_complaint_into_work() -> None:
    until = NOW + timedelta(days=3)
    hold = c.SendHoldingResponse(reason="The bank is slow.", expected_by=until, channel="email")
    assert when(play(REGISTER), hold) == [
        e.HoldingResponseSent(reason="The bank is slow.", expected_by=until, channel="email")
    ]
    assert play(REGISTER, hold).state == "in_progress"
    assert play(REGISTER, ASK, hold).state == "awaiting_customer"
    past = c.SendHoldingResponse(reason="The bank is slow.", expected_by=EARLIER, channel="email")
    assert refusal(play(REGISTER), past) == "due-before-asked"


def test_a_workaround_and_a_public_page_are_recorded() -> None:
    assert when(play(REGISTER), c.OfferWorkaround(description="Use the app.")) == [
        e.WorkaroundOffered(description="Use the app.")
    ]
    exposure = c.RecordExposure(network="x", url="https://x.example/1", shares=12)
    assert when(play(REGISTER), exposure) == [
        e.ExposureRecorded(network="x", url="https://x.example/1", shares=12)
    ]


def test_a_rating_needs_a_number_and_a_complaint_that_was_resolved_once() -> None:
    rating = c.Rate(csat=4, ces=6, nps=9, comment="Quick in the end.")
    assert refusal(play(REGISTER), rating) == "never-resolved"
    assert refusal(play(REGISTER, RESOLVE), c.Rate(comment="Thanks.")) == "rating-empty"
    assert when(play(REGISTER, RESOLVE, REOPEN), rating) == [
        e.SatisfactionRated(csat=4, ces=6, nps=9, comment="Quick in the end.")
    ]
    assert refusal(play(REGISTER, RESOLVE), c.Rate(nps=0)) == ""
