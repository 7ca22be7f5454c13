"""Cases that outside bodies open about a complaint."""

from datetime import timedelta

import pytest
from msgspec import structs

from domain.complaint import ComplaintCommand
from domain.complaint import commands as c
from domain.complaint import events as e
from tests.domain.spec import CLOSE, NOW, PROCON, REGISTER, RESOLVE, number, play, refusal, when

DAY = timedelta(days=1)
OPENED = play(REGISTER, PROCON)
ANSWER = c.AnswerExternalCase(case_id=number(2), answer="We pay it back.")
DECIDE = c.DecideExternalCase(case_id=number(2), outcome="resolved", rating=4)


def test_a_case_has_the_protocol_of_its_body_and_the_times_that_it_stated() -> None:
    stated = structs.replace(PROCON, opened_at=NOW - DAY, due_at=NOW + 9 * DAY)
    assert when(play(REGISTER), stated) == [
        e.ExternalCaseOpened(
            case_id=number(99),
            body="procon",
            reference="2026/7788",
            opened_at=NOW - DAY,
            due_at=NOW + 9 * DAY,
        )
    ]


def test_a_case_was_opened_when_it_is_told_unless_it_says_otherwise() -> None:
    (event,) = when(play(REGISTER), PROCON)
    assert isinstance(event, e.ExternalCaseOpened)
    assert (event.opened_at, event.due_at) == (NOW, None)


def test_a_date_that_has_passed_is_still_the_date_that_the_body_stated() -> None:
    assert refusal(play(REGISTER), structs.replace(PROCON, due_at=NOW - DAY)) == ""


def test_no_case_was_opened_in_the_future() -> None:
    assert refusal(play(REGISTER), structs.replace(PROCON, opened_at=NOW + DAY)) == "moment-in-future"


def test_the_same_protocol_of_the_same_body_is_the_same_case() -> None:
    assert when(OPENED, PROCON, now=NOW + DAY) == []
    (event,) = when(OPENED, structs.replace(PROCON, due_at=NOW + DAY))
    assert isinstance(event, e.ExternalCaseOpened)
    assert (event.case_id, event.opened_at, event.due_at) == (number(2), NOW, NOW + DAY)
    extended = play(structs.replace(PROCON, due_at=NOW + DAY), state=OPENED)
    assert len(extended.external_cases) == 1
    assert when(extended, PROCON) == []


def test_a_complaint_can_have_several_cases() -> None:
    court = c.OpenExternalCase(body="court", reference="2026/7788")
    complaint = play(court, structs.replace(PROCON, reference="2026/9"), state=OPENED, first=3)
    assert [case.case_id.int for case in complaint.external_cases] == [2, 3, 4]


def test_what_is_answered_and_decided_names_the_body_and_its_protocol() -> None:
    assert when(OPENED, ANSWER) == [
        e.ExternalCaseAnswered(
            case_id=number(2), body="procon", reference="2026/7788", answer="We pay it back."
        )
    ]
    assert when(OPENED, DECIDE) == [
        e.ExternalCaseDecided(
            case_id=number(2), body="procon", reference="2026/7788", outcome="resolved", rating=4
        )
    ]


def test_a_body_can_decide_again() -> None:
    assert when(play(DECIDE, state=OPENED), DECIDE) != []


@pytest.mark.parametrize("command", [ANSWER, DECIDE])
def test_an_unknown_case_is_refused(command: ComplaintCommand) -> None:
    assert refusal(play(REGISTER), command) == "unknown-external-case"


@pytest.mark.parametrize("command", [PROCON, ANSWER, DECIDE])
def test_bodies_do_not_ask_whether_the_case_is_closed(command: ComplaintCommand) -> None:
    assert refusal(play(RESOLVE, CLOSE, state=OPENED), command) == ""
