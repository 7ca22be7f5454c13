"""A clock that stops when the answer left: at once, or with the message where one has to be sent."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.complaint import events as e
from domain.sla import Facts, Target
from domain.sla.presets import FCA
from domain.sla.sending import ANSWERS, MESSAGES, TOLD, is_message
from domain.sla.story import MEETS
from tests.domain.sla.telling import (
    DAY,
    HOUR,
    MONDAY,
    REOPENED,
    Told,
    asked,
    called,
    failed,
    length,
    local,
    number,
    policy,
    proposed,
    register,
    resolved,
    sent,
    target,
)

SLA = (Path(__file__).parents[3] / "docs" / "sla.md").read_text(encoding="utf-8")
HELD = e.HoldingResponseSent(reason="r", expected_by=MONDAY, channel="email")
ANSWER = 3
"""The version of what is told after the registration and the policies."""


def owed(stops: Any = "final_response", **fields: Any) -> Target:
    return target(stops, requires_dispatch=True, **fields)


def told(stops: Any = "final_response", **fields: Any) -> Told:
    return Told(policy(owed(stops, **fields))).later(HOUR)


@pytest.mark.parametrize("channel", ["phone", "in person", "letter", "web", "chat", "consumidor.gov.br"])
def test_an_answer_that_is_its_own_sending_stops_it_at_its_own_time(channel: str) -> None:
    at = told().tell(proposed(channel=channel))
    assert (at.clock().state, at.clock().stopped_at) == ("met", at.at)


@pytest.mark.parametrize("channel", ["email", "E-mail", "SMS", "WhatsApp", "Telegram"])
def test_a_message_stops_it_when_it_is_sent_and_not_before(channel: str) -> None:
    at = told().tell(proposed(channel=channel)).later(HOUR)
    assert at.clock().state == "running"
    at.tell(sent(ANSWER)).later(HOUR)
    assert (at.clock().state, at.clock().stopped_at) == ("met", at.at - HOUR)


def test_a_message_that_nobody_says_was_sent_lets_it_run_into_the_breach() -> None:
    at = told().tell(proposed(channel="email")).later(DAY)
    assert (at.clock().state, [due.what for due in at.due()]) == ("breached", ["breach"])
    at.tell(sent(ANSWER))
    assert (at.clock().state, at.clock().stopped_at) == ("met_late", at.at)


def test_what_comes_back_lets_it_run_as_if_it_had_never_stopped() -> None:
    at = told().tell(proposed(channel="email")).tell(sent(ANSWER))
    never = told().later(HOUR).clock()
    at.later(HOUR).tell(failed(ANSWER))
    clock = at.clock()
    assert (clock.state, clock.used, clock.due_at) == ("running", 2 * HOUR, never.due_at)
    assert clock.intervals == never.intervals
    at.later(HOUR).tell(sent(ANSWER))
    assert (at.clock().state, at.clock().stopped_at) == ("met", at.at)


def test_of_several_messages_the_first_that_did_not_come_back_counts() -> None:
    at = told().tell(proposed(channel="email")).tell(sent(ANSWER, "a"))
    at.later(HOUR).tell(sent(ANSWER, "b")).later(HOUR).tell(failed(ANSWER, "a"))
    assert at.clock().stopped_at == at.at - HOUR


def test_attempts_count_in_the_order_in_which_they_were_made() -> None:
    at = told().tell(proposed(channel="email")).later(HOUR).tell(sent(ANSWER))
    at.tell(failed(ANSWER), at=at.at - timedelta(minutes=1))
    assert at.clock().stopped_at == at.at


def test_what_comes_back_within_the_second_of_its_sending_comes_after_it() -> None:
    at = told().tell(proposed(channel="email")).later(timedelta(seconds=0.7)).tell(sent(ANSWER))
    at.tell(failed(ANSWER), at=at.at - timedelta(seconds=0.7)).later(HOUR)
    assert at.clock().state == "running"


def test_what_was_given_before_it_was_asked_for_answers_nothing_however_late_it_leaves() -> None:
    history = owed("history_delivered", counts_from="history-requested")
    at = Told(policy(history)).tell(e.HistoryDelivered(channel="email")).later(HOUR)
    at.tell(e.HistoryRequested(channel="phone")).later(HOUR).tell(sent(ANSWER))
    assert at.clock().state == "running"


def test_what_is_asked_for_again_before_the_answer_left_begins_a_clock_of_its_own() -> None:
    history = owed("history_delivered", counts_from="history-requested", length=length(9, "calendar_days"))
    requested, delivered = e.HistoryRequested(channel="phone"), e.HistoryDelivered(channel="email")
    at = Told(policy(history)).later(DAY).tell(requested).later(DAY).tell(delivered)
    answer, first = at.version, at.at - DAY
    at.later(DAY).tell(requested)
    assert [(clock.state, clock.started_at) for clock in at.clocks()] == [("running", first)]
    second = at.at
    at.later(DAY).tell(sent(answer))
    assert [(clock.state, clock.started_at) for clock in at.clocks()] == [("met", first), ("running", second)]
    at.later(DAY).tell(e.HistoryDelivered(channel="phone"))
    assert [clock.stopped_at for clock in at.clocks()] == [second + DAY, at.at]


def test_a_sending_is_about_one_answer_and_goes_to_the_customer() -> None:
    at = told().tell(proposed(channel="email")).tell(sent(ANSWER - 1)).tell(sent(ANSWER, audience="staff"))
    assert at.clock().state == "running"


def test_nothing_left_before_it_was_decided() -> None:
    at = told().tell(proposed(channel="email")).tell(sent(ANSWER), at=MONDAY)
    assert at.clock().stopped_at == at.at


@pytest.mark.parametrize(
    ("stops", "event"),
    [
        ("acknowledged", e.ComplaintAcknowledged(channel="email", automatic=True)),
        ("first_response", asked()),
        ("holding_response", HELD),
        ("history_delivered", e.HistoryDelivered(channel="email")),
        ("resolved", resolved()),
        ("resolved", resolved("no_answer", channel="sms")),
    ],
)
def test_what_needs_a_message(stops: Any, event: Any) -> None:
    at = told(stops).tell(event).later(HOUR)
    assert at.clock().state == "running"
    assert at.tell(sent(ANSWER)).clock().stopped_at == at.at


@pytest.mark.parametrize(
    ("stops", "event"),
    [
        ("first_response", called()),
        ("first_response", e.InformationRequested(ask_id=number(1), question="q", channel="phone")),
        ("resolved", resolved(channel="letter")),
        *(("resolved", resolved(basis)) for basis in sorted(TOLD)),
    ],
)
def test_what_needs_none(stops: Any, event: Any) -> None:
    at = told(stops).tell(event)
    assert at.clock().stopped_at == at.at


def test_each_message_that_was_sent_begins_the_next_update() -> None:
    at = told("next_update").tell(HELD).later(HOUR)
    assert [clock.state for clock in at.clocks()] == ["running"]
    at.tell(sent(ANSWER))
    assert [(clock.state, clock.started_at) for clock in at.clocks()] == [("met", MONDAY), ("running", at.at)]
    at.later(HOUR).tell(failed(ANSWER))
    assert [(clock.state, clock.started_at) for clock in at.clocks()] == [("running", MONDAY)]


def test_a_message_that_leaves_once_the_case_is_open_again_answers_nothing() -> None:
    at = told().tell(resolved()).later(HOUR).tell(REOPENED).later(HOUR).tell(sent(ANSWER))
    assert (at.clock().state, at.clock().used) == ("running", 3 * HOUR)
    at.tell(proposed(channel="phone"))
    assert at.clock().state == "met"


def test_a_sending_learnt_late_corrects_the_breach() -> None:
    at = told().tell(proposed(channel="email")).later(DAY)
    (breached,) = at.watch()
    at.later(HOUR).tell(sent(ANSWER), at=MONDAY + 2 * HOUR)
    (corrected,) = at.watch()
    assert isinstance(breached, e.SlaBreached)
    assert isinstance(corrected, e.SlaBreachCorrected)
    assert (corrected.verdict, corrected.met_at) == ("met", MONDAY + 2 * HOUR)


def test_what_comes_back_after_the_time_is_a_breach_all_the_same() -> None:
    at = told().tell(proposed(channel="email")).tell(sent(ANSWER)).later(DAY)
    assert at.watch() == []
    at.tell(failed(ANSWER))
    (breached,) = at.watch()
    assert isinstance(breached, e.SlaBreached)
    assert breached.due_at == local("2026-11-23T18:00")


def test_an_import_that_says_nothing_of_sendings_leaves_it_undetermined() -> None:
    at = Told(policy(owed()), cause="imported").later(HOUR).tell(proposed(channel="email"))
    clock = at.clock()
    assert (clock.state, clock.reason) == ("undetermined", "when it was done is not known")
    assert at.tell(failed(ANSWER)).clock().state == "running"
    assert at.tell(sent(ANSWER, "n")).clock().state == "met"


def test_an_imported_answer_too_late_to_be_sent_in_time_is_late_however_it_was_sent() -> None:
    at = Told(policy(owed()), cause="imported").later(DAY).tell(proposed(channel="email"))
    assert at.clock().state == "met_late"


def test_without_the_condition_nothing_has_to_be_sent() -> None:
    at = Told(policy(target("final_response"))).later(HOUR).tell(proposed(channel="email"))
    assert at.clock().state == "met"


def test_the_eight_weeks_of_the_fca_end_with_the_message() -> None:
    at = Told.under(FCA, MONDAY, facts=Facts()).later(50 * DAY).tell(proposed(channel="email"))
    assert at.clock("final-response").state == "running"
    assert at.later(DAY).tell(sent(at.version)).clock("final-response").state == "met"


def test_every_answer_but_those_that_arrive_by_themselves_may_need_a_message() -> None:
    arrive = {"customer-contacted", "resolution-accepted", "external-case-answered"}
    assert MEETS.keys() - arrive == ANSWERS


def test_the_channels_of_messages_are_named() -> None:
    named = SLA.partition("by a message:")[2].partition(".")[0]
    assert {"".join(filter(str.isalnum, name)) for name in named.split("`")[1::2]} == MESSAGES
    assert all(map(is_message, MESSAGES))
    assert is_message(None)


def test_a_registration_is_no_message() -> None:
    assert Told().tell(register(MONDAY)).timeline.marks == ()
