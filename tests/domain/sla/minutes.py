"""The model that clocks are held against: a plain walk, minute by minute, that knows nothing of intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.sla import Calendar, Target
from domain.sla.documents import Weekday

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES = {"business_minutes": 1, "calendar_minutes": 1, "business_hours": 60, "calendar_hours": 60}
DATES = {"calendar_days": 1, "business_days": 1, "close_of_business_day": 1, "calendar_weeks": 7}
Happened = tuple[datetime, str]
"""When, and what: ask, reply, consult, answer, call, resolve, withdraw, write, reopen; and send or bounce, of
the message with the last resolution."""


@dataclass
class Case:
    """The complaint while the model walks through it."""

    phase: str = "registered"
    customer_owes: bool = False
    sector_owes: bool = False
    message: str = "none"
    """With the last resolution: none, written or sent."""
    stale: bool = False
    """Reopened since the message was written."""

    def state(self) -> str:
        if self.phase != "work":
            return self.phase
        if self.sector_owes:
            return "awaiting_sector"
        return "awaiting_customer" if self.customer_owes else "in_progress"

    def can(self, what: str) -> bool:
        ended = self.phase in {"resolved", "withdrawn"}
        return {
            "ask": not ended and not self.customer_owes,
            "reply": self.customer_owes,
            "consult": not ended and not self.sector_owes,
            "answer": self.sector_owes,
            "call": not ended,
            "resolve": not ended,
            "withdraw": not ended,
            "write": self.phase == "resolved",
            "reopen": ended,
            "send": self.message == "written",
            "bounce": self.message == "sent",
        }[what]

    def meet(self, what: str) -> None:
        match what:
            case "ask" | "consult" | "call" | "reopen":
                self.phase = "work"
                self.customer_owes |= what == "ask"
                self.sector_owes |= what == "consult"
                self.stale |= what == "reopen"
            case "reply":
                self.customer_owes = False
            case "answer":
                self.sector_owes = False
            case "resolve" | "withdraw":
                self.phase = "resolved" if what == "resolve" else "withdrawn"
                self.customer_owes = self.sector_owes = False
                if what == "resolve":
                    self.message, self.stale = "written", False
            case "send" | "bounce":
                self.message = "sent" if what == "send" else "written"


@dataclass
class Found:
    state: str
    due_at: datetime
    used: int
    """Minutes that counted."""


@dataclass
class Walk:
    """One cycle of a target that stops when the complaint is resolved, or when that was sent."""

    target: Target
    calendar: Calendar
    holidays: frozenset[date]
    start: datetime
    used: int = 0
    dates: int = 0
    due_at: datetime | None = None
    ran: bool = False
    """In the minute before."""

    def wall(self, moment: datetime) -> tuple[date, str]:
        return wall(moment, self.calendar.zone)

    def windows(self, day: date) -> tuple[tuple[str, str], ...]:
        if day in self.holidays:
            return ()
        return self.calendar.windows.get(WEEKDAYS[day.weekday()], ())

    def is_open(self, moment: datetime) -> bool:
        day, shown = self.wall(moment)
        return any(since <= shown < until for since, until in self.windows(day))

    def arrive(self, moment: datetime) -> None:
        """A date may be full at this moment."""
        length = self.target.length
        assert length
        if length.unit not in DATES or self.due_at is not None or not self.ran:
            return
        day, _ = self.wall(moment - MINUTE)
        if day <= self.wall(self.start)[0] or not self.ends(day, moment, length.unit):
            return
        self.dates += 1
        if self.dates == length.amount * DATES[length.unit]:
            self.due_at = moment

    def ends(self, day: date, moment: datetime, unit: str) -> bool:
        if unit != "close_of_business_day":
            midnight = self.wall(moment)[0] != day
            return midnight and (unit != "business_days" or bool(self.windows(day)))
        if not self.windows(day):
            return False
        close = self.windows(day)[-1][1]
        today, shown = self.wall(moment)
        return today != day if close == "24:00" else shown == close

    def pass_minute(self, moment: datetime, *, runs: bool) -> None:
        length = self.target.length
        assert length
        self.ran = runs
        counts = runs and (not length.unit.startswith("business_") or self.is_open(moment))
        if length.unit in DATES:
            counts = runs
        self.used += counts
        if length.unit in MINUTES and counts and self.used == length.amount * MINUTES[length.unit]:
            self.due_at = self.due_at or moment + MINUTE

    def is_late(self, moment: datetime) -> bool:
        length = self.target.length
        assert length
        if self.due_at is None:
            return False
        inclusive = length.unit in MINUTES or length.unit == "close_of_business_day"
        return moment > self.due_at if inclusive else moment >= self.due_at

    def foresee(self, moment: datetime) -> datetime:
        """When it is due if it runs from now on."""
        while self.due_at is None:
            self.pass_minute(moment, runs=True)
            moment += MINUTE
            self.arrive(moment)
        return self.due_at


@dataclass
class End:
    """What ended the cycle, and the walk as it was then."""

    what: str
    """met, withdrawn, or nothing."""
    walk: Walk
    at: datetime


def arrived(history: list[Happened]) -> list[Happened]:
    """Without the sendings that came back, which count as if they had never been."""
    kept: list[Happened] = []
    for at, what in history:
        if what == "bounce":
            kept.remove(next(each for each in reversed(kept) if each[1] == "send"))
        else:
            kept.append((at, what))
    return kept


def outcome(what: str, case: Case, owed: Target, *, answered: bool) -> str:
    """What becomes of a cycle by what happens; `answered`: the last resolution was in it."""
    if what == "withdraw":
        return "withdrawn"
    stops = "send" if owed.requires_dispatch else "resolve"
    return "met" if what == stops and answered and not case.stale else ""


def cycle(walk: Walk, history: list[Happened], until: datetime, *, resumes: bool, renewed: bool) -> Found:
    """The cycle at a moment: now, or the reopening that begins the next one."""
    case, events = Case(), dict(history)
    for at, what in history:
        if at < walk.start:
            case.meet(what)
    end: End | None = None
    moment, answered = walk.start, False
    while True:
        walk.arrive(moment)
        what = events.get(moment, "")
        case.meet(what)
        answered |= what == "resolve"
        ends = outcome(what, case, walk.target, answered=answered)
        if end and what == "reopen" and resumes:
            end = None
        elif not end and ends:
            end = End(ends, replace(walk), moment)
            if ends == "met" and walk.is_late(moment):
                break
        if moment >= until:
            break
        walk.pass_minute(moment, runs=not end and case.state() not in walk.target.pauses_in)
        moment += MINUTE
    return verdict(end or End("", walk, until), case, renewed=renewed)


def verdict(end: End, case: Case, *, renewed: bool) -> Found:
    used, late = end.walk.used, end.walk.is_late(end.at)
    if late:
        state = "met_late" if end.what == "met" else "breached"
    elif end.what or renewed:
        state = "met" if end.what == "met" else "cancelled"
    else:
        state = "paused" if case.state() in end.walk.target.pauses_in else "running"
    return Found(state, end.walk.foresee(end.at), used)


@lru_cache(maxsize=100_000)
def wall(moment: datetime, zone: str) -> tuple[date, str]:
    """What calendar and clock on the wall show."""
    local = moment.astimezone(ZoneInfo(zone))
    return local.date(), f"{local:%H:%M}"
