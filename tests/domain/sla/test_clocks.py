"""What starts, stops, pauses, resumes and ends a clock."""

from datetime import timedelta
from typing import Any

import pytest

from domain.complaint import events as e
from domain.sla import Clock, Facts, Match
from domain.sla.documents import CASE_OPENED
from tests.domain.sla.telling import (
    DAY,
    HELD,
    HOUR,
    MONDAY,
    REOPENED,
    Told,
    asked,
    called,
    case_answered,
    case_opened,
    length,
    local,
    number,
    policy,
    proposed,
    replied,
    resolved,
    target,
)

ACKNOWLEDGED = e.ComplaintAcknowledged(channel="email", automatic=True)
ACCEPTED = e.ResolutionAccepted(proposal_id=number(1), channel="phone", scope="full")
PARTLY = e.ResolutionAccepted(proposal_id=number(1), channel="phone", scope="partial", accepted_points=("a",))
WITHDRAWN = e.ComplaintWithdrawn(by="customer", reason="r")
DISMISSED = e.ComplaintDismissed(ground="spam", reason="r")
FORWARDED = e.ComplaintForwarded(to="x", scope="whole")
DUPLICATE = e.DuplicateMarked(of=number(9))


def told(stops: Any = "resolved", **fields: Any) -> Told:
    """A complaint of Monday, 09:00, with eight business hours for one target."""
    layer = fields.pop("layer", "internal")
    return Told(policy(target(stops, **fields), layer=layer, source="art. 1"))


def lives(clock: Clock) -> list[tuple[str, str]]:
    return [(interval.state, interval.reason) for interval in clock.intervals]


def test_a_clock_runs_met_breached_or_met_late() -> None:
    at = told()
    clock = at.clock()
    assert (clock.state, clock.due_at, clock.due_inclusive) == ("running", local("2026-11-23T18:00"), True)
    assert at.clock(now=local("2026-11-23T18:00")).state == "running"
    late = at.clock(now=local("2026-11-23T18:00") + timedelta(microseconds=1))
    assert (late.state, late.decided_at) == ("breached", clock.due_at)
    at.later(9 * HOUR).tell(resolved())
    assert (at.clock().state, at.clock().decided_at) == ("met", at.at)
    after = told().later(DAY).tell(resolved())
    clock = after.clock()
    assert (clock.state, clock.decided_at, clock.stopped_at) == ("met_late", clock.due_at, after.at)


def test_days_end_at_midnight_exclusive() -> None:
    at = told(length=length(2, "calendar_days"))
    midnight = local("2026-11-26T00:00")
    assert at.clock().due_at == midnight
    assert at.clock(now=midnight - timedelta(microseconds=1)).state == "running"
    assert at.clock(now=midnight).state == "breached"


@pytest.mark.parametrize(
    ("stops", "event"),
    [
        ("acknowledged", ACKNOWLEDGED),
        ("acknowledged", resolved()),
        ("first_response", called()),
        ("first_response", asked()),
        ("first_response", HELD),
        ("first_response", proposed()),
        ("first_response", resolved()),
        ("next_update", called()),
        ("holding_response", HELD),
        ("holding_response", proposed()),
        ("final_response", proposed()),
        ("final_response", resolved()),
        ("accepted", ACCEPTED),
        ("accepted", resolved("accepted")),
        ("accepted", resolved("accepted_on_contact")),
        ("resolved", resolved()),
        ("history_delivered", e.HistoryDelivered(channel="email")),
    ],
)
def test_what_stops_a_target(stops: Any, event: Any) -> None:
    at = told(stops).later(HOUR).tell(event)
    assert (at.clocks()[0].state, at.clocks()[0].stopped_at) == ("met", at.at)


@pytest.mark.parametrize(
    ("stops", "event"),
    [
        ("first_response", ACKNOWLEDGED),
        ("first_response", called(automatic=True)),
        ("first_response", called("message_left")),
        ("first_response", called("no_answer")),
        ("first_response", replied()),
        ("first_response", e.SectorConsulted(ask_id=number(1), sector="s", question="q")),
        ("next_update", called("wrong_number")),
        ("holding_response", called()),
        ("final_response", HELD),
        ("accepted", proposed()),
        ("accepted", PARTLY),
        ("accepted", resolved("no_answer")),
        ("resolved", proposed()),
    ],
)
def test_what_does_not_stop_it(stops: Any, event: Any) -> None:
    assert told(stops).later(HOUR).tell(event).clock().state == "running"


def test_a_proposal_withdrawn_is_no_final_response() -> None:
    at = told("final_response").later(HOUR).tell(proposed())
    assert at.clock().state == "met"
    at.later(HOUR).tell(e.ProposalWithdrawn(proposal_id=number(1)))
    assert at.clock().state == "running"
    assert at.later(HOUR).tell(proposed(2)).clock().stopped_at == at.at


def test_waiting_for_the_customer_pauses() -> None:
    at = told(pauses_in=("awaiting_customer",)).later(HOUR).tell(asked())
    paused = at.later(DAY).clock()
    assert (paused.state, paused.used, paused.due_at) == ("paused", HOUR, local("2026-11-24T18:00"))
    assert at.later(5 * DAY).clock().state == "paused"
    at.tell(replied(1))
    resumed = at.clock()
    assert resumed.state == "running"
    assert lives(resumed) == [
        ("running", "received_at"),
        ("paused", "awaiting_customer"),
        ("resumed", "awaiting_customer ended"),
    ]
    assert resumed.due_at == local("2026-11-30T17:00")


def test_a_sector_that_owes_an_answer_comes_before_the_customer() -> None:
    at = told(pauses_in=("awaiting_customer",)).tell(asked(1))
    at.later(HOUR).tell(e.SectorConsulted(ask_id=number(2), sector="s", question="q"))
    assert at.clock().state == "running"
    at.later(HOUR).tell(e.SectorAnswered(ask_id=number(2), sector="s", answer="a", late=False))
    assert at.clock().state == "paused"
    at.later(HOUR).tell(e.AskCancelled(ask_id=number(1), reason="r"))
    assert (at.clock().state, at.clock().used) == ("running", HOUR)


def test_an_answer_told_later_ends_the_pause_when_it_came() -> None:
    at = told(pauses_in=("awaiting_customer",)).tell(asked(1)).later(HOUR)
    at.tell(replied(1), at=MONDAY + HOUR / 2).later(HOUR)
    assert (at.clock().used, at.clock().due_at) == (1.5 * HOUR, local("2026-11-24T09:30"))


def test_a_date_counts_if_the_clock_runs_at_its_end() -> None:
    at = told(length=length(2, "business_days"), pauses_in=("awaiting_customer",))
    at.later(DAY).tell(asked()).later(2 * HOUR).tell(replied(1))
    assert at.clock().due_at == local("2026-11-26")
    at.later(2 * HOUR).tell(asked(2))
    assert (at.clock().state, at.clock().due_at) == ("paused", local("2026-11-26"))
    at.later(DAY).tell(replied(2))
    assert at.clock().due_at == local("2026-11-27")


@pytest.mark.parametrize(
    ("event", "why"),
    [(WITHDRAWN, "withdrawn"), (DISMISSED, "dismissed"), (FORWARDED, "forwarded"), (DUPLICATE, "duplicate")],
)
def test_what_leaves_nothing_to_do_cancels(event: Any, why: str) -> None:
    clock = told().later(HOUR).tell(event).later(5 * DAY).clock()
    assert (clock.state, clock.reason, clock.decided_at) == ("cancelled", why, MONDAY + HOUR)
    assert told().later(5 * DAY).tell(event).clock().state == "breached"


def test_an_outside_body_is_owed_its_answer_all_the_same() -> None:
    at = told("external_answered", counts_from=CASE_OPENED).tell(case_opened(MONDAY)).tell(WITHDRAWN)
    assert at.clock().state == "running"
    assert at.tell(case_answered()).clock().state == "met"


def test_a_duplicate_that_was_none_goes_on_as_if_never_marked() -> None:
    marked = told(pauses_in=("awaiting_customer",)).tell(asked()).later(HOUR).tell(replied(1))
    never = told(pauses_in=("awaiting_customer",)).tell(asked()).later(HOUR).tell(replied(1))
    marked.later(HOUR).tell(DUPLICATE).later(DAY).tell(e.DuplicateUnmarked(of=number(9)))
    assert marked.clock() == never.clock(now=marked.at)
    assert marked.clock().state == "breached"


def test_reopened_it_goes_on_and_the_time_resolved_does_not_count() -> None:
    at = told().later(2 * HOUR).tell(resolved()).later(7 * DAY).tell(REOPENED)
    clock = at.clock()
    assert (clock.state, clock.cycle, clock.used) == ("running", 1, 2 * HOUR)
    assert clock.due_at == local("2026-11-30T18:00")
    assert lives(clock)[1:] == [("stopped", "complaint-resolved"), ("resumed", "reopened")]
    assert at.later(HOUR).tell(resolved()).clock().state == "met"


def test_reopened_after_a_withdrawal_it_goes_on() -> None:
    at = told().later(HOUR).tell(WITHDRAWN).later(DAY).tell(REOPENED)
    assert (at.clock().state, at.clock().used) == ("running", HOUR)


def test_what_was_breached_before_stands_when_reopened() -> None:
    at = told().later(2 * DAY).tell(resolved()).later(DAY).tell(REOPENED).later(DAY).tell(resolved())
    (clock,) = at.clocks()
    assert (clock.state, clock.stopped_at) == ("met_late", MONDAY + 2 * DAY)


def test_reopening_does_not_ask_for_another_first_response() -> None:
    at = told("first_response").later(HOUR).tell(called()).tell(resolved()).later(DAY).tell(REOPENED)
    assert [clock.state for clock in at.clocks()] == ["met"]


def test_a_legal_target_begins_anew_from_what_the_customer_wrote() -> None:
    at = told("final_response", layer="legal", length=length(7, "calendar_days"))
    at.later(DAY).tell(resolved()).later(5 * DAY).tell(replied()).later(2 * DAY).tell(REOPENED)
    first, second = at.clocks()
    assert (first.state, first.stopped_at) == ("met", MONDAY + DAY)
    assert (second.state, second.cycle, second.started_at) == ("running", 2, MONDAY + 6 * DAY)
    assert second.due_at == local("2026-12-07")


def test_a_message_that_was_found_settled_begins_nothing() -> None:
    at = told("final_response", layer="legal").tell(resolved()).later(HOUR).tell(replied())
    at.later(HOUR).tell(e.ReplyReviewed(finding="Thanks.")).later(HOUR).tell(REOPENED)
    assert at.clock().started_at == at.at


def test_a_cycle_undecided_at_the_reopening_ends_there() -> None:
    at = told("accepted", layer="legal", length=length(3, "calendar_weeks")).tell(resolved())
    first, second = at.later(DAY).tell(REOPENED).clocks()
    assert (first.state, first.reason, second.state) == ("cancelled", "reopened", "running")


def test_each_update_starts_the_next_interval_while_open() -> None:
    at = told("next_update").later(HOUR).tell(called()).later(2 * DAY).tell(called())
    first, second, third = at.clocks()
    assert [clock.cycle for clock in (first, second, third)] == [1, 2, 3]
    assert (first.state, second.state, third.state) == ("met", "met_late", "running")
    assert (second.started_at, third.started_at) == (MONDAY + HOUR, at.at)
    at.later(HOUR).tell(resolved())
    assert [clock.state for clock in at.clocks()] == ["met", "met_late", "met"]
    at.later(DAY).tell(REOPENED)
    assert (at.clock().state, at.clock().cycle, at.clock().started_at) == ("running", 4, at.at)


def test_updates_count_from_the_first_of_the_events_that_begin_them() -> None:
    at = told("next_update", counts_from="customer-replied").later(HOUR).tell(replied())
    begun = at.at
    at.later(HOUR).tell(called()).later(HOUR).tell(replied()).later(HOUR).tell(called())
    assert [(clock.cycle, clock.state) for clock in at.clocks()] == [(1, "met"), (2, "met"), (3, "running")]
    assert [clock.started_at for clock in at.clocks()] == [begun, begun + HOUR, begun + 3 * HOUR]


def test_a_window_lapses_and_is_met_by_acceptance_alone() -> None:
    at = told("accepted", obligation="window").later(HOUR).tell(proposed())
    assert at.clock().state == "running"
    assert at.clock(now=at.at + DAY).state == "lapsed"
    assert at.later(HOUR).tell(ACCEPTED).clock().state == "met"
    late = told("accepted", obligation="window").later(2 * DAY).tell(ACCEPTED).clock()
    assert (late.state, late.stopped_at) == ("lapsed", None)


def test_every_case_of_an_outside_body_has_its_clock() -> None:
    stated = MONDAY + 9 * DAY
    at = Told(policy(target("external_answered", counts_from=CASE_OPENED, length=length(5, "calendar_days"))))
    assert at.clocks() == []
    at.tell(case_opened(MONDAY - DAY, n=1)).tell(case_opened(MONDAY, stated, n=2)).later(HOUR)
    first, second = at.clocks()
    assert (first.due_at, first.due_inclusive) == (local("2026-11-28"), False)
    assert (second.due_at, second.due_inclusive) == (stated, True)
    assert {first.case_id, second.case_id} == {number(1), number(2)}
    at.tell(case_answered(2))
    assert [clock.state for clock in at.clocks()] == ["running", "met"]
    at.tell(case_opened(MONDAY - DAY, stated + DAY, n=1))
    assert at.clocks()[0].due_at == stated + DAY


def test_only_cases_of_the_bodies_meant_have_a_clock() -> None:
    fos = policy(target("external_answered", counts_from=CASE_OPENED), match=Match(external_body="fos"))
    at = Told(fos, facts=Facts(external_bodies=("fos", "cfpb")))
    at.tell(case_opened(MONDAY, n=1)).tell(case_opened(MONDAY, n=2, body="fos"))
    assert [clock.case_id for clock in at.clocks()] == [number(2)]


def test_a_due_date_that_nobody_stated_is_not_invented() -> None:
    at = Told(policy(target("external_answered", counts_from=CASE_OPENED, length=None)))
    clock = at.tell(case_opened(MONDAY)).clock()
    assert (clock.state, clock.reason, clock.due_at) == ("undetermined", "no due date", None)


def test_what_counts_from_an_event_begins_with_it_and_anew_once_it_was_done() -> None:
    at = told("history_delivered", counts_from="history-requested", length=length(5, "calendar_days"))
    assert at.clocks() == []
    at.later(DAY).tell(e.HistoryRequested(channel="email")).later(DAY).tell(
        e.HistoryRequested(channel="email")
    )
    (first,) = at.clocks()
    assert (first.started_at, first.due_at) == (MONDAY + DAY, local("2026-11-30"))
    at.later(DAY).tell(e.HistoryDelivered(channel="email")).later(DAY).tell(
        e.HistoryRequested(channel="email")
    )
    first, second = at.clocks()
    assert (first.state, second.state, second.cycle) == ("met", "running", 2)


def test_a_correction_of_the_receipt_moves_the_clock() -> None:
    at = told().tell(e.ComplaintCorrected(reason="r", received_at=MONDAY - 2 * HOUR))
    assert (at.clock().started_at, at.clock().due_at) == (MONDAY - 2 * HOUR, local("2026-11-23T18:00"))


def test_a_start_may_be_rolled_to_the_next_opening() -> None:
    friday_night = local("2026-11-20T22:00")
    days = target(length=length(1, "calendar_days"), roll_start="next_opening")
    assert Told(policy(days), at=friday_night).clock().due_at == local("2026-11-25")
    hours = target(length=length(4, "calendar_hours"), roll_start="next_opening")
    clock = Told(policy(hours), at=friday_night).clock()
    assert (clock.started_at, clock.due_at) == (friday_night, local("2026-11-23T13:00"))
    met = Told(policy(hours), at=friday_night).later(HOUR).tell(resolved()).clock()
    assert (met.state, met.due_at, met.used) == ("met", clock.due_at, timedelta())
    assert all(each.until and each.since <= each.until for each in met.intervals)


def test_as_of_a_time_only_what_had_happened_counts() -> None:
    at = told().later(HOUR).tell(asked()).later(HOUR).tell(resolved())
    assert at.clock().state == "met"
    assert at.clock(now=MONDAY).state == "running"
