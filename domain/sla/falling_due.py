"""What the watchdog is to record about a clock: warnings, the breach, escalations, and what proves wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from msgspec.structs import replace

from domain.sla.clock import Clock, ClockState, Due, What
from domain.sla.counting import BUSINESS, DATES, TIMED, Deadline, duration, share_reached, timed
from domain.sla.cycles import Place
from domain.sla.documents import Escalation
from domain.sla.judging import Judged
from domain.sla.timeline import Record
from domain.sla.working_time import WorkingTime

AT_ONCE = timedelta(microseconds=1)
OPEN: frozenset[ClockState] = frozenset({"running", "breached", "lapsed"})
BREACHED: frozenset[ClockState] = frozenset({"breached", "met_late"})


class Recorded:
    """What was recorded about the clocks of a complaint."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._done: dict[tuple[str, str, int, float | None], Record] = {}
        self._breach: dict[tuple[str, int], Record] = {}
        self._ever_breached: set[tuple[str, int]] = set()
        for record in records:
            self._keep(record)

    def _keep(self, record: Record) -> None:
        clock = record.clock_id, record.cycle
        if record.what in {"breach", "correction"}:
            self._breach[clock] = record
            self._ever_breached.add(clock)
        else:
            self._done[record.what, *clock, record.share or record.level] = record

    def breach(self, clock: Clock) -> Record | None:
        """The breach that stands recorded."""
        last = self._breach.get((clock.clock_id, clock.cycle))
        return last if last and last.what == "breach" else None

    def has(self, due: Due, number: float, granted: Place | None) -> bool:
        """Whether a warning at this share, or an escalation to this level, was recorded for this due time.

        One for an earlier due time stands where pauses, reopenings, corrections or other versions moved it;
        not where more time was `granted`, unless this one would have come by then.
        """
        last = self._done.get((due.what, due.clock_id, due.cycle, number))
        if last is None or granted is None:
            return last is not None
        return last.due_at == due.due_at or due.at <= granted.at or _is_since(last, granted)

    def shown(self, clock: Clock) -> Clock:
        """The clock, marked where a fact came after the breach that shows it met."""
        late = clock.state == "met" and (clock.clock_id, clock.cycle) in self._ever_breached
        return replace(clock, met_on_backdated_fact=True) if late else clock


def _is_since(record: Record, granted: Place) -> bool:
    """Whether it was recorded knowing of that, and about a later moment."""
    return record.after > granted.seq and record.at > granted.at


def falling_due(each: Judged, recorded: Recorded) -> Iterator[Due]:
    """What is not recorded yet, in no order."""
    clock, due = each.clock, each.reckoned.deadline
    breach = recorded.breach(clock)
    if breach is not None and clock.state not in BREACHED:
        yield _due(each, "correction", breach.due_at or clock.started_at)
    if due is None or each.clock.once_due == "undetermined":
        return
    if breach is None and clock.obligation == "duty" and clock.state in OPEN | BREACHED:
        yield _due(each, "breach", due.at + AT_ONCE if due.inclusive else due.at)
    if clock.state in OPEN:
        yield from _warnings(each, due, recorded)
        yield from _escalations(each, due, recorded)


def _warnings(each: Judged, due: Deadline, recorded: Recorded) -> Iterator[Due]:
    for share in each.reckoned.term.target.warn_at:
        found = replace(_due(each, "warning", _share_at(each, due, share)), share=share)
        if not recorded.has(found, share, each.reckoned.granted):
            yield found


def _share_at(each: Judged, due: Deadline, share: float) -> datetime:
    length = each.reckoned.length
    if length is not None and length.unit in TIMED:
        found = timed(duration(length) * share, length.unit in BUSINESS, each.runs, each.clock.started_at)
        return found.at if found else due.at
    return share_reached(share, each.runs, due.at)


def _escalations(each: Judged, due: Deadline, recorded: Recorded) -> Iterator[Due]:
    term = each.reckoned.term
    for level in term.target.escalations:
        at = _offset(term.time, due.at, level)
        lapses = each.clock.obligation == "window" and level.when == "after"
        if at is None or lapses:
            continue
        found = replace(_due(each, "escalation", at), level=level.level, tell=level.tell)
        if not recorded.has(found, level.level, each.reckoned.granted):
            yield found


def _offset(time: WorkingTime, due_at: datetime, level: Escalation) -> datetime | None:
    after, offset = level.when == "after", level.offset
    if offset.unit in TIMED and offset.unit in BUSINESS:
        length = duration(offset)
        return time.after(due_at, length) if after else time.ahead(due_at, length)
    sign = 1 if after else -1
    if offset.unit in TIMED:
        return due_at + duration(offset) * sign
    return time.shifted(due_at, sign * offset.amount * DATES[offset.unit])


def _due(each: Judged, what: What, at: datetime) -> Due:
    clock = each.clock
    return Due(at=at, what=what, clock_id=clock.clock_id, cycle=clock.cycle, due_at=clock.due_at)
