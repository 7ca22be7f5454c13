"""When things happen: the demo's year, its seasons and holidays, office hours in São Paulo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/Sao_Paulo")
FIRST, LAST = date(2025, 11, 21), date(2026, 11, 20)
END = datetime.combine(LAST + timedelta(days=1), time(), ZONE).astimezone(UTC)
"""Nothing is told of what happened from here on."""

OPENS, CLOSES = 8, 18
WEEKDAYS = (1.3, 1.15, 1.05, 1.0, 0.95, 0.55, 0.35)
ONLINE_HOURS = (3, 1, 1, 0, 0, 1, 2, 4, 6, 8, 9, 9, 10, 8, 8, 8, 8, 8, 9, 10, 12, 12, 9, 6)
HOLIDAYS = frozenset(
    map(
        date.fromisoformat,
        (
            "2025-12-25", "2026-01-01", "2026-02-16", "2026-02-17", "2026-04-03", "2026-04-21", "2026-05-01",
            "2026-06-04", "2026-09-07", "2026-10-12", "2026-11-02", "2026-11-15", "2026-11-20",
        ),
    )
)  # fmt: skip

# (first day, last day, factor). Black Friday, Christmas, carnival; Mother's, Valentine's, Father's and
# Children's Day.
CURVES: dict[str, tuple[tuple[str, str, float], ...]] = {
    "flat": (("2025-12-24", "2026-01-02", 0.6), ("2026-02-14", "2026-02-18", 0.5)),
    "sales": (
        ("2025-11-24", "2025-12-01", 4.0),
        ("2025-12-02", "2025-12-24", 1.9),
        ("2026-02-14", "2026-02-18", 0.5),
        ("2026-04-27", "2026-05-10", 1.8),
        ("2026-06-05", "2026-06-12", 1.3),
        ("2026-08-01", "2026-08-09", 1.4),
        ("2026-10-05", "2026-10-12", 1.4),
        ("2026-11-14", "2026-11-20", 1.6),
    ),
    "delivery": (
        ("2025-12-04", "2025-12-31", 2.7),
        ("2026-01-01", "2026-01-16", 1.6),
        ("2026-02-14", "2026-02-18", 0.6),
        ("2026-05-08", "2026-05-25", 1.5),
        ("2026-08-12", "2026-08-20", 1.3),
        ("2026-10-14", "2026-10-24", 1.3),
    ),
    "returns": (
        ("2025-12-01", "2025-12-25", 1.2),
        ("2025-12-26", "2026-01-31", 2.6),
        ("2026-02-01", "2026-02-28", 1.3),
        ("2026-05-11", "2026-05-31", 1.4),
    ),
    "summer": (("2025-12-01", "2026-03-20", 2.6),),
}
BUSY = (
    ("2025-11-26", "2025-12-01", 1.4),
    ("2025-12-02", "2026-01-20", 1.5),
    ("2026-05-11", "2026-05-22", 1.2),
)


def days() -> list[date]:
    """Every day of the year."""
    return [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


def season(curve: str, on: date) -> float:
    """How many more complaints than usual a day brings."""
    quiet = 0.4 if on in HOLIDAYS else 1.0
    return _factor(CURVES[curve], on) * WEEKDAYS[on.weekday()] * quiet


def load(on: date) -> float:
    """How much slower than usual the work goes."""
    return _factor(BUSY, on)


def works(on: date) -> bool:
    """Whether the office is open."""
    return on.weekday() < 5 and on not in HOLIDAYS


def online(on: date, rng: Random) -> datetime:
    """A moment of the day at which people write."""
    hour = rng.choices(range(24), ONLINE_HOURS)[0]
    return local(on, hour, rng)


def at_the_counter(on: date, rng: Random) -> datetime:
    """A moment of the day at which people call or come."""
    return local(on, rng.choices(range(9, 18), (6, 8, 8, 6, 5, 6, 7, 7, 5))[0], rng)


def local(on: date, hour: int, rng: Random) -> datetime:
    """A moment in the given hour of the day, in UTC."""
    moment = datetime.combine(on, time(hour, rng.randrange(60), rng.randrange(60)), ZONE)
    return moment.astimezone(UTC)


def in_office(moment: datetime, minutes: float) -> datetime:
    """The moment when so many office minutes have passed, in UTC."""
    here = _opening(moment.astimezone(ZONE))
    left = timedelta(minutes=minutes)
    while here + left > (closing := datetime.combine(here.date(), time(CLOSES), ZONE)):
        left -= closing - here
        here = _opening(closing)
    return (here + left).replace(microsecond=0).astimezone(UTC)


def _opening(here: datetime) -> datetime:
    """The moment itself in office hours, otherwise the next opening."""
    on = here.date()
    if works(on) and here.hour < CLOSES:
        return max(here, datetime.combine(on, time(OPENS), ZONE))
    on = next_day(on, works)
    return datetime.combine(on, time(OPENS), ZONE) + timedelta(seconds=here.second)


def next_day(on: date, wanted: Callable[[date], bool]) -> date:
    """The first day after this one that is wanted."""
    on += timedelta(days=1)
    while not wanted(on):
        on += timedelta(days=1)
    return on


@cache
def _spans(spans: tuple[tuple[str, str, float], ...]) -> tuple[tuple[date, date, float], ...]:
    return tuple((date.fromisoformat(a), date.fromisoformat(b), factor) for a, b, factor in spans)


def _factor(spans: tuple[tuple[str, str, float], ...], on: date) -> float:
    return next((factor for first, last, factor in _spans(spans) if first <= on <= last), 1.0)
