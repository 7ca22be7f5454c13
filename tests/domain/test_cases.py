"""Whole cases, as whoever handled them would tell them."""

from datetime import timedelta
from decimal import Decimal

from msgspec import structs

from domain.complaint import commands as c
from domain.complaint import events as e
from tests.domain.spec import CUSTOMER, NOW, OURS, REGISTER, number
from tests.domain.story import ANA, SAMIR, SOFIA, Case

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def say(message: str) -> c.RecordReply:
    return c.RecordReply(channel="email", message=message)


def test_an_anonymous_caller_who_calls_again() -> None:
    """She gives no name, follows the case by its number, adds what she saw and is answered there."""
    case = Case(structs.replace(REGISTER, anonymity="anonymous", channel="phone"))
    case.do(c.RequestInformation(question="On which day was it?"))
    assert case.stands().state == "awaiting_customer"
    case.do(say("On the third."), inbound=True)
    assert case.stands().state == "in_progress"
    assert case.refused(c.RelinkCustomer(customer_id=CUSTOMER, reason="It must be her.")) == "identity-given"
    case.do(c.Resolve(outcome="upheld", summary="The clerk was trained.", basis="anonymous"))
    assert case.stands().customer_id is None


def test_a_lawyer_before_and_after_the_authority_is_verified() -> None:
    case = Case(OURS)
    case.do(c.AddParty(role="lawyer", contact=c.ContactInput(name="Dr. Rui")))
    lawyer = case.last_id
    assert [party.verified for party in case.stands().parties] == [False]
    assert case.do(say("I act for Bia; what is the state of it?")) == ["customer-replied"]
    case.do(c.VerifyAuthority(party_id=lawyer, evidence="Power of attorney of 20 November."))
    assert [party.verified for party in case.stands().parties] == [True]
    case.do(c.RemoveParty(party_id=lawyer, reason="She changed her lawyer."))
    assert case.stands().parties == ()


def test_two_grievances_of_which_one_is_accepted() -> None:
    points = (c.PointInput(point_id="fee", main=True), c.PointInput(point_id="tone"))
    case = Case(structs.replace(OURS, points=points))
    case.do(
        c.ProposeResolution(
            outcome="partly_upheld",
            summary="We pay the fee back; the tone was fine.",
            channel="letter",
            point_outcomes=(
                c.PointOutcomeInput(point_id="fee", outcome="upheld"),
                c.PointOutcomeInput(point_id="tone", outcome="not_upheld"),
            ),
        )
    )
    case.do(c.AcceptResolution(channel="phone", scope="partial", accepted_points=("fee",)))
    assert case.stands().state == "in_progress"
    case.do(c.ProposeResolution(outcome="upheld", summary="We are sorry for the tone.", channel="letter"))
    assert case.do(c.AcceptResolution(channel="phone", scope="partial", accepted_points=("tone",))) == [
        "resolution-accepted",
        "complaint-resolved",
    ]
    assert case.stands().state == "resolved"


def test_a_sector_stays_silent_while_the_final_response_goes_out_and_answers_after_closing() -> None:
    case = Case()
    case.do(c.ConsultSector(sector="billing", question="Was it paid?", due_at=NOW + DAY))
    asked = case.last_id
    case.later(2 * DAY)
    case.do(c.SendHoldingResponse(reason="Billing is slow.", expected_by=case.now + DAY, channel="email"))
    case.do(c.ProposeResolution(outcome="upheld", summary="We pay it back anyway.", channel="email"))
    (proposed,) = case.events[-1:]
    assert isinstance(proposed, e.ResolutionProposed)
    assert proposed.cancelled_asks == (asked,)
    case.do(c.AcceptResolution(channel="email"))
    case.do(c.Close(reason="accepted"))
    case.later(DAY)
    assert case.do(c.RecordSectorAnswer(ask_id=asked, answer="It was never paid.")) == ["sector-answered"]
    (answered,) = case.events[-1:]
    assert isinstance(answered, e.SectorAnswered)
    assert answered.late
    assert case.stands().state == "closed"


def test_a_customer_answers_after_closing_and_the_case_is_taken_up_again() -> None:
    case = Case()
    case.do(c.Resolve(outcome="not_upheld", summary="It was right.", basis="no_answer"))
    case.do(c.Close(reason="no_reply"))
    case.do(say("I was in hospital. Here is the receipt."))
    assert (case.stands().state, case.stands().needs_review) == ("closed", True)
    case.do(c.Reopen(reason="The receipt shows that she paid."))
    assert (case.stands().state, case.stands().needs_review) == ("in_progress", False)


def test_an_acceptance_is_clicked_in_an_old_e_mail() -> None:
    case = Case()
    case.do(c.ProposeResolution(outcome="partly_upheld", summary="Half.", channel="email"))
    old = case.last_id
    case.do(c.ProposeResolution(outcome="upheld", summary="All of it.", channel="email"))
    new = case.last_id
    assert case.do(c.AcceptResolution(channel="email", proposal_id=old)) == ["customer-replied"]
    assert (case.stands().state, case.stands().needs_review) == ("proposed", True)
    case.do(c.ReviewReply(finding="She meant the new one; asked her to say so."))
    case.do(c.AcceptResolution(channel="phone", proposal_id=new))
    assert case.stands().state == "resolved"


def test_compensation_is_agreed_the_payment_fails_and_is_then_paid() -> None:
    case = Case()
    case.do(c.OfferCompensation(kind="refund", amount="120.00", currency="BRL", reason="Charged twice."))
    refund = case.last_id
    case.do(c.AcceptCompensation(compensation_id=refund, channel="phone"))
    case.do(c.Resolve(outcome="upheld", summary="Paid back.", basis="accepted_on_contact"))
    assert case.refused(c.Close(reason="accepted")) == "redress-open"
    case.do(c.FailCompensation(compensation_id=refund, reason="The account was closed.", reference="E2E-0"))
    case.do(c.Close(reason="accepted"))
    case.later(3 * DAY)
    assert case.do(c.PayCompensation(compensation_id=refund, reference="E2E-1")) == ["compensation-paid"]
    (only,) = case.stands().compensations
    assert (case.stands().state, only.status) == ("closed", "paid")


def test_the_regulator_has_a_case_of_its_own_with_its_own_protocol() -> None:
    case = Case()
    case.do(c.Resolve(outcome="not_upheld", summary="It was right.", basis="final_position"))
    case.do(c.Close(reason="recourse_exhausted"))
    case.later(5 * DAY)
    opened = c.OpenExternalCase(
        body="bcb_rdr", reference="RDR 778", opened_at=case.now - DAY, due_at=case.now + 9 * DAY
    )
    case.do(opened, inbound=True)
    regulator = case.last_id
    case.do(c.OpenExternalCase(body="procon", reference="2026/1"))
    assert [known.reference for known in case.stands().external_cases] == ["RDR 778", "2026/1"]
    case.do(c.RaiseFlag(flag="regulator", reason="The central bank asks."))
    assert case.do(c.AnswerExternalCase(case_id=regulator, answer="We stand by it.")) == [
        "external-case-answered"
    ]
    case.do(c.DecideExternalCase(case_id=regulator, outcome="not_upheld"))
    assert case.stands().state == "closed"


def test_a_wrong_customer_was_linked() -> None:
    case, sister = Case(OURS), number(501)
    case.do(c.RelinkCustomer(customer_id=sister, reason="It was her sister who complained."))
    (relinked,) = case.events[-1:]
    assert isinstance(relinked, e.CustomerRelinked)
    assert (relinked.previous_customer_id, relinked.customer_id) == (CUSTOMER, sister)
    assert case.stands().customer_id == sister


def test_a_duplicate_is_marked_and_undone_and_never_in_both_directions_at_once() -> None:
    first = Case(OURS, stream_id=1)
    second = Case(OURS, stream_id=2, at=NOW + HOUR)
    second.do(c.RequestInformation(question="Which order?"))
    unmarked_then = first.seen()
    assert second.do(c.MarkDuplicate(of=first.id), lookup=first.seen()) == ["duplicate-marked"]
    assert first.refused(c.MarkDuplicate(of=second.id), lookup=second.seen()) == "not-a-duplicate"
    unseen = second.seen(state="awaiting_customer", duplicate_of=None)
    assert first.refused(c.MarkDuplicate(of=second.id), lookup=unseen) == "not-a-duplicate"
    second.do(c.UnmarkDuplicate(reason="About another order."))
    assert second.stands().state == "awaiting_customer"
    assert second.do(c.Link(to=first.id, relation="related"), lookup=unmarked_then) == ["complaint-linked"]


def test_a_dismissal_needs_a_second_person() -> None:
    case = Case()
    dismissal = c.Dismiss(ground="not_ours", reason="Another company of that name.")
    assert case.do(dismissal) == ["approval-requested"]
    asked = case.last_id
    assert case.stands().state == "registered"
    approve = c.Approve(approval_id=asked, reason="Indeed.")
    assert case.refused(approve) == "supervisor-required"
    assert case.refused(approve, **ANA | {"supervisor": True}) == "same-person"
    assert case.do(approve, **SOFIA) == ["approval-granted", "complaint-dismissed"]
    assert case.stands().state == "dismissed"
    case.do(c.Reopen(reason="It is ours after all."))
    assert case.stands().state == "in_progress"


def test_a_large_refund_is_refused_by_the_second_person_and_a_smaller_one_is_offered() -> None:
    case, limits = Case(), {"redress_limits": {"BRL": Decimal(100)}}
    case.do(c.OfferCompensation(kind="refund", amount="120.00", currency="BRL"), **limits)
    case.do(c.Refuse(approval_id=case.last_id, reason="A hundred is enough."), **SAMIR)
    assert case.stands().compensations == ()
    offered = case.do(c.OfferCompensation(kind="refund", amount="100.00", currency="BRL"), **limits)
    assert offered == ["compensation-offered"]


def test_a_case_is_forwarded_in_part() -> None:
    case = Case()
    case.do(c.ConsultSector(sector="billing", question="Was it paid?"))
    case.do(c.Forward(to="Insurance house", scope="part", customer_told_at=case.now))
    assert case.stands().state == "awaiting_sector"
    case.do(c.RecordSectorAnswer(sector="billing", answer="Yes."))
    case.do(c.Forward(to="Insurance house", scope="whole"))
    assert case.stands().state == "forwarded"


def test_a_supervisor_corrects_when_it_was_received() -> None:
    case = Case()
    received = NOW - 4 * DAY
    correct = c.Correct(received_at=received, reason="The stamp says so.")
    assert case.refused(correct) == "supervisor-required"
    case.do(correct, **SOFIA)
    (corrected,) = case.events[-1:]
    assert isinstance(corrected, e.ComplaintCorrected)
    assert (corrected.previous_received_at, case.stands().received_at) == (NOW, received)


def test_a_promise_is_missed_kept_late_and_the_customer_rates_it_all_the_same() -> None:
    case = Case()
    case.do(c.Promise(what="A call with the result.", due_at=NOW + DAY))
    promise = case.last_id
    case.later(DAY)
    assert case.do(c.RecordMissedPromise(promise_id=promise), origin="system") == ["promise-missed"]
    case.do(c.ContactCustomer(channel="phone", summary="Told her the result.", outcome="reached"))
    case.do(c.FulfilPromise(promise_id=promise))
    assert case.refused(c.Rate(csat=2)) == "never-resolved"
    case.do(c.Resolve(outcome="upheld", summary="Paid back.", basis="accepted_on_contact"))
    assert case.do(c.Rate(csat=4, comment="In the end.")) == ["satisfaction-rated"]
