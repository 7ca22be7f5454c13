"""Correcting what was registered: fields, kind, customer, receipt, anonymity."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint import values as v
from tests.domain.spec import (
    CLOSE,
    CUSTOMER,
    NOW,
    OURS,
    POINTS,
    PROPOSE,
    REGISTER,
    RESOLVE,
    number,
    play,
    refusal,
    when,
)

CORRECT = c.Correct(reason="Misread.")
EARLIER = NOW - timedelta(days=2)


def corrected(**fields: Any) -> c.Correct:
    return structs.replace(CORRECT, **fields)


def test_a_correction_takes_every_field_of_the_registration() -> None:
    given = corrected(
        subject="No refund for order 7",
        description="I sent it back in June.",
        channel="letter",
        contact=c.ContactInput(name="Bia"),
        anonymity="confidential",
        product="card",
        category="fees",
        journey_stage="after_purchase",
        severity="high",
        remedy_sought="My money.",
        subject_refs=(c.SubjectRefInput(type="order", value="7"),),
        points=(c.PointInput(point_id="a"),),
        forwarded_from="procon",
        prior_protocol="77",
        follows=number(8),
        source_ref="crm/9",
        tags=("fee",),
        received_at=EARLIER,
    )
    (event,) = when(play(REGISTER), given, supervisor=True)
    assert event == e.ComplaintCorrected(
        reason="Misread.",
        subject="No refund for order 7",
        description="I sent it back in June.",
        channel="letter",
        contact=v.Contact(name="Bia"),
        anonymity="confidential",
        product="card",
        category="fees",
        journey_stage="after_purchase",
        severity="high",
        remedy_sought="My money.",
        subject_refs=(v.SubjectRef(type="order", value="7"),),
        points=(v.Point(point_id="a", main=True),),
        forwarded_from="procon",
        prior_protocol="77",
        follows=number(8),
        source_ref="crm/9",
        tags=("fee",),
        received_at=EARLIER,
        previous_received_at=NOW,
    )
    names = set(c.Register.__struct_fields__) - {"protocol"}
    assert names <= set(c.Correct.__struct_fields__)


def test_a_correction_is_folded() -> None:
    given = corrected(product="card", severity="low", journey_stage="after_purchase", category="fees")
    complaint = play(REGISTER, given)
    assert (complaint.product, complaint.severity) == ("card", "low")
    assert (complaint.journey_stage, complaint.category) == ("after_purchase", "fees")
    assert when(complaint, given) == []


def test_a_correction_of_nothing_is_refused() -> None:
    assert refusal(play(REGISTER), CORRECT) == "nothing-to-change"


def test_a_closed_complaint_is_corrected_too() -> None:
    closed = play(REGISTER, RESOLVE, CLOSE)
    after = play(corrected(category="fees"), state=closed)
    assert (after.state, after.category) == ("closed", "fees")


def test_a_field_that_should_be_empty_is_removed() -> None:
    complaint = play(structs.replace(REGISTER, product="card"))
    remove = corrected(remove=("product", "remedy_sought"))
    assert when(complaint, remove) == [
        e.ComplaintCorrected(reason="Misread.", removed=("product", "remedy_sought"))
    ]
    assert play(remove, state=complaint).product is None
    assert when(play(REGISTER), corrected(remove=("product",))) == []


def test_a_field_that_is_given_is_not_removed() -> None:
    both = corrected(product="loan", remove=("product",))
    assert when(play(REGISTER), both) == [e.ComplaintCorrected(reason="Misread.", product="loan")]


def test_corrected_points_keep_the_acceptance_of_those_that_stay() -> None:
    partial = c.AcceptResolution(channel="email", scope="partial", accepted_points=("a",))
    complaint = play(POINTS, PROPOSE, partial)
    stays = corrected(points=(c.PointInput(point_id="a"), c.PointInput(point_id="x")))
    assert play(stays, state=complaint).accepted_points == {"a"}
    goes = corrected(points=(c.PointInput(point_id="x"),))
    after = play(goes, state=complaint)
    assert (after.points, after.accepted_points) == (("x",), frozenset())


def test_corrected_points_are_consistent_too() -> None:
    twice = corrected(points=(c.PointInput(point_id="a"), c.PointInput(point_id="a")))
    assert refusal(play(REGISTER), twice) == "points-inconsistent"


def test_only_a_supervisor_corrects_when_it_was_received() -> None:
    complaint, moved = play(REGISTER), corrected(received_at=EARLIER)
    assert refusal(complaint, moved) == "supervisor-required"
    assert play(moved, state=complaint, supervisor=True).received_at == EARLIER
    assert refusal(complaint, moved, origin="import") == ""


def test_a_receipt_as_it_is_known_moves_nothing() -> None:
    assert when(play(REGISTER), corrected(received_at=NOW)) == []


def test_nothing_is_corrected_to_have_been_received_in_the_future() -> None:
    future = corrected(received_at=NOW + timedelta(days=1))
    assert refusal(play(REGISTER), future, supervisor=True) == "received-in-future"


def test_a_corrected_kind_is_a_change_of_kind() -> None:
    kind = corrected(kind="praise", category="service")
    assert refusal(play(REGISTER), kind) == "supervisor-required"
    assert when(play(REGISTER), kind, origin="import") == [
        e.KindChanged(kind="praise", previous="complaint", reason="Misread."),
        e.ComplaintCorrected(reason="Misread.", category="service"),
    ]
    assert when(play(REGISTER), corrected(kind="complaint")) == []


def test_a_corrected_customer_is_a_relinking() -> None:
    given = corrected(customer_id=number(501))
    assert when(play(OURS), given) == [
        e.CustomerRelinked(reason="Misread.", customer_id=number(501), previous_customer_id=CUSTOMER)
    ]


def test_relinking_keeps_the_old_customer_and_the_new_one() -> None:
    relink = c.RelinkCustomer(customer_id=number(501), reason="Her sister.")
    assert when(play(OURS), relink) == [
        e.CustomerRelinked(reason="Her sister.", customer_id=number(501), previous_customer_id=CUSTOMER)
    ]
    assert play(OURS, relink).customer_id == number(501)
    assert when(play(OURS, relink), relink) == []


def test_a_customer_can_be_unlinked() -> None:
    assert play(OURS, c.RelinkCustomer(customer_id=None, reason="Unknown.")).customer_id is None


def test_who_becomes_anonymous_is_named_nowhere_any_more() -> None:
    complaint = play(OURS)
    anonymous = corrected(anonymity="anonymous")
    assert when(complaint, anonymous) == [
        e.CustomerRelinked(reason="Misread.", previous_customer_id=CUSTOMER),
        e.ComplaintCorrected(reason="Misread.", anonymity="anonymous", removed=("contact",)),
    ]
    after = play(anonymous, state=complaint)
    assert (after.anonymity, after.customer_id) == ("anonymous", None)
    assert when(after, anonymous) == []


@pytest.mark.parametrize("given", [{"customer_id": CUSTOMER}, {"contact": c.ContactInput(name="Bia")}])
def test_an_anonymous_complaint_is_not_corrected_to_name_somebody(given: dict[str, Any]) -> None:
    anonymous = play(structs.replace(REGISTER, anonymity="anonymous"))
    assert refusal(anonymous, corrected(**given)) == "identity-given"
    assert refusal(play(REGISTER), corrected(anonymity="anonymous", **given)) == "identity-given"
    assert refusal(anonymous, corrected(anonymity="identified", **given)) == ""


def test_a_customer_is_linked_to_an_anonymous_complaint_only_with_its_anonymity() -> None:
    anonymous = play(structs.replace(REGISTER, anonymity="anonymous"))
    relink = c.RelinkCustomer(customer_id=CUSTOMER, reason="She called.")
    assert refusal(anonymous, relink) == "identity-given"
    assert when(anonymous, c.RelinkCustomer(customer_id=None, reason="Nobody.")) == []
    named = play(corrected(anonymity="identified", customer_id=CUSTOMER), state=anonymous)
    assert (named.anonymity, named.customer_id) == ("identified", CUSTOMER)
