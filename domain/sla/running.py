"""The pieces of a clock's life: running, paused, or stopped until the complaint was reopened."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from domain.complaint.lifecycle import State
from domain.sla.book import Term
from domain.sla.clock import Interval
from domain.sla.counting import Run
from domain.sla.cycles import Break, Cycle
from domain.sla.story import Phase, Story


class Piece(Struct, frozen=True, gc=False):
    """`until` None: it lasts."""

    since: datetime
    until: datetime | None
    paused_in: State | None
    """Paused, in that state."""
    stopped: Break | None
    term: Term
    """In force then."""
    uncertain: bool
    """Nobody knows when it began to pause or to run."""

    def is_like(self, other: Piece) -> bool:
        """Whether nothing but the time differs."""
        return self.paused_in == other.paused_in and self.stopped is other.stopped and self.term is other.term

    @property
    def runs(self) -> bool:
        """Whether the time counts."""
        return self.paused_in is None and self.stopped is None


def pieces(
    start: datetime, terms: Sequence[Term], cycle: Cycle, story: Story, until: datetime | None
) -> list[Piece]:
    """The pieces from the start to the end, at least one; what is alike is one piece."""
    phases = story.phases if any(term.target.pauses_in for term in terms) else []
    found: list[Piece] = []
    for piece in _cut(start, terms, cycle.breaks, phases, until):
        if found and found[-1].is_like(piece):
            found[-1] = replace(found[-1], until=piece.until)
        else:
            toggled = not found or found[-1].runs != piece.runs
            found.append(replace(piece, uncertain=piece.uncertain and toggled))
    return found


def runs(found: Sequence[Piece], resumes_at: datetime) -> list[Run]:
    """The stretches that count; the last goes on, if need be from when the clock might resume."""
    running = [Run(piece.since, piece.until, piece.term.time) for piece in found if piece.runs]
    last = found[-1]
    if last.runs:
        running[-1] = replace(running[-1], until=None)
    else:
        running.append(Run(max(resumes_at, last.since), None, last.term.time))
    return running


def intervals(found: Sequence[Piece], reason: str) -> tuple[Interval, ...]:
    """The pieces as people read them; the first runs for a reason of its own."""
    read: list[Interval] = []
    for piece in (_ended(piece) for piece in found):
        if read and piece.runs and read[-1].state in {"running", "resumed"}:
            read[-1] = Interval(
                state=read[-1].state, since=read[-1].since, reason=read[-1].reason, until=piece.until
            )
        else:
            read.append(_interval(piece, read[-1] if read else None, reason))
    return tuple(read)


def _ended(piece: Piece) -> Piece:
    """What was done before the start that a calendar allows never ran."""
    return piece if piece.until is None else replace(piece, since=min(piece.since, piece.until))


def _interval(piece: Piece, before: Interval | None, reason: str) -> Interval:
    if piece.stopped is not None:
        return Interval(
            state="stopped", since=piece.since, until=piece.until, reason=piece.stopped.over.reason
        )
    if piece.paused_in is not None:
        return Interval(state="paused", since=piece.since, until=piece.until, reason=piece.paused_in)
    if before is None:
        return Interval(state="running", since=piece.since, until=piece.until, reason=reason)
    why = "reopened" if before.state == "stopped" else f"{before.reason} ended"
    return Interval(state="resumed", since=piece.since, until=piece.until, reason=why)


def _cut(
    start: datetime,
    terms: Sequence[Term],
    breaks: Sequence[Break],
    phases: Sequence[Phase],
    until: datetime | None,
) -> Iterator[Piece]:
    edges = {term.since for term in terms} | {phase.at for phase in phases}
    edges |= {at for each in breaks for at in (each.over.moment.at, each.until)}
    inner = sorted(at for at in edges if at > start and (until is None or at < until))
    for since, to in zip([start, *inner], [*inner, until], strict=True):
        yield _piece(since, to, terms, breaks, phases)


def _piece(
    since: datetime,
    until: datetime | None,
    terms: Sequence[Term],
    breaks: Sequence[Break],
    phases: Sequence[Phase],
) -> Piece:
    term = next((term for term in reversed(terms) if term.since <= since), terms[0])
    stopped = next((each for each in breaks if each.over.moment.at <= since < each.until), None)
    known = bisect_right(phases, since, key=lambda phase: phase.at)
    phase = phases[known - 1] if known else None
    state: State = phase.state if phase else "registered"
    paused_in = state if stopped is None and state in term.target.pauses_in else None
    uncertain = phase is not None and phase.uncertain and phase.at == since
    return Piece(since, until, paused_in, stopped, term, uncertain)
