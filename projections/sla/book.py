"""The documents of policies and calendars, all versions, as clocks need them; and which are in force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, LiteralString, NamedTuple

import msgspec
import psycopg
from psycopg.rows import tuple_row

from domain import sla_calendar as k
from domain import sla_policy as p
from domain.aggregate import Event
from domain.sla import ActivePolicy, Book, PinnedCalendar, Policy, WorkingTime
from infra.events import Recorded
from projections.sla.cases import Case

DDL = """
CREATE TABLE IF NOT EXISTS sla_book_1 (
    kind     text    NOT NULL,
    name     text    NOT NULL,
    version  integer NOT NULL,
    document json    NOT NULL,
    in_force boolean NOT NULL,
    PRIMARY KEY (kind, name, version)
);
"""
ADD: LiteralString = "INSERT INTO sla_book_1 VALUES (%s, %s, %s, %s, false)"
FORCE: LiteralString = """
UPDATE sla_book_1 SET in_force = (version = %(version)s)
 WHERE kind = %(kind)s AND name = %(name)s AND in_force <> (version = %(version)s)"""
READ: LiteralString = """
SELECT kind, name, version, document::text, in_force FROM sla_book_1
 WHERE %s::text[] IS NULL
    OR (kind, name, version) IN (SELECT * FROM unnest(%s::text[], %s::text[], %s::integer[]))"""

POLICY, CALENDAR = "policy", "calendar"
DRAFT = 0
"""The version that a document has in a simulation: no real one has it."""


class Shelf(NamedTuple):
    """The documents by name and version, and the versions in force."""

    documents: Book
    pinned: dict[tuple[str, int], PinnedCalendar]
    policies_in_force: dict[str, int]
    calendars_in_force: dict[str, int]


async def apply_book(connection: psycopg.AsyncConnection[Any], events: Iterable[Recorded[Event]]) -> None:
    """Keep what the events publish or put in force; there are few of them."""
    for recorded in events:
        if published := _published(recorded.event):
            kind, name, version, document = published
            text = msgspec.json.encode(document, order="deterministic").decode()
            await connection.execute(ADD, [kind, name, version, text])
        elif put := _put_in_force(recorded.event):
            await connection.execute(FORCE, put._asdict())


class Put(NamedTuple):
    """From now on this version is in force."""

    kind: str
    name: str
    version: int


def _published(event: Event) -> tuple[str, str, int, Any] | None:
    match event:
        case p.PolicyDefined(policy=policy):
            return POLICY, policy.name, 1, policy
        case p.PolicyRevised(policy=policy, policy_version=version):
            return POLICY, policy.name, version, policy
        case k.CalendarDefined(calendar=calendar, holidays=days):
            return CALENDAR, calendar.name, 1, PinnedCalendar(calendar=calendar, version=1, holidays=days)
        case k.CalendarRevised(calendar=calendar, calendar_version=version, holidays=days):
            pinned = PinnedCalendar(calendar=calendar, version=version, holidays=days)
            return CALENDAR, calendar.name, version, pinned
        case _:
            return None


def _put_in_force(event: Event) -> Put | None:
    match event:
        case p.PolicyActivated(name=name, policy_version=version):
            return Put(POLICY, name, version)
        case p.PolicyRetired(name=name):
            return Put(POLICY, name, DRAFT)
        case k.CalendarActivated(name=name, calendar_version=version):
            return Put(CALENDAR, name, version)
        case k.CalendarRetired(name=name):
            return Put(CALENDAR, name, DRAFT)
        case _:
            return None


async def read_book(connection: psycopg.AsyncConnection[Any], cases: Sequence[Case] | None = None) -> Shelf:
    """The documents that the clocks of these complaints refer to; without them, all."""
    wanted: list[tuple[str, str, int]] | None = None
    if cases is not None:
        pins = {pin for case in cases for at in case.timeline.applications for pin in at.policies}
        wanted = [(POLICY, pin.policy, pin.version) for pin in pins]
        wanted += [(CALENDAR, pin.calendar, pin.calendar_version) for pin in pins]
    columns = [list(column) for column in zip(*wanted, strict=True)] if wanted else [[], [], []]
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(READ, [None if wanted is None else columns[0], *columns])
        rows = await cursor.fetchall()
    return _shelf(rows)


class NoCalendar(Exception):
    """The draft counts in a calendar that is not in force; the message names it."""


def with_draft(
    shelf: Shelf, policy: Policy | None, calendar: PinnedCalendar | None
) -> tuple[list[ActivePolicy], Book]:
    """The policies in force with a draft in the place of its namesake or added, and their book.

    Raises:
        NoCalendar: the draft policy counts in a calendar that is neither in force nor drafted.
    """
    calendars = {name: shelf.pinned[name, version] for name, version in shelf.calendars_in_force.items()}
    if calendar is not None:
        calendars[calendar.calendar.name] = calendar
    policies = {name: (shelf.documents.policies[name, v], v) for name, v in shelf.policies_in_force.items()}
    if policy is not None:
        if policy.calendar not in calendars:
            raise NoCalendar(policy.calendar)
        policies[policy.name] = (policy, DRAFT)
    active = [
        ActivePolicy(policy=document, version=version, calendar=calendars[document.calendar])
        for document, version in policies.values()
        if document.calendar in calendars
    ]
    documents = Book(
        policies={(each.policy.name, each.version): each.policy for each in active},
        calendars={
            (pinned.calendar.name, pinned.version): WorkingTime(pinned) for pinned in calendars.values()
        },
    )
    return active, documents


def _shelf(rows: Sequence[tuple[str, str, int, str, bool]]) -> Shelf:
    policies = {(name, v): _policy(text) for kind, name, v, text, _ in rows if kind == POLICY}
    calendars = {(name, v): _calendar(text) for kind, name, v, text, _ in rows if kind == CALENDAR}
    in_force = [(kind, name, v) for kind, name, v, _, holds in rows if holds]
    return Shelf(
        documents=Book(policies, {key: time for key, (_, time) in calendars.items()}),
        pinned={key: pinned for key, (pinned, _) in calendars.items()},
        policies_in_force={name: v for kind, name, v in in_force if kind == POLICY},
        calendars_in_force={name: v for kind, name, v in in_force if kind == CALENDAR},
    )


@lru_cache(maxsize=1_000)
def _policy(text: str) -> Policy:
    return msgspec.json.decode(text, type=Policy)


@lru_cache(maxsize=200)
def _calendar(text: str) -> tuple[PinnedCalendar, WorkingTime]:
    """A calendar keeps the years that it has laid out, and so is worth keeping itself."""
    pinned = msgspec.json.decode(text, type=PinnedCalendar)
    return pinned, WorkingTime(pinned)
