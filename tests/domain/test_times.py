"""When a command may say that it happened."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from msgspec import structs

from domain.complaint import Complaint, ComplaintCommand
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.lifecycle import ALLOWED, CLOCK_FACTS, RECORDED_AS_REPLY, State
from domain.messages import Command, Origin
from domain.times import effective_time, utc
from tests.domain.spec import (
    ACCEPT,
    ANSWER,
    CLOSE,
    COMMANDS,
    CONSULT,
    FORWARD,
    INVESTIGATE,
    NOW,
    ORIGINAL,
    REGISTER,
    REPLY,
    RESOLVE,
    WITHDRAW,
    AnyCommand,
    complaint_in,
    number,
    play,
    refusal,
    when,
)

STATES = get_args(State)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
BRT = timezone(-timedelta(hours=3))


def test_a_command_without_a_time_happens_now() -> None:
    assert effective_time(REGISTER, NOW) == NOW


def test_a_given_time_counts_in_utc() -> None:
    command = Command(occurred_at=datetime(2026, 11, 23, 8, 55, tzinfo=BRT))
    assert effective_time(command, NOW) == datetime(2026, 11, 23, 11, 55, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead", "slug"), [(5, ""), (6, "occurred-in-future"), (86400, "occurred-in-future")]
)
def test_nothing_happened_in_the_future_but_for_a_clock_that_runs_ahead(ahead: int, slug: str) -> None:
    command = structs.replace(REGISTER, occurred_at=NOW + ahead * SECOND)
    assert refusal(None, command) == slug


def test_a_clock_that_runs_ahead_is_set_to_now() -> None:
    assert effective_time(Command(occurred_at=NOW + 3 * SECOND), NOW) == NOW


@pytest.mark.parametrize(
    ("ago", "reason", "origin", "slug"),
    [
        (15, None, "live", ""),
        (16, None, "live", "backdating-reason-missing"),
        (16, "The system was down.", "live", ""),
        (16, None, "import", ""),
        (16, None, "system", ""),
    ],
)
def test_what_happened_over_a_quarter_of_an_hour_ago_needs_a_reason(
    ago: int, reason: str | None, origin: Origin, slug: str
) -> None:
    command = structs.replace(REGISTER, occurred_at=NOW - ago * MINUTE, backdating_reason=reason)
    assert refusal(None, command, origin=origin) == slug


def test_the_reason_for_backdating_is_in_every_event_of_the_command() -> None:
    events = when(play(REGISTER), structs.replace(INVESTIGATE, backdating_reason="Told by phone."))
    assert events == [e.InvestigationStarted(backdating_reason="Told by phone.")]


@pytest.mark.parametrize(("before", "slug"), [(1, ""), (2, "before-last-change")])
def test_no_change_of_state_comes_before_the_last_one(before: int, slug: str) -> None:
    command = structs.replace(INVESTIGATE, occurred_at=NOW - before * SECOND)
    assert refusal(play(REGISTER), command) == slug


def test_a_server_clock_that_runs_behind_refuses_nothing() -> None:
    assert refusal(play(REGISTER), INVESTIGATE, now=NOW - MINUTE) == ""


def test_the_last_change_never_runs_backwards() -> None:
    early = structs.replace(ANSWER, occurred_at=NOW - 10 * MINUTE)
    answered = play(REGISTER, CONSULT, early)
    assert (answered.state, answered.changed_at) == ("in_progress", NOW)


@pytest.mark.parametrize(
    "verb", ["acknowledge", "classify", "assign", "contact-customer", "record-reply", "add-note"]
)
def test_what_changes_no_state_and_what_the_customer_says_may_have_happened_before(verb: str) -> None:
    command = structs.replace(COMMANDS[verb], occurred_at=NOW - 10 * MINUTE)
    assert refusal(play(REGISTER), command) == ""


@pytest.mark.parametrize("end", [(RESOLVE, CLOSE), (WITHDRAW,)])
def test_what_the_customer_said_before_the_end_is_recorded_after_it(
    end: tuple[ComplaintCommand, ...],
) -> None:
    early = structs.replace(REPLY, occurred_at=NOW - 10 * MINUTE)
    assert play(REGISTER, *end, early).needs_review


@pytest.mark.parametrize(("ahead", "slug"), [(5, ""), (6, "received-in-future")])
def test_nothing_was_received_in_the_future(ahead: int, slug: str) -> None:
    assert refusal(None, structs.replace(REGISTER, received_at=NOW + ahead * SECOND)) == slug


def test_a_complaint_was_received_when_it_was_registered_unless_it_says_otherwise() -> None:
    ago = NOW - 10 * MINUTE
    for command in (
        structs.replace(REGISTER, occurred_at=ago),
        structs.replace(REGISTER, received_at=ago.astimezone(BRT)),
    ):
        (event,) = when(None, command)
        assert isinstance(event, e.ComplaintRegistered)
        assert (event.received_at, event.received_at.tzinfo) == (ago, UTC)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=12))),
        datetime(1899, 12, 31, tzinfo=UTC),
        datetime(2200, 1, 1, tzinfo=UTC),
        datetime(1900, 1, 1, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_a_time_outside_our_calendars_is_refused_wherever_it_stands(moment: datetime) -> None:
    assert refusal(None, structs.replace(REGISTER, received_at=moment)) == "time-out-of-range"
    assert refusal(play(REGISTER), structs.replace(CONSULT, due_at=moment)) == "time-out-of-range"
    assert refusal(play(REGISTER), structs.replace(INVESTIGATE, occurred_at=moment)) == "time-out-of-range"


def test_the_first_and_the_last_moment_of_our_calendars_are_in() -> None:
    for moment in (datetime(1900, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)):
        assert utc(moment) == moment


LATE = {"occurred_at": NOW - 16 * MINUTE, "backdating_reason": "Told by phone."}
OLD = structs.replace(REGISTER, **LATE | {"occurred_at": NOW - timedelta(days=9)})


def late(command: AnyCommand) -> Any:
    return structs.replace(command, **LATE)


def old(state: State) -> Complaint:
    """A complaint in the state, whose last change was long ago."""
    return structs.replace(complaint_in(state), changed_at=NOW - timedelta(days=1))


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_a_late_record_that_moves_a_clock_needs_a_supervisor(verb: str) -> None:
    command = late(COMMANDS[verb])
    state = next(state for state in STATES if state in ALLOWED[verb] and state != "in_progress")
    if verb in RECORDED_AS_REPLY:
        state = "proposed"
    known: dict[str, Any] = {"lookup": ORIGINAL}
    always = verb in ("change-kind", "approve", "refuse")
    expected = "supervisor-required" if verb in CLOCK_FACTS or always else ""
    if verb in ("record-reply", "record-sector-answer", "cancel-ask"):
        state = "awaiting_sector"
    assert refusal(old(state), command, **known) == expected
    assert refusal(old(state), command, **known, supervisor=True) == ""


@pytest.mark.parametrize("verb", sorted(CLOCK_FACTS))
def test_channels_that_hand_on_and_imports_need_neither_reason_nor_supervisor(verb: str) -> None:
    command = structs.replace(COMMANDS[verb], occurred_at=NOW - timedelta(hours=1))
    state = next(state for state in STATES if state in ALLOWED[verb])
    if verb in RECORDED_AS_REPLY:
        state = "proposed"
    for exempt in ({"inbound": True}, {"origin": "import"}, {"origin": "system"}):
        assert refusal(old(state), command, lookup=ORIGINAL, **exempt) == ""


@pytest.mark.parametrize(
    ("command", "state"),
    [
        (c.ContactCustomer(channel="sms", summary="Sent.", outcome="reached", automatic=True), "in_progress"),
        (REPLY, "in_progress"),
        (REPLY, "closed"),
        (ACCEPT, "closed"),
        (structs.replace(FORWARD, scope="part"), "in_progress"),
        (c.Classify(severity="high"), "in_progress"),
        (c.FulfilPromise(promise_id=number(4)), "closed"),
        (c.PayCompensation(compensation_id=number(6)), "closed"),
    ],
)
def test_a_late_record_that_moves_no_clock_needs_a_reason_only(
    command: ComplaintCommand, state: State
) -> None:
    assert refusal(old(state), late(command)) == ""
    assert refusal(old(state), structs.replace(late(command), backdating_reason=None)) == (
        "backdating-reason-missing"
    )


def test_a_quarter_of_an_hour_is_not_late() -> None:
    contact = structs.replace(COMMANDS["contact-customer"], occurred_at=NOW - 15 * MINUTE)
    assert refusal(play(REGISTER), contact) == ""


def test_a_late_registration_needs_a_reason_only() -> None:
    assert refusal(None, OLD) == ""


def test_what_a_channel_hands_on_late_is_marked() -> None:
    late_reply = structs.replace(REPLY, occurred_at=NOW - timedelta(hours=1))
    (event,) = when(play(OLD), late_reply, inbound=True)
    assert event.inbound
    (event,) = when(play(OLD), REPLY, inbound=True)
    assert not event.inbound


def test_only_an_import_says_that_a_time_is_uncertain() -> None:
    uncertain = structs.replace(INVESTIGATE, time_uncertain=True)
    assert refusal(play(REGISTER), uncertain) == "uncertain-time"
    assert when(play(REGISTER), uncertain, origin="import") == [e.InvestigationStarted(time_uncertain=True)]
    assert when(play(REGISTER), INVESTIGATE, origin="import") == [e.InvestigationStarted()]
