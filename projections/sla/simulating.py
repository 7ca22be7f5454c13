"""What if: the clocks of all complaints as other policies would have made them, beside what really was."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from msgspec.structs import replace
from psycopg.rows import tuple_row

from domain.sla import ActivePolicy, Book, Calendar, PinnedCalendar, Policy, Timeline, WorkingTime, apply
from domain.sla.standing import Standing
from domain.sla.timeline import Application
from infra.jobs import Progress
from infra.reference import read_book, read_standing
from projections.sla.cases import Case
from projections.sla.compliance import Compliance, compliance_of
from projections.sla.rows import ClockRow, clock_rows
from projections.sla.tiers import Tiers, read_tiers

MOST_CHANGED = 1_000
AT_ONCE = 200
"""Complaints that are read, and reckoned, at a time."""

COUNT: LiteralString = "SELECT count(*) FROM sla_cases_4"
CASES: LiteralString = """
SELECT json_agg(c)::text FROM (SELECT * FROM sla_cases_4 WHERE complaint_id > %s
                                ORDER BY complaint_id LIMIT %s) c"""


DRAFT = 0
"""The version that a document has in a simulation: no real one has it."""


class NoCalendar(Exception):
    """The draft counts in a calendar that is neither in force nor drafted; the message names it."""


class Simulation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draft, and the days whose decisions to compare.

    It takes the place of the policy or calendar of its name, or is added; all others hold as they do now,
    for every complaint from the beginning.
    """

    policy: Policy | None = None
    calendar: Calendar | None = None
    decided_from: date
    decided_to: date
    """Exclusive."""


class Changed(Struct, frozen=True, kw_only=True):
    """A clock whose outcome in the period would have been another; None: none, or not in the period."""

    complaint_id: UUID
    protocol: str
    policy: str
    target: str
    cycle: int
    before: str | None
    after: str | None


class Simulated(Struct, frozen=True, kw_only=True):
    """Compliance before and after, by policy and target, and what would have changed."""

    complaints: int
    """How many were looked at."""
    before: Compliance
    after: Compliance
    changed_complaints: int
    changed: tuple[Changed, ...]
    """The first thousand."""


class Tally:
    """Adds up what one complaint after another shows."""

    def __init__(self, asked: Simulation) -> None:
        self._asked = asked
        self._before: Counter[tuple[str, str, str, str]] = Counter()
        self._after: Counter[tuple[str, str, str, str]] = Counter()
        self._changed: list[Changed] = []
        self.changed_complaints = 0

    def add(self, case: Case, before: Iterable[ClockRow], after: Iterable[ClockRow]) -> None:
        """Count a complaint's clocks as they were and as they would have been."""
        was, would = self._decided(before), self._decided(after)
        self._before.update(_counted(was.values()))
        self._after.update(_counted(would.values()))
        changed = [key for key in {**was, **would} if _outcome(was.get(key)) != _outcome(would.get(key))]
        self.changed_complaints += bool(changed)
        for key in changed[: MOST_CHANGED - len(self._changed)]:
            self._changed.append(_difference(case, was.get(key), would.get(key)))

    def result(self, complaints: int) -> Simulated:
        """What all of them show."""
        return Simulated(
            complaints=complaints,
            before=compliance_of(self._before),
            after=compliance_of(self._after),
            changed_complaints=self.changed_complaints,
            changed=tuple(self._changed),
        )

    def _decided(self, rows: Iterable[ClockRow]) -> dict[tuple[str, int], ClockRow]:
        first, last = self._asked.decided_from, self._asked.decided_to
        return {
            (row.clock_id, row.cycle): row
            for row in rows
            if row.is_decided and row.decided_on and first <= row.decided_on < last
        }


async def simulate(
    connection: psycopg.AsyncConnection[Any],
    asked: Simulation,
    calendar: PinnedCalendar | None,
    now: datetime,
    progress: Progress,
) -> Simulated:
    """Reckon every complaint's clocks anew, as of now, under the policies in force with the draft among them.

    `calendar` is the draft with its holidays. Reads what the view keeps of each complaint, a few hundred at a
    time; writes nothing.

    Raises:
        NoCalendar: the draft policy counts in a calendar that is neither in force nor drafted.
        infra.jobs.Cancelled: nobody wants to know any more.
    """
    standing = await read_standing(connection)
    active = with_draft(standing, asked.policy, calendar)
    drafted = book_of(active)
    total, done, last = await _count(connection), 0, UUID(int=0)
    tally = Tally(asked)
    while cases := await _cases(connection, last):
        tiers = await read_tiers(connection, cases)
        # What was put in force since the simulation began may have been applied since, too.
        book = await read_book(
            connection, (each.policies for case in cases for each in case.timeline.applications)
        )
        for case in cases:
            supposed_one = replace(case, known_at=now, timeline=supposed(case, active, tiers))
            real = clock_rows(replace(case, known_at=now), book)
            tally.add(case, real, clock_rows(supposed_one, drafted))
        done, last = done + len(cases), cases[-1].complaint_id
        await progress(done, max(total, done))
        await asyncio.sleep(0)
    return tally.result(done)


def supposed(case: Case, active: Sequence[ActivePolicy], tiers: Tiers) -> Timeline:
    """The complaint's timeline as if these policies had held from the beginning."""
    applications: list[Application] = []
    for at, facts in tiers.facts_of(case):
        policies = apply(active, facts).policies
        if not applications or policies != applications[-1].policies:
            applications.append(Application(at, policies, "imported" if case.imported else "simulated"))
    return replace(case.timeline, applications=tuple(applications), records=())


def with_draft(
    standing: Standing, policy: Policy | None, calendar: PinnedCalendar | None
) -> list[ActivePolicy]:
    """The policies in force, with a draft of a policy or calendar in the place of its namesake, or added.

    Raises:
        NoCalendar: the draft policy counts in a calendar that is neither in force nor drafted.
    """
    calendars = {**standing.calendars, **({calendar.calendar.name: calendar} if calendar else {})}
    active = {each.policy.name: (each.policy, each.version) for each in standing.active}
    if policy is not None:
        if policy.calendar not in calendars:
            raise NoCalendar(policy.calendar)
        active[policy.name] = policy, DRAFT
    return [
        ActivePolicy(policy=document, version=version, calendar=calendars[document.calendar])
        for document, version in active.values()
    ]


def book_of(active: Sequence[ActivePolicy]) -> Book:
    """What the clocks of these policies need to know."""
    calendars = {(each.calendar.calendar.name, each.calendar.version): each.calendar for each in active}
    return Book(
        policies={(each.policy.name, each.version): each.policy for each in active},
        calendars={version: WorkingTime(pinned) for version, pinned in calendars.items()},
    )


def _counted(rows: Iterable[ClockRow]) -> Mapping[tuple[str, str, str, str], int]:
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for row in rows:
        key = (row.policy, row.layer, row.target)
        counts[*key, str(row.outcome)] += 1
        counts[*key, "met_late"] += row.late
        counts[*key, "met_on_backdated_fact"] += row.backdated
    return counts


def _outcome(row: ClockRow | None) -> str | None:
    return row.outcome if row else None


def _difference(case: Case, was: ClockRow | None, would: ClockRow | None) -> Changed:
    row = was or would
    assert row  # noqa: S101 - one of the two is why this is called
    return Changed(
        complaint_id=case.complaint_id,
        protocol=case.protocol,
        policy=row.policy,
        target=row.target,
        cycle=row.cycle,
        before=_outcome(was),
        after=_outcome(would),
    )


async def _count(connection: psycopg.AsyncConnection[Any]) -> int:
    async with connection.cursor(row_factory=tuple_row) as cursor:
        found = await (await cursor.execute(COUNT)).fetchone()
    return int(found[0]) if found else 0


async def _cases(connection: psycopg.AsyncConnection[Any], after: UUID) -> list[Case]:
    async with connection.cursor(row_factory=tuple_row) as cursor:
        found = await (await cursor.execute(CASES, [after, AT_ONCE])).fetchone()
    return msgspec.json.decode(found[0], type=list[Case]) if found and found[0] else []
