"""Clocks: what an event and a clock cost, against decoding that event and against a walk minute by minute."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec

from bench.measuring import Ratio, interleaved, report
from domain.complaint import ComplaintEvent
from domain.complaint import events as e
from domain.sla import (
    ActivePolicy,
    Book,
    Calendar,
    Facts,
    PinnedCalendar,
    Timeline,
    WorkingTime,
    apply,
    clocks,
    falls_due,
    noted,
)
from domain.sla.presets import DESK, SAC
from domain.sla.working_time import WEEKDAYS

RUNS = 5
START = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LIFE: tuple[tuple[int, ComplaintEvent], ...] = (
    (0, e.ComplaintRegistered(
        protocol="2026000000428", subject="No refund", description="I sent it back in May. Nothing since.",
        channel="email", kind="complaint", anonymity="identified", received_at=START)),
    (0, e.ComplaintAcknowledged(channel="email", automatic=True)),
    (1, e.ComplaintAssigned(analyst="ana", team="cards")),
    (2, e.CustomerContacted(channel="phone", summary="Called her.", outcome="reached", automatic=False)),
    (3, e.InformationRequested(ask_id=UUID(int=1), question="Which card?")),
    (27, e.CustomerReplied(channel="email", message="The blue one.", answers=(UUID(int=1),))),
    (28, e.SectorConsulted(ask_id=UUID(int=2), sector="billing", question="Was it paid?")),
    (50, e.SectorAnswered(ask_id=UUID(int=2), sector="billing", answer="No.", late=False)),
    (51, e.ResolutionProposed(
        proposal_id=UUID(int=3), outcome="upheld", summary="We pay it back.", channel="email")),
    (75, e.ComplaintResolved(outcome="upheld", basis="accepted")),
)  # fmt: skip
"""Hours after the start, and what happened."""


def main() -> None:
    """Print the ratios."""
    book, applied = _book(), applied_presets()
    timelines = _timelines(applied)
    bodies = [msgspec.json.encode(event) for _, event in LIFE]
    decoder: msgspec.json.Decoder[ComplaintEvent] = msgspec.json.Decoder(ComplaintEvent)
    read = clocks(timelines[-1], book, START + 80 * HOUR)
    assert {clock.state for clock in read} == {"met"}, read
    note, decode = interleaved(
        RUNS,
        _per(len(LIFE), lambda: _noted(applied)),
        _per(len(LIFE), lambda: [decoder.decode(body) for body in bodies]),
    )
    live, due = interleaved(
        RUNS,
        _per(len(LIFE), lambda: [clocks(timeline, book, START + 80 * HOUR) for timeline in timelines]),
        _per(len(LIFE), lambda: [falls_due(timeline, book, START + 80 * HOUR) for timeline in timelines]),
    )
    clock = live * len(LIFE) / sum(len(clocks(each, book, START + 80 * HOUR)) for each in timelines)
    added, walked = interleaved(RUNS, _per(1, _adding(book)), _per(1, _walking(), many=20))
    report(
        "service levels",
        [
            Ratio(
                "an event into the timeline", note, "decoding the event", decode, "µs CPU", 10, at_most=True
            ),
            Ratio(
                "all clocks of a complaint, after each event", live, "decoding the event", decode, "µs CPU"
            ),
            Ratio("what falls due, after each event", due, "decoding the event", decode, "µs CPU"),
            Ratio("one clock", clock, "walking its minutes", walked, "µs CPU", 0.02, at_most=True),
            Ratio(
                "40 business hours added", added, "walking its minutes", walked, "µs CPU", 0.01, at_most=True
            ),
        ],
    )


def _book() -> Book:
    presets = (SAC, DESK)
    return Book(
        policies={(each.name, 1): each for preset in presets for each in preset.policies},
        calendars={
            (each.name, 1): WorkingTime(PinnedCalendar(calendar=each, version=1))
            for preset in presets
            for each in preset.calendars
        },
    )


def applied_presets() -> e.SlaApplied:
    """What a complaint is told when both presets are in force."""
    active = [
        ActivePolicy(policy=each, version=1, calendar=PinnedCalendar(calendar=preset.calendars[0], version=1))
        for preset in (SAC, DESK)
        for each in preset.policies
    ]
    applied = apply(active, Facts(tier="standard"))
    return e.SlaApplied(policies=applied.policies, facts=applied.facts, cause="registered")


def _noted(applied: e.SlaApplied) -> Timeline:
    timeline = noted(Timeline(), applied, START, 1)
    for version, (hours, event) in enumerate(LIFE, 2):
        timeline = noted(timeline, event, START + hours * HOUR, version)
    return timeline


def _timelines(applied: e.SlaApplied) -> list[Timeline]:
    timeline = noted(Timeline(), applied, START, 1)
    found = []
    for version, (hours, event) in enumerate(LIFE, 2):
        timeline = noted(timeline, event, START + hours * HOUR, version)
        found.append(timeline)
    return found


def _adding(book: Book) -> Callable[[], object]:
    working = book.calendars["help-desk", 1]
    return lambda: working.after(START, 40 * HOUR)


def _walking() -> Callable[[], object]:
    """The same hours, looked at minute by minute."""
    calendar: Calendar = DESK.calendars[0]
    zone = WorkingTime(PinnedCalendar(calendar=calendar, version=1)).zone
    holidays: frozenset[date] = frozenset()

    def walk() -> datetime:
        left, moment = 40 * 60, START
        while left:
            wall = moment.astimezone(zone)
            windows = () if wall.date() in holidays else calendar.windows.get(WEEKDAYS[wall.weekday()], ())
            left -= any(opening <= f"{wall:%H:%M}" < close for opening, close in windows)
            moment += MINUTE
        return moment

    return walk


def _per(items: int, work: Callable[[], object], many: int = 2_000) -> Callable[[], float]:
    """Microseconds of CPU an item: nothing here waits."""

    def measure() -> float:
        begun = time.process_time()
        for _ in range(many // items or 1):
            work()
        return (time.process_time() - begun) / (many // items or 1) / items * 1e6

    return measure
