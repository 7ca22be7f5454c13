"""The clocks of a cycle: what ran when, by when it was due, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from domain.sla.book import Series, Term
from domain.sla.clock import Clock, ClockState, Declared, OnceDue
from domain.sla.counting import Deadline, Run, deadline, used
from domain.sla.cycles import Cycle, Place
from domain.sla.documents import Length
from domain.sla.extending import extended
from domain.sla.running import Piece, intervals, pieces, runs
from domain.sla.story import Moment, Story


class Reckoned(Struct, frozen=True, gc=False):
    """The version of a target that decides, and what it comes to."""

    term: Term
    length: Length | None
    """As extended; None: the outside body stated when it is due."""
    deadline: Deadline | None
    extensions: int = 0
    granted: Place | None = None
    """What set the deadline last, beside policies: an extension, or the word of the outside body."""


class Judged(Struct, frozen=True, gc=False):
    """A clock, and what its warnings are reckoned from."""

    clock: Clock
    reckoned: Reckoned
    runs: Sequence[Run]


class Span(Struct, frozen=True, gc=False):
    """One policy's part of a cycle: the versions of it in force, after those of the policies before it."""

    terms: Sequence[Term]
    first: int
    until: datetime | None
    """When another policy, or none, took its place."""
    reason: str


class Laid(Struct, frozen=True, gc=False):
    """What a due date is reckoned from."""

    series: Series
    span: Span
    start: datetime
    end: datetime
    runs: Sequence[Run]
    story: Story


class Ending(Struct, frozen=True, gc=False):
    at: datetime
    state: ClockState
    reason: str | None = None
    uncertain: bool = False


def judged(series: Series, cycle: Cycle, story: Story, now: datetime) -> Iterator[Judged]:
    """One clock for each policy that held in the cycle until it was decided."""
    for span in _spans(series, cycle):
        found = _judged(series, cycle, span, story, now)
        yield found
        if found.clock.reason != span.reason or found.clock.state != "cancelled":
            return


def _spans(series: Series, cycle: Cycle) -> Iterator[Span]:
    """The policies in force from the start of the cycle; the first one holds for what was before it."""
    gone = series.gone
    if gone is not None and gone.at <= cycle.start.at:
        return
    held = [term for term in series.terms if term.since <= cycle.start.at][:-1]
    terms = series.terms[len(held) :]
    first = 0
    for index in range(1, len(terms) + 1):
        if index == len(terms):
            why = "superseded" if gone and gone.superseded else "no_longer_applies"
            yield Span(terms, first, gone.at if gone else None, why)
        elif terms[index].pinned.policy != terms[first].pinned.policy:
            yield Span(terms[:index], first, terms[index].since, "superseded")
            first = index


def _judged(series: Series, cycle: Cycle, span: Span, story: Story, now: datetime) -> Judged:
    start = _rolled(cycle.start.at, span.terms[0])
    ending = _ending(cycle, span, now)
    lasts = ending.state == "running"
    parts = pieces(start, span.terms, cycle, story, None if lasts else ending.at)
    ran = runs(parts, max(now, start) if lasts else ending.at)
    reckoned = _reckoned(Laid(series, span, start, ending.at, ran, story))
    term, length, due = reckoned.term, reckoned.length, reckoned.deadline
    clock = Clock(
        clock_id=series.clock_id(term),
        policy=term.pinned.policy,
        version=term.pinned.version,
        layer=term.pinned.layer,
        calendar=term.pinned.calendar,
        calendar_version=term.pinned.calendar_version,
        target=term.target.name,
        stops=term.target.stops,
        obligation=term.target.obligation,
        cycle=cycle.number,
        case_id=series.case_id,
        started_at=cycle.start.at,
        due_at=due.at if due else None,
        once_due=_once_due(cycle, term, parts, ending),
        due_inclusive=due is not None and due.inclusive,
        used=used(length.unit if length else "calendar_days", ran, ending.at),
        extended=reckoned.extensions,
        intervals=intervals(parts, cycle.reason),
        **_outcome(cycle, term, parts, due, ending),
    )
    return Judged(clock, reckoned, ran)


def _once_due(cycle: Cycle, term: Term, parts: Sequence[Piece], ending: Ending) -> OnceDue:
    if _unknown(cycle, parts, ending, missed=True):
        return "undetermined"
    return "breached" if term.target.obligation == "duty" else "lapsed"


def _rolled(start: datetime, term: Term) -> datetime:
    rolls = term.target.roll_start == "next_opening"
    return (term.time.next_opening(start) if rolls else None) or start


def _ending(cycle: Cycle, span: Span, now: datetime) -> Ending:
    """What comes first: what ends the cycle, what ends the policy's part in it, or now."""
    found = []
    if cycle.over is not None:
        moment, met = cycle.over.moment, cycle.over.met
        reason = None if met else cycle.over.reason
        found.append(Ending(moment.at, "met" if met else "cancelled", reason, moment.mark.uncertain))
    if cycle.renewed_at is not None:
        found.append(Ending(cycle.renewed_at, "cancelled", "reopened"))
    if span.until is not None:
        found.append(Ending(span.until, "cancelled", span.reason))
    return min(found, key=lambda ending: ending.at, default=Ending(now, "running"))


def _reckoned(laid: Laid) -> Reckoned:
    """By the first version under which it was due, or the last one in force."""
    span = laid.span
    first, *revised = span.terms[span.first :]
    took_over = span.first or laid.series.follows
    found = _under(laid, first, first.since if took_over else laid.start)
    for term in revised:
        if term.since > laid.end or (found.deadline and found.deadline.at <= term.since):
            break
        found = _under(laid, term, term.since)
    return found


def _under(laid: Laid, term: Term, not_before: datetime) -> Reckoned:
    series, start = laid.series, laid.start
    target = term.target
    if series.case is not None and series.case.due_at is not None:
        stated = Deadline(series.case.due_at, inclusive=True)
        return Reckoned(term, None, stated, granted=_place(laid.story.openings(series.case.case_id)))
    if target.length is None:
        return Reckoned(term, None, None)

    def limit(length: Length) -> Deadline | None:
        return deadline(
            length, start, laid.runs, time=term.time, roll_end=target.roll_end, not_before=not_before
        )

    by = laid.story.tagged(target.extension.by) if target.extension else ()
    known = [moment for moment in by if start <= moment.at <= laid.end]
    length, extensions = extended(target.length, target.extension, [moment.at for moment in known], limit)
    return Reckoned(term, length, limit(length), extensions, _place(known[:extensions]))


def _place(moments: Sequence[Moment]) -> Place | None:
    """Of the last one."""
    return Place(moments[-1].at, moments[-1].seq) if moments else None


def _outcome(
    cycle: Cycle, term: Term, parts: Sequence[Piece], due: Deadline | None, ending: Ending
) -> dict[str, Any]:
    """The clock's state, when that was decided and why."""
    if due is None:
        return _without_due(ending)
    missed = due.missed_at(ending.at)
    if unknown := _unknown(cycle, parts, ending, missed=missed):
        return {"state": "undetermined", "reason": unknown, "declared": _declared(cycle)}
    if missed:
        return _missed(cycle, term, due, ending)
    if ending.state == "running":
        return {"state": "running" if parts[-1].runs else "paused"}
    stopped_at = ending.at if ending.state == "met" else None
    return {"state": ending.state, "decided_at": ending.at, "stopped_at": stopped_at, "reason": ending.reason}


def _declared(cycle: Cycle) -> Declared | None:
    how = cycle.over.moment.mark.how if cycle.over else None
    return "timely" if how == "timely" else "untimely" if how == "untimely" else None


def _without_due(ending: Ending) -> dict[str, Any]:
    if ending.state == "cancelled":
        return {"state": "cancelled", "decided_at": ending.at, "reason": ending.reason}
    return {"state": "undetermined", "reason": "no due date"}


def _missed(cycle: Cycle, term: Term, due: Deadline, ending: Ending) -> dict[str, Any]:
    """Too late, whatever came after."""
    if term.target.obligation == "window":
        return {"state": "lapsed", "decided_at": due.at}
    done = [each.over.moment.at for each in cycle.breaks if each.over.met]
    done += [ending.at] if ending.state == "met" else []
    late = next((at for at in done if due.missed_at(at)), None)
    return {"state": "breached" if late is None else "met_late", "decided_at": due.at, "stopped_at": late}


def _unknown(cycle: Cycle, parts: Sequence[Piece], ending: Ending, *, missed: bool) -> str | None:
    """Why nobody can say whether it was met: when something happened is not known, and it matters."""
    if any(piece.uncertain for piece in parts[1:]) or any(
        each.over.moment.mark.uncertain for each in cycle.breaks
    ):
        return "when it paused is not known" if missed or ending.state == "met" else None
    if missed:
        return "when it began is not known" if cycle.uncertain else None
    uncertain_end = ending.state == "met" and ending.uncertain
    return "when it was done is not known" if uncertain_end else None
