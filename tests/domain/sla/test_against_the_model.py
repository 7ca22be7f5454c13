"""Clocks against the model that walks minute by minute: random calendars, zones, pauses and reopenings."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.complaint import events as e
from domain.sla import Calendar, Target
from domain.sla.documents import OnReopening, Unit, Window
from tests.domain.sla.minutes import MINUTE, WEEKDAYS, Case, Found, Happened, Walk, arrived, cycle
from tests.domain.sla.telling import (
    Told,
    called,
    failed,
    length,
    number,
    policy,
    replied,
    resolved,
    sent,
    target,
)

ZONES = ("America/Sao_Paulo", "Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
WINDOWS: tuple[tuple[Window, ...], ...] = (
    (("09:00", "12:00"), ("13:00", "18:00")),
    (("08:00", "20:00"),),
    (("00:00", "24:00"),),
    (("06:30", "07:15"), ("10:00", "10:45"), ("22:00", "24:00")),
)
UNITS: dict[Unit, int] = {
    "business_minutes": 900,
    "business_hours": 20,
    "calendar_hours": 40,
    "business_days": 3,
    "calendar_days": 3,
    "calendar_weeks": 1,
    "close_of_business_day": 3,
}
STATES: Any = ("registered", "in_progress", "awaiting_customer", "awaiting_sector")
WHAT = (
    "ask",
    "ask",
    "reply",
    "consult",
    "answer",
    "call",
    "resolve",
    "resolve",
    "withdraw",
    "write",
    "reopen",
    "send",
    "send",
    "bounce",
)
TURNS = tuple(datetime(2026, *day, tzinfo=UTC) for day in ((3, 6), (3, 27), (10, 2), (10, 23), (10, 30)))
"""Days before the clocks change in some of the zones."""


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    days = draw(st.sets(st.sampled_from(WEEKDAYS), min_size=2))
    windows = {day: draw(st.sampled_from(WINDOWS)) for day in sorted(days, key=WEEKDAYS.index)}
    return Calendar(
        name="office",
        zone=draw(st.sampled_from(ZONES)),
        windows=windows,
        extra_holidays=tuple(draw(st.sets(st.dates(date(2026, 3, 6), date(2026, 3, 20)), max_size=4))),
    )


@st.composite
def targets(draw: st.DrawFn, mode: OnReopening) -> Target:
    unit = draw(st.sampled_from(sorted(UNITS)))
    return target(
        length=length(draw(st.integers(1, UNITS[unit])), unit),
        pauses_in=tuple(draw(st.sets(st.sampled_from(STATES), max_size=2))),
        on_reopening=mode,
        requires_dispatch=draw(st.booleans()),
    )


STEPS = st.integers(1, 12).map(lambda hours: hours * 60) | st.integers(1, 900)
"""Minutes; full hours meet the ends of windows and days."""


@st.composite
def histories(draw: st.DrawFn, start: datetime) -> list[Happened]:
    """What may happen to a complaint, each in a minute of its own."""
    case, at = Case(), start
    history: list[Happened] = []
    for _ in range(draw(st.integers(0, 10))):
        at += draw(STEPS) * MINUTE
        what = draw(st.sampled_from([what for what in WHAT if case.can(what)]))
        case.meet(what)
        history.append((at, what))
    return history


STARTS = st.builds(
    lambda day, minute: day + minute * MINUTE,
    st.sampled_from(TURNS),
    st.integers(0, 4 * 24).map(lambda hours: hours * 60) | st.integers(0, 4 * 24 * 60),
)


def told_of(  # noqa: C901 - one branch for each event
    history: list[Happened], start: datetime, calendar: Calendar, owed: Target
) -> Told:
    told = Told(policy(owed), calendars=[calendar], at=start)
    ask, consulted, answer = 0, 0, 0
    for index, (at, what) in enumerate(history, 10):
        event: Any
        match what:
            case "ask":
                ask, event = index, e.InformationRequested(ask_id=number(index), question="q")
            case "consult":
                consulted = index
                event = e.SectorConsulted(ask_id=number(index), sector="s", question="q")
            case "reply" | "write":
                event = replied(ask) if what == "reply" else replied()
            case "answer":
                event = e.SectorAnswered(ask_id=number(consulted), sector="s", answer="a", late=False)
            case "call":
                event = called()
            case "resolve":
                answer, event = told.version + 1, resolved()
            case "withdraw":
                event = e.ComplaintWithdrawn(by="customer", reason="r")
            case "send" | "bounce":
                event = sent(answer) if what == "send" else failed(answer)
            case "reopen":
                event = e.ComplaintReopened(reason="r")
        told.tell(event, at)
    return told


def seen(told: Told, now: datetime) -> list[Found]:
    return [
        compared(Found(clock.state, clock.due_at or now, int(clock.used / MINUTE)))
        for clock in told.clocks(now)
    ]


def compared(found: Found) -> Found:
    """The time used is of interest while it decides something."""
    return replace(found, used=-1) if found.state in {"breached", "met_late"} else found


@settings(max_examples=60, deadline=None)
@given(st.data(), calendars(), targets("resume"), STARTS)
def test_one_cycle_that_resumes(
    data: st.DataObject, calendar: Calendar, owed: Target, start: datetime
) -> None:
    history = data.draw(histories(start))
    last = history[-1][0] if history else start
    now = last + data.draw(st.integers(0, 3_000)) * MINUTE
    walk = Walk(owed, calendar, frozenset(calendar.extra_holidays), start)
    expected = cycle(walk, arrived(history), now, resumes=True, renewed=False)
    assert seen(told_of(history, start, calendar, owed), now) == [compared(expected)]


@settings(max_examples=40, deadline=None)
@given(st.data(), calendars(), targets("new_cycle"), STARTS)
def test_cycles_that_begin_anew(
    data: st.DataObject, calendar: Calendar, owed: Target, start: datetime
) -> None:
    history = data.draw(histories(start))
    last = history[-1][0] if history else start
    now = last + data.draw(st.integers(0, 3_000)) * MINUTE
    expected = []
    for begun, until in cycles_of(history, start):
        walk = Walk(owed, calendar, frozenset(calendar.extra_holidays), begun)
        renewed = until is not None
        found = cycle(walk, arrived(history), until or now, resumes=False, renewed=renewed)
        expected.append(compared(found))
    assert seen(told_of(history, start, calendar, owed), now) == expected


def cycles_of(history: list[Happened], start: datetime) -> list[tuple[datetime, datetime | None]]:
    """Each from the first thing the customer wrote since the end, or else from the reopening."""
    found: list[tuple[datetime, datetime | None]] = []
    written: datetime | None = None
    for at, what in history:
        if what == "write":
            written = written or at
        elif what == "reopen":
            found.append((start, at))
            start, written = written or at, None
    return [*found, (start, None)]


@settings(max_examples=30, deadline=None)
@given(st.data(), calendars(), targets("resume"), STARTS)
def test_what_is_foreseen_is_what_happens(
    data: st.DataObject, calendar: Calendar, owed: Target, start: datetime
) -> None:
    """The breach comes exactly when it was foreseen, and not a microsecond before."""
    history = data.draw(histories(start))
    now = history[-1][0] if history else start
    told = told_of(history, start, calendar, owed)
    for due in told.due(now):
        assert due.what == "breach"
        if due.at > now:
            told.at = due.at - timedelta(microseconds=1)
            assert told.watch() == []
        told.at = max(now, due.at)
        (event,) = told.watch()
        assert isinstance(event, e.SlaBreached)
        assert told.watch() == []


@given(st.lists(st.sampled_from(["request", "deliver", "send"]), max_size=12), st.randoms())
def test_every_request_has_a_clock_that_only_an_answer_to_it_stops(
    history: list[str], chance: Random
) -> None:
    owed = target("history_delivered", counts_from="history-requested", requires_dispatch=True)
    told = Told(policy(owed))
    given_at: dict[int, datetime] = {}
    left: dict[datetime, datetime] = {}
    requests: list[datetime] = []
    for what in history:
        told.later(MINUTE)
        match what:
            case "request":
                requests.append(told.at)
                told.tell(e.HistoryRequested(channel="phone"))
            case "deliver":
                told.tell(e.HistoryDelivered(channel="email"))
                given_at[told.version] = told.at
            case "send" if given_at:
                answer = chance.choice(sorted(given_at))
                told.tell(sent(answer))
                left[told.at] = given_at.pop(answer)
    answered = [(clock.started_at, left[clock.stopped_at]) for clock in told.clocks() if clock.stopped_at]
    running = [clock.started_at for clock in told.clocks() if not clock.stopped_at]
    assert all(start < given for start, given in answered)
    for asked_at in requests:
        awaited = any(start <= asked_at for start in running)
        assert awaited or any(start <= asked_at < given for start, given in answered)
