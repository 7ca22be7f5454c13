"""The cycles of a duty: when each begins, what interrupts it and what ends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from domain.sla.book import Gone, Series
from domain.sla.documents import CASE_OPENED, RECEIVED, Stop
from domain.sla.story import ENDS, Moment, Reopening, Story
from domain.sla.timeline import Timeline

UNDONE: frozenset[Stop] = frozenset({"final_response", "resolved", "accepted"})
"""What is owed again once the complaint is reopened."""
LASTING: frozenset[Stop] = frozenset({"external_answered", "history_delivered"})
"""What is owed even for a complaint that was withdrawn, dismissed or forwarded."""


class Place(NamedTuple):
    """A moment among the others of its time; -1: before them all."""

    at: datetime
    seq: int


class Over(Struct, frozen=True, gc=False):
    """What ended a cycle: what was owed was done, or nothing is owed any more."""

    moment: Moment
    met: bool

    @property
    def reason(self) -> str:
        """In a word."""
        return ENDS.get(self.moment.mark.tag, self.moment.mark.tag)


class Break(Struct, frozen=True, gc=False):
    """A time that does not count: what was owed was done, or ended, and the complaint was reopened."""

    over: Over
    until: datetime


class Cycle(Struct, frozen=True, gc=False):
    number: int
    start: Place
    reason: str
    uncertain: bool = False
    """Nobody knows when it began."""
    breaks: tuple[Break, ...] = ()
    over: Over | None = None
    renewed_at: datetime | None = None
    """A reopening ends this cycle and begins the next."""


class Course:
    """The facts of one duty of one complaint."""

    def __init__(self, series: Series, timeline: Timeline, story: Story) -> None:
        self._series, self._timeline, self._story = series, timeline, story
        self._target = series.newest.target
        self._reopenings = _before(story.reopenings, series.gone)
        self._given: dict[int, Place] = {}
        self._stops = self._left(story.stops(self._target.stops, series.case_id))
        self._ends = [] if self._target.stops in LASTING else story.ends

    def cycles(self) -> Iterator[Cycle]:
        """The cycles, first to last; all but the last are over."""
        for start in self._starts():
            if self._target.stops == "next_update":  # the first begins them all: contacts begin the next ones
                yield from self._intervals(start)
                return
            if self._target.counts_from == RECEIVED:
                yield from self._renewed(start)
            else:
                yield self._interrupted(start)

    def _starts(self) -> Iterator[Cycle]:
        counts_from, timeline = self._target.counts_from, self._timeline
        if counts_from == RECEIVED and timeline.received_at is not None:
            yield Cycle(1, Place(timeline.received_at, -1), counts_from, timeline.received_uncertain)
        elif counts_from == CASE_OPENED and self._series.case is not None:
            yield Cycle(1, Place(self._series.case.opened_at, -1), counts_from)
        else:
            yield from self._occurrences(self._story.tagged(counts_from))

    def _occurrences(self, found: Sequence[Moment]) -> Iterator[Cycle]:
        """What happens again before the last was answered begins nothing new."""
        last: Cycle | None = None
        for moment in found:
            over = self._over(last.start, last.start) if last else None
            if last is None or (over is not None and self._given_at(over) < moment[:2]):
                place = Place(moment.at, moment.seq)
                number = last.number + 1 if last else 1
                last = Cycle(number, place, self._target.counts_from, moment.mark.uncertain)
                yield last

    def _interrupted(self, cycle: Cycle, renewal: Reopening | None = None) -> Cycle:
        """A cycle that goes on where the complaint is reopened, if the policy of then says so."""
        place = cycle.start
        breaks: list[Break] = []
        while True:
            over = self._over(place, cycle.start)
            if over and renewal and over.moment[:2] >= renewal.moment[:2]:
                over = None
            back = self._back(over) if over and self._is_undone(over) else None
            if over is None or back is None or not self._resumes(back):
                renewed_at = renewal.moment.at if renewal else None
                return replace(cycle, breaks=tuple(breaks), over=over, renewed_at=renewed_at)
            breaks.append(Break(over, back.moment.at))
            place = Place(back.moment.at, back.moment.seq)

    def _renewed(self, cycle: Cycle) -> Iterator[Cycle]:
        """A reopening begins a cycle, from what the customer wrote, if the policy of then says so."""
        for reopening in self._reopenings:
            if reopening.moment[:2] >= cycle.start and not self._resumes(reopening):
                yield self._interrupted(cycle, reopening)
                cycle = _begun_again(cycle, reopening.message or reopening.moment)
        yield self._interrupted(cycle)

    def _intervals(self, cycle: Cycle) -> Iterator[Cycle]:
        """Each contact begins the next interval, while the complaint is open."""
        while True:
            over = self._over(cycle.start)
            yield replace(cycle, over=over)
            if over is None:
                return
            if over.met and self._story.is_open(over.moment.at):
                cycle = _begun_again(cycle, over.moment)
                continue
            back = self._back(over)
            if back is None:
                return
            begun = back.moment if self._resumes(back) else back.message or back.moment
            cycle = _begun_again(cycle, begun)

    def _over(self, place: Place, since: Place | None = None) -> Over | None:
        """What comes first after a place, of answers that were given after another."""
        stops = self._stops
        if since is not None and self._given:
            stops = [stop for stop in stops if self._given[stop.seq] > since]
        stop, end = _after(stops, place), _after(self._ends, place)
        if stop is not None and (end is None or stop[:2] < end[:2]):
            return Over(stop, met=True)
        return None if end is None else Over(end, met=False)

    def _given_at(self, over: Over) -> Place:
        """When what ended a cycle happened: of an answer, not when it left."""
        at, seq, _ = over.moment
        return self._given.get(seq, Place(at, seq)) if over.met else Place(at, seq)

    def _resumes(self, reopening: Reopening) -> bool:
        return self._series.at(reopening.moment.at).on_reopening == "resume"

    def _is_undone(self, over: Over) -> bool:
        return not over.met or self._target.stops in UNDONE

    def _back(self, over: Over) -> Reopening | None:
        found = (known for known in self._reopenings if known.moment[:2] > over.moment[:2])
        return next(found, None)

    def _left(self, stops: list[Moment]) -> list[Moment]:
        """When each left the house, where the target asked for that as it was given."""
        if not any(term.target.requires_dispatch for term in self._series.terms):
            return stops
        found: list[Moment] = []
        for given in stops:
            sends = self._series.at(given.at).target.requires_dispatch
            sent = self._story.left(given) if sends else given
            if sent is not None and not self._overtaken(given, sent):
                self._given[sent.seq] = Place(given.at, given.seq)
                found.append(sent)
        return sorted(found, key=lambda moment: moment[:2])

    def _overtaken(self, given: Moment, sent: Moment) -> bool:
        """Whether the complaint was reopened before the answer left, so that it answers nothing any more."""
        return self._target.stops in UNDONE and any(
            given[:2] < reopening.moment[:2] < sent[:2] for reopening in self._reopenings
        )


def _after(moments: Sequence[Moment], place: Place) -> Moment | None:
    return next((moment for moment in moments if moment[:2] > place), None)


def _before(reopenings: list[Reopening], gone: Gone | None) -> list[Reopening]:
    return reopenings if gone is None else [each for each in reopenings if each.moment.at < gone.at]


def _begun_again(cycle: Cycle, moment: Moment) -> Cycle:
    start = Place(moment.at, moment.seq)
    return Cycle(cycle.number + 1, start, moment.mark.tag, moment.mark.uncertain)
