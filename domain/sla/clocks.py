"""The clocks of a complaint, and what about them is to be recorded when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from domain.sla.book import Book, series
from domain.sla.clock import Clock, Due
from domain.sla.cycles import Course
from domain.sla.falling_due import Recorded, falling_due
from domain.sla.judging import Judged, judged
from domain.sla.story import Story
from domain.sla.timeline import Timeline


def clocks(timeline: Timeline, book: Book, now: datetime) -> tuple[Clock, ...]:
    """Every clock, first to last of each duty, as it stands `now` by what the timeline knows."""
    recorded = Recorded(timeline.records)
    return tuple(recorded.shown(each.clock) for each in _judged(timeline, book, now))


def falls_due(timeline: Timeline, book: Book, now: datetime) -> tuple[Due, ...]:
    """What is to be recorded, now or later, if nothing else happens; the earliest first."""
    recorded = Recorded(timeline.records)
    found = [due for each in _judged(timeline, book, now) for due in falling_due(each, recorded)]
    return tuple(sorted(found, key=lambda due: (due.at, due.clock_id, due.cycle)))


def _judged(timeline: Timeline, book: Book, now: datetime) -> Iterable[Judged]:
    """A policy that took over again goes on with the clock that it had."""
    known = _until(timeline, now)
    story = Story(known)
    found: dict[tuple[str, int], Judged] = {}
    for each in series(known, book):
        for cycle in Course(each, known, story).cycles():
            for one in judged(each, cycle, story, now):
                found[one.clock.clock_id, one.clock.cycle] = one
    return found.values()


def _until(timeline: Timeline, now: datetime) -> Timeline:
    """Without what occurs only later, which a simulation may know."""
    if all(mark.at <= now for mark in timeline.marks) and all(
        each.at <= now for each in timeline.applications
    ):
        return timeline
    return replace(
        timeline,
        marks=tuple(mark for mark in timeline.marks if mark.at <= now),
        applications=tuple(each for each in timeline.applications if each.at <= now),
        cases=tuple(case for case in timeline.cases if case.opened_at <= now),
    )
