"""Taking a complaint in, acknowledging, classifying, noting."""

from datetime import timedelta
from uuid import uuid4

import pytest
from msgspec import structs

from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint import values as v
from tests.domain.spec import NOW, POINTS, PROTOCOL, REGISTER, play, refusal, when


def registered(command: c.Register) -> e.ComplaintRegistered:
    (event,) = when(None, command)
    assert isinstance(event, e.ComplaintRegistered)
    return event


def test_a_registration_needs_no_more_than_subject_description_and_channel() -> None:
    assert when(None, REGISTER) == [
        e.ComplaintRegistered(
            protocol=PROTOCOL,
            subject="No refund",
            description="I sent it back in May.",
            channel="email",
            kind="complaint",
            anonymity="identified",
            received_at=NOW,
        )
    ]


def test_a_registration_keeps_everything_it_is_given() -> None:
    customer, before = uuid4(), uuid4()
    given = structs.replace(
        REGISTER,
        kind="report",
        customer_id=customer,
        contact=c.ContactInput(name="Bia", email="bia@example.org", phone="+55 11 5555"),
        anonymity="confidential",
        product="card",
        category="fees",
        journey_stage="after_purchase",
        severity="critical",
        remedy_sought="My money.",
        subject_refs=(c.SubjectRefInput(type="order", value="7"),),
        forwarded_from="consumidor.gov.br",
        prior_protocol="77",
        follows=before,
        source_ref="cfpb/1",
        received_at=NOW - timedelta(days=2),
    )
    assert registered(given) == e.ComplaintRegistered(
        protocol=PROTOCOL,
        subject="No refund",
        description="I sent it back in May.",
        channel="email",
        kind="report",
        anonymity="confidential",
        received_at=NOW - timedelta(days=2),
        customer_id=customer,
        contact=v.Contact(name="Bia", email="bia@example.org", phone="+55 11 5555"),
        product="card",
        category="fees",
        journey_stage="after_purchase",
        severity="critical",
        remedy_sought="My money.",
        subject_refs=(v.SubjectRef(type="order", value="7"),),
        forwarded_from="consumidor.gov.br",
        prior_protocol="77",
        follows=before,
        source_ref="cfpb/1",
    )


def test_a_registered_complaint_is_known_by_its_protocol_and_what_it_is() -> None:
    complaint = play(structs.replace(REGISTER, severity="low", product="card"))
    assert (complaint.state, complaint.protocol) == ("registered", PROTOCOL)
    assert (complaint.kind, complaint.severity, complaint.product) == ("complaint", "low", "card")


def test_the_first_point_is_the_main_one_where_none_is_marked() -> None:
    assert [(p.point_id, p.main) for p in registered(POINTS).points] == [("a", True), ("b", False)]


def test_the_marked_point_is_the_main_one() -> None:
    points = (c.PointInput(point_id="a"), c.PointInput(point_id="b", main=True))
    event = registered(structs.replace(REGISTER, points=points))
    assert [p.main for p in event.points] == [False, True]


@pytest.mark.parametrize(
    "points",
    [
        (c.PointInput(point_id="a"), c.PointInput(point_id="a")),
        (c.PointInput(point_id="a", main=True), c.PointInput(point_id="b", main=True)),
    ],
    ids=["same id", "two main points"],
)
def test_inconsistent_points_are_refused(points: tuple[c.PointInput, ...]) -> None:
    assert refusal(None, structs.replace(REGISTER, points=points)) == "points-inconsistent"


@pytest.mark.parametrize("given", [{"customer_id": uuid4()}, {"contact": c.ContactInput(name="Bia")}])
def test_an_anonymous_complaint_names_nobody(given: dict[str, object]) -> None:
    anonymous = structs.replace(REGISTER, anonymity="anonymous")
    assert refusal(None, anonymous) == ""
    assert refusal(None, structs.replace(anonymous, **given)) == "identity-given"


def test_a_registration_without_a_protocol_at_hand_is_a_defect_of_the_caller() -> None:
    with pytest.raises(ValueError, match="protocol"):
        when(None, REGISTER, protocol=None)


def test_every_acknowledgement_is_recorded() -> None:
    acknowledge = c.Acknowledge(channel="email", automatic=True, message="We have it.")
    expected = [e.ComplaintAcknowledged(channel="email", automatic=True, message="We have it.")]
    assert when(play(REGISTER), acknowledge) == expected
    assert when(play(REGISTER, acknowledge), acknowledge) == expected


def test_a_classification_records_what_changes_and_nothing_else() -> None:
    complaint = play(structs.replace(REGISTER, category="fees", severity="low"))
    events = when(complaint, c.Classify(category="fees", severity="high", tags=("vip", "vip", "press")))
    assert events == [e.ComplaintClassified(severity="high", tags=("vip", "press"))]


def test_a_classification_takes_every_field_of_its_row() -> None:
    classify = c.Classify(
        category="fees",
        severity="high",
        journey_stage="before_purchase",
        product="card",
        tags=("vip",),
        vulnerability=c.VulnerabilityInput(
            identified=True, drivers=("health",), caused_complaint=False, support_needs=("large print",)
        ),
        assessment=c.AssessmentInput(safety=True, complexity="low", impact="high", immediate_action=True),
    )
    complaint = play(REGISTER, classify)
    assert complaint.vulnerability == v.Vulnerability(
        identified=True, drivers=("health",), caused_complaint=False, support_needs=("large print",)
    )
    assert complaint.assessment == v.Assessment(
        safety=True, complexity="low", impact="high", immediate_action=True
    )
    assert (complaint.category, complaint.severity, complaint.product) == ("fees", "high", "card")
    assert (complaint.journey_stage, complaint.tags) == ("before_purchase", ("vip",))
    assert when(complaint, classify) == []


def test_an_empty_list_of_tags_takes_the_tags_away() -> None:
    assert play(REGISTER, c.Classify(tags=("vip",)), c.Classify(tags=())).tags == ()


def test_a_classification_of_nothing_is_refused() -> None:
    assert refusal(play(REGISTER), c.Classify()) == "nothing-to-change"


def test_a_note_carries_its_text() -> None:
    assert when(play(REGISTER), c.AddNote(text="Called.")) == [e.NoteAdded(text="Called.")]
