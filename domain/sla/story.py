"""A timeline put in the order in which things happened: states, stops, ends and reopenings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.complaint.lifecycle import OPEN, State
from domain.sla.documents import Stop
from domain.sla.timeline import FAILED, SENDINGS, SENT, Mark, Timeline

ANSWERS: frozenset[Stop] = frozenset({"first_response", "next_update"})
IN_FULL: frozenset[Stop] = ANSWERS | {"acknowledged", "holding_response", "final_response"}
"""Who has answered in full owes neither an acknowledgement nor a holding response."""
MEETS: dict[str, frozenset[Stop]] = {
    "complaint-acknowledged": frozenset({"acknowledged"}),
    "customer-contacted": ANSWERS,
    "information-requested": ANSWERS,
    "holding-response-sent": ANSWERS | {"holding_response"},
    "resolution-proposed": IN_FULL,
    "complaint-resolved": IN_FULL | {"resolved"},
    "resolution-accepted": frozenset({"accepted"}),
    "external-case-answered": frozenset({"external_answered"}),
    "history-delivered": frozenset({"history_delivered"}),
}
ENDS = {
    "complaint-withdrawn": "withdrawn",
    "complaint-dismissed": "dismissed",
    "complaint-forwarded": "forwarded",
    "duplicate-marked": "duplicate",
}
"""What leaves nothing to be done, and why."""
MOVES: dict[str, State] = {
    "resolution-proposed": "proposed",
    "complaint-resolved": "resolved",
    "complaint-closed": "closed",
    "complaint-withdrawn": "withdrawn",
    "complaint-dismissed": "dismissed",
    "complaint-forwarded": "forwarded",
    "duplicate-marked": "duplicate",
    "complaint-reopened": "in_progress",
    "proposal-withdrawn": "in_progress",
    "resolution-rejected": "in_progress",
    "resolution-accepted": "in_progress",
    "investigation-started": "in_progress",
}
MOVING = MOVES.keys() | {"information-requested", "sector-consulted", "ask-cancelled", "duplicate-unmarked"}
"""What is never before the last change of the state, but for times given in whole seconds."""
BEGINS = frozenset({"customer-contacted", "holding-response-sent"})
ASKS = frozenset({"information-requested", "sector-consulted"})
ASKS_END = frozenset({"customer-replied", "sector-answered", "ask-cancelled"})


class Moment(NamedTuple):
    """A mark at its place; where two are at one time, the one recorded first came first."""

    at: datetime
    seq: int
    mark: Mark


class Phase(Struct, frozen=True, gc=False):
    """The state from then on."""

    at: datetime
    state: State
    uncertain: bool


class Reopening(Struct, frozen=True, gc=False):
    moment: Moment
    message: Moment | None
    """What the customer wrote since the end, if anything, and nobody found settled."""


class Story:
    """Read once; all answers are in order of time."""

    def __init__(self, timeline: Timeline) -> None:
        placed = [Moment(mark.at, seq, mark) for seq, mark in enumerate(timeline.marks)]
        self.moments = _never_marked(sorted(placed, key=lambda moment: moment[:2]))
        self._imported = timeline.imported

    @cached_property
    def phases(self) -> list[Phase]:
        """Every change of state."""
        return list(_phases(self.moments))

    def tagged(self, tag: str) -> list[Moment]:
        """Everything of a type."""
        return self._tags.get(tag, [])

    def stops(self, stop: Stop, case_id: UUID | None) -> list[Moment]:
        """What meets a target; with a case, only what is about it."""
        found = self._stops.get(stop, [])
        if stop == "final_response":
            found = [moment for moment in found if not self._withdrawn.intersection(moment.mark.refs)]
        if stop == "external_answered" and case_id is not None:
            found = [moment for moment in found if case_id in moment.mark.refs]
        return found

    def openings(self, case_id: UUID) -> list[Moment]:
        """Every time that somebody told of an outside case that is open, and by when it is due."""
        return [moment for moment in self.tagged("external-case-opened") if case_id in moment.mark.refs]

    @cached_property
    def ends(self) -> list[Moment]:
        """What leaves nothing to be done."""
        return [moment for moment in self.moments if moment.mark.tag in ENDS]

    @cached_property
    def reopenings(self) -> list[Reopening]:
        """Every reopening with the message that led to it."""
        return [Reopening(moment, self._led_to(moment)) for moment in self.tagged("complaint-reopened")]

    def left(self, answer: Moment) -> Moment | None:
        """When an answer left the house: as it was given, or with the first message that did not come back.

        Where nobody told of a message it did not, but in an import, which may not know.
        """
        if answer.mark.message is None:
            return answer
        sent = self._sent.get(answer.mark.message)
        if sent is not None:
            mark = replace(answer.mark, uncertain=sent.mark.uncertain)
            return Moment(max(sent.at, answer.at), max(sent.seq, answer.seq), mark)
        untold = self._imported and answer.mark.message not in self._told_of
        return answer._replace(mark=replace(answer.mark, uncertain=True)) if untold else None

    def is_open(self, at: datetime) -> bool:
        """Whether the complaint is open once all that happened by then has happened."""
        state: State = "registered"
        for phase in self.phases:
            if phase.at > at:
                break
            state = phase.state
        return state in OPEN

    @cached_property
    def _tags(self) -> dict[str, list[Moment]]:
        found: dict[str, list[Moment]] = {}
        for moment in self.moments:
            found.setdefault(moment.mark.tag, []).append(moment)
        return found

    @cached_property
    def _stops(self) -> dict[Stop, list[Moment]]:
        found: dict[Stop, list[Moment]] = {}
        for moment in self.moments:
            for stop in meets(moment.mark):
                found.setdefault(stop, []).append(moment)
        return found

    @cached_property
    def _sent(self) -> dict[int, Moment]:
        """When the message with an answer was sent, by the version of the answer."""
        standing: dict[tuple[int | None, str | None], Moment] = {}
        for moment in self.moments:
            message = moment.mark.message, moment.mark.how
            if moment.mark.tag == SENT:
                standing.setdefault(message, moment)
            elif moment.mark.tag == FAILED:
                standing.pop(message, None)
        first: dict[int, Moment] = {}
        for (about, _), moment in sorted(standing.items(), key=lambda each: each[1][:2]):
            if about is not None:
                first.setdefault(about, moment)
        return first

    @cached_property
    def _told_of(self) -> frozenset[int | None]:
        """The answers of which anybody said what became of their message."""
        return frozenset(moment.mark.message for moment in self.moments if moment.mark.tag in SENDINGS)

    @cached_property
    def _withdrawn(self) -> frozenset[UUID]:
        return frozenset(ref for moment in self.tagged("proposal-withdrawn") for ref in moment.mark.refs)

    def _led_to(self, reopened: Moment) -> Moment | None:
        message: Moment | None = None
        for moment in self.moments:
            if moment[:2] >= reopened[:2]:
                break
            if moment.mark.tag in MOVES or moment.mark.tag == "reply-reviewed":
                message = None
            elif moment.mark.tag == "customer-replied" and message is None:
                message = moment
        return message


def meets(mark: Mark) -> frozenset[Stop]:
    """The targets that it meets."""
    met = MEETS.get(mark.tag, frozenset())
    match mark.tag, mark.how:
        case "customer-contacted", how if how != "reached":
            return frozenset()
        case "resolution-accepted", "partial":
            return frozenset()
        case "complaint-resolved", "accepted" | "accepted_on_contact":
            return met | {"accepted"}
        case _:
            return met


def _never_marked(moments: Sequence[Moment]) -> list[Moment]:
    """Without what made it a duplicate for a while."""
    kept: list[Moment] = []
    for moment in moments:
        if moment.mark.tag != "duplicate-unmarked":
            kept.append(moment)
            continue
        marked = [index for index, known in enumerate(kept) if known.mark.tag == "duplicate-marked"]
        if marked:
            del kept[marked[-1]]
    return kept


def _phases(moments: Sequence[Moment]) -> Iterator[Phase]:
    """The states, from what happened: as the complaint's own fold has them, but in order of time."""
    state: State = "registered"
    asks: dict[UUID, bool] = {}
    ended: set[UUID] = set()
    for at, _, mark in moments:
        before = state
        if mark.tag in ASKS:
            asks |= {ref: mark.tag == "sector-consulted" for ref in mark.refs if ref not in ended}
            state = _waiting(asks)
        elif mark.tag in ASKS_END:
            ended.update(mark.refs)
            asks = {ref: sector for ref, sector in asks.items() if ref not in ended}
            state = _waiting(asks) if state in WAITING else state
        elif mark.tag in BEGINS:
            state = "in_progress" if state == "registered" else state
        elif mark.tag in MOVES and _moves(mark):
            state, asks = MOVES[mark.tag], {}
        if state != before:
            yield Phase(at, state, mark.uncertain)


WAITING = frozenset({"in_progress", "awaiting_customer", "awaiting_sector"})


def _moves(mark: Mark) -> bool:
    return mark.tag != "resolution-accepted" or mark.how == "partial"


def _waiting(asks: dict[UUID, bool]) -> State:
    if not asks:
        return "in_progress"
    return "awaiting_sector" if any(asks.values()) else "awaiting_customer"
