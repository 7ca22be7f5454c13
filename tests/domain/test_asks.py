"""What customers and sectors are asked: a set of asks, from which the state follows."""

from datetime import timedelta

import pytest
from msgspec import structs

from domain.complaint import Complaint, ComplaintCommand
from domain.complaint import commands as c
from domain.complaint import events as e
from tests.domain.spec import (
    ANSWER,
    ASK,
    CLOSE,
    CONSULT,
    NOW,
    PROPOSE,
    REGISTER,
    REPLY,
    RESOLVE,
    WITHDRAW,
    number,
    play,
    refusal,
    when,
)


def open_asks(complaint: Complaint) -> list[int]:
    return [ask.ask_id.int for ask in complaint.asks]


@pytest.mark.parametrize(
    ("commands", "state"),
    [
        ((ASK,), "awaiting_customer"),
        ((CONSULT,), "awaiting_sector"),
        ((ASK, CONSULT), "awaiting_sector"),
        ((ASK, CONSULT, ANSWER), "awaiting_customer"),
        ((ASK, CONSULT, REPLY), "awaiting_sector"),
        ((ASK, CONSULT, REPLY, ANSWER), "in_progress"),
    ],
)
def test_the_state_follows_from_the_open_asks(commands: tuple[ComplaintCommand, ...], state: str) -> None:
    assert play(REGISTER, *commands).state == state


def test_an_ask_has_an_id_a_question_and_a_time() -> None:
    due = NOW + timedelta(days=2)
    assert when(play(REGISTER), structs.replace(ASK, due_at=due)) == [
        e.InformationRequested(ask_id=number(99), question="Which order?", due_at=due)
    ]
    assert when(play(REGISTER), structs.replace(CONSULT, due_at=due)) == [
        e.SectorConsulted(ask_id=number(99), sector="billing", question="Was it paid?", due_at=due)
    ]


@pytest.mark.parametrize("ask", [ASK, CONSULT])
def test_nothing_is_due_before_it_is_asked(ask: c.RequestInformation | c.ConsultSector) -> None:
    past = structs.replace(ask, due_at=NOW - timedelta(seconds=1))
    assert refusal(play(REGISTER), past) == "due-before-asked"


def test_an_answer_names_the_ask_or_the_sector_that_has_only_one() -> None:
    complaint = play(REGISTER, CONSULT)
    expected = [e.SectorAnswered(ask_id=number(2), sector="billing", answer="Yes.", late=False)]
    assert when(complaint, ANSWER) == expected
    assert when(complaint, c.RecordSectorAnswer(ask_id=number(2), answer="Yes.")) == expected
    assert (
        when(complaint, c.RecordSectorAnswer(ask_id=number(2), sector="billing", answer="Yes.")) == expected
    )


@pytest.mark.parametrize(
    ("named", "slug"),
    [
        ({}, "ask-not-named"),
        ({"ask_id": number(7)}, "unknown-ask"),
        ({"sector": "legal"}, "unknown-ask"),
        ({"ask_id": number(2), "sector": "legal"}, "unknown-ask"),
        ({"sector": "billing"}, "ambiguous-ask"),
    ],
)
def test_an_answer_to_nothing_in_particular_is_refused(named: dict[str, object], slug: str) -> None:
    complaint = play(REGISTER, CONSULT, CONSULT)
    answer = structs.replace(c.RecordSectorAnswer(answer="Yes."), **named)
    cancel = structs.replace(c.CancelAsk(reason="Settled."), **named)
    assert (refusal(complaint, answer), refusal(complaint, cancel)) == (slug, slug)


def test_a_sector_does_not_answer_for_the_customer() -> None:
    assert (
        refusal(play(REGISTER, ASK), c.RecordSectorAnswer(ask_id=number(2), answer="Yes.")) == "unknown-ask"
    )


@pytest.mark.parametrize("end", [(ANSWER,), (PROPOSE,), (RESOLVE, CLOSE), (WITHDRAW,)])
def test_a_late_answer_is_recorded_in_any_state_and_changes_none(end: tuple[ComplaintCommand, ...]) -> None:
    complaint = play(*end, state=play(REGISTER, CONSULT))
    late = c.RecordSectorAnswer(ask_id=number(2), answer="It was paid.")
    assert when(complaint, late) == [
        e.SectorAnswered(ask_id=number(2), sector="billing", answer="It was paid.", late=True)
    ]
    after = play(late, state=complaint)
    assert structs.replace(after, version=complaint.version) == complaint


def test_a_cancelled_ask_waits_for_nobody() -> None:
    complaint = play(REGISTER, ASK)
    cancel = c.CancelAsk(ask_id=number(2), reason="Settled.")
    assert when(complaint, cancel) == [e.AskCancelled(ask_id=number(2), reason="Settled.")]
    assert play(cancel, state=complaint).state == "in_progress"
    assert when(play(cancel, state=complaint), cancel) == []


def test_an_ask_to_a_sector_can_be_cancelled_by_the_sector() -> None:
    assert when(play(REGISTER, CONSULT), c.CancelAsk(sector="billing", reason="Settled.")) == [
        e.AskCancelled(ask_id=number(2), sector="billing", reason="Settled.")
    ]


@pytest.mark.parametrize("decision", [PROPOSE, RESOLVE, WITHDRAW])
def test_a_decision_cancels_the_open_asks_and_names_them(decision: ComplaintCommand) -> None:
    complaint = play(REGISTER, ASK, CONSULT)
    (event,) = when(complaint, decision)
    assert isinstance(event, e.ResolutionProposed | e.ComplaintResolved | e.ComplaintWithdrawn)
    assert event.cancelled_asks == (number(2), number(3))
    after = play(decision, state=complaint)
    assert open_asks(after) == []
    assert [ask.ask_id.int for ask in after.past_asks] == [2, 3]
