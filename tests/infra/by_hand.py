"""The real files read plainly, row by row: what their clocks must come to. Nothing of the service is used."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import holidays

ROME, WASHINGTON = ZoneInfo("Europe/Rome"), ZoneInfo("America/New_York")
WINDOWS = ((time(9), time(13)), (time(14), time(18)))
HOURS = {"Value 1": 8, "Value 2": 16, "Value 3": 40, "Value 4": 80}
"""Business hours to resolve a ticket in, by its level of service."""
Row = Mapping[str, str]


LONG_AFTER = datetime(2016, 1, 1)  # noqa: DTZ001 - as Rome's clocks show it


class Outcome(NamedTuple):
    """What became of a clock, under which level's policy; and when it was decided, if it was."""

    policy: str
    state: str
    decided_at: datetime | None


def by_case(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each case in the order of time, those told twice once."""
    cases: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda each: each["Complete Timestamp"]):
        if row not in cases[row["Case ID"]]:
            cases[row["Case ID"]].append(row)
    return cases


class Change(NamedTuple):
    """A change of a ticket: whether time counts, waits or is over from then on, and at which level."""

    at: datetime
    phase: str
    level: str


def changes(rows: Sequence[Row]) -> Iterator[Change]:
    """What the rows of a case say about its clock."""
    level, ended, asked, anomaly = rows[0]["service_level"], False, False, False
    for row in rows:
        match row["Activity"]:
            case "Assign seriousness" if not ended:
                level = row["service_level"]
            case "Take in charge ticket":
                ended, asked = False, asked and anomaly
            case "Wait":
                ended, asked = False, True
            case "Create SW anomaly":
                anomaly = anomaly or not ended
            case "Resolve SW anomaly":
                anomaly = False
            case "Resolve ticket" | "Closed":
                ended, asked, anomaly = True, False, False
        phase = "over" if ended else "waits" if asked and not anomaly else "counts"
        at = datetime.strptime(row["Complete Timestamp"], "%Y/%m/%d %H:%M:%S.%f")  # noqa: DTZ007 - as Rome's clocks show it
        yield Change(at, phase, level)


def resolution(rows: Sequence[Row]) -> list[Outcome]:
    """The clocks of a ticket's resolution: one, and one more for each level that another took over from."""
    known = list(changes(rows))
    used, missed = timedelta(), None
    outcomes: list[Outcome] = []
    for change, following in zip(known, [*known[1:], None], strict=True):
        limit = timedelta(hours=HOURS[change.level])
        if change.phase == "counts" and missed is None:
            until = following.at if following else LONG_AFTER
            missed = used_up(change.at, until, limit - used)
            used += business_time(change.at, until) if following else timedelta()
        if following and following.level != change.level:
            if missed:  # what was decided stands
                return [*outcomes, Outcome(change.level, "breached", missed)]
            outcomes.append(Outcome(change.level, "cancelled", following.at))
            over = used > timedelta(hours=HOURS[following.level])
            missed = following.at if over else None
    last = known[-1]
    if missed:
        outcomes.append(Outcome(last.level, "met_late" if last.phase == "over" else "breached", missed))
    elif last.phase == "over":
        outcomes.append(Outcome(last.level, "met", resolved_at(known)))
    else:
        outcomes.append(Outcome(last.level, "paused", None))
    return outcomes


def resolved_at(known: Sequence[Change]) -> datetime:
    """When the ticket was over for the last time."""
    going = [number for number, change in enumerate(known) if change.phase != "over"]
    return known[going[-1] + 1 if going else 0].at


def business_time(start: datetime, end: datetime) -> timedelta:
    """How much of a stretch lies within business hours."""
    return sum((until - since for since, until in openings(start, end)), timedelta())


def used_up(start: datetime, end: datetime, left: timedelta) -> datetime | None:
    """When what is left of business time is gone, if that is before the end of the stretch."""
    for since, until in openings(start, end):
        if until - since >= left:
            return since + left if since + left < end else None
        left -= until - since
    return None


def openings(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The parts of a stretch that lie within business hours."""
    day = start.date()
    while day <= end.date():
        for opening, closing in WINDOWS if is_workday(day) else ():
            since = max(start, datetime.combine(day, opening))
            until = min(end, datetime.combine(day, closing))
            if since < until:
                yield since, until
        day += timedelta(days=1)


ITALIAN = holidays.country_holidays("IT", years=range(2010, 2016))


def is_workday(day: date) -> bool:
    """Whether a day has business hours at all."""
    return day.weekday() < 5 and day not in ITALIAN


def answer(row: Row) -> tuple[str, str | None, datetime | None]:
    """The clock of a case at the CFPB: its state, what the source declares, and since when it is late."""
    if row["Company response"] == "Untimely response":
        return "breached", None, midnight_after(row["Date sent to company"], 15)
    return "undetermined", "timely" if row["Timely response?"] == "Yes" else "untimely", None


def midnight_after(day: str, days: int) -> datetime:
    """The end of the last of so many days after one that is written as in America, in Washington."""
    month, day_of_month, year = map(int, day.split("/"))
    last = date(year, month, day_of_month) + timedelta(days=days + 1)
    return datetime.combine(last, time(), WASHINGTON)
