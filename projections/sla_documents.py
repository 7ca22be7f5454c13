"""Policies and calendars: all their versions, which one is in force, and who is asked to put one in force."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, LiteralString, TypeVar
from uuid import UUID

import psycopg
from msgspec import Meta, Raw, Struct, json
from msgspec.structs import replace

from domain.aggregate import Event
from domain.complaint.events.approvals import ApprovalRequested
from domain.fields import Label
from domain.publishing import Published
from domain.sla import PinnedCalendar, Policy
from domain.sla.documents import Layer
from domain.sla_calendar import SLA_CALENDAR, CalendarActivated, CalendarDefined, CalendarRevised
from domain.sla_policy import SLA_POLICY, PolicyActivated, PolicyDefined, PolicyRevised
from infra.events import Recorded
from infra.pages import DEFAULT, MOST, Answer, Filter, Listing, Order, Page, both_ways, read_one, read_page
from infra.projector import View
from infra.rows import fold_rows, one_by_one

State = Literal["draft", "active", "retired"]
Sort = Literal["name", "-name"]

DDL = """
CREATE TABLE IF NOT EXISTS sla_policies_1 (
    document_id    uuid        PRIMARY KEY,
    version        integer     NOT NULL,
    etag           integer     NOT NULL,
    name           text        NOT NULL,
    state          text        NOT NULL,
    active_version integer,
    latest_version integer     NOT NULL,
    updated_at     timestamptz NOT NULL,
    layer          text        NOT NULL,
    calendar       text        NOT NULL,
    policy         json        NOT NULL,
    versions       json        NOT NULL,
    approvals      json        NOT NULL,
    published      json        NOT NULL
);
CREATE INDEX IF NOT EXISTS sla_policies_1_name ON sla_policies_1 (name, document_id);
CREATE TABLE IF NOT EXISTS sla_calendars_1 (
    document_id    uuid        PRIMARY KEY,
    version        integer     NOT NULL,
    etag           integer     NOT NULL,
    name           text        NOT NULL,
    state          text        NOT NULL,
    active_version integer,
    latest_version integer     NOT NULL,
    updated_at     timestamptz NOT NULL,
    calendar       json        NOT NULL,
    versions       json        NOT NULL,
    approvals      json        NOT NULL,
    published      json        NOT NULL
);
CREATE INDEX IF NOT EXISTS sla_calendars_1_name ON sla_calendars_1 (name, document_id);
"""


class Pending(Struct, frozen=True, kw_only=True):
    """A version that somebody asks to put in force; another supervisor decides."""

    approval_id: UUID
    version: int
    requested_by: str
    requested_at: datetime


class PolicyVersion(Struct, frozen=True, kw_only=True):
    """A version of a policy; what it says never changes."""

    version: int
    policy: Policy
    defined_at: datetime
    defined_by: str
    activated_at: datetime | None = None


class CalendarVersion(Struct, frozen=True, kw_only=True):
    """A version of a calendar, with its holidays as dates; what it says never changes."""

    version: int
    calendar: PinnedCalendar
    defined_at: datetime
    defined_by: str
    activated_at: datetime | None = None


class PolicyDetail(Struct, frozen=True, kw_only=True):
    """A policy. `policy` is the version in force, or the newest where none is."""

    id: UUID
    version: int
    etag: int
    name: str
    state: State
    active_version: int | None
    latest_version: int
    updated_at: datetime
    policy: Policy
    versions: tuple[PolicyVersion, ...]
    approvals: tuple[Pending, ...]


class CalendarDetail(Struct, frozen=True, kw_only=True):
    """A calendar. `calendar` is the version in force, or the newest where none is."""

    id: UUID
    version: int
    etag: int
    name: str
    state: State
    active_version: int | None
    latest_version: int
    updated_at: datetime
    calendar: PinnedCalendar
    versions: tuple[CalendarVersion, ...]
    approvals: tuple[Pending, ...]


class PolicyRow(Struct, frozen=True, kw_only=True):
    """A policy; the fields are the columns of `sla_policies_1`."""

    document_id: UUID
    version: int
    etag: int
    name: str
    state: State
    active_version: int | None
    latest_version: int
    updated_at: datetime
    layer: Layer
    calendar: str
    policy: Policy
    versions: tuple[PolicyVersion, ...]
    approvals: tuple[Pending, ...]
    published: Published[Policy]


class CalendarRow(Struct, frozen=True, kw_only=True):
    """A calendar; the fields are the columns of `sla_calendars_1`. Documents are JSON already."""

    document_id: UUID
    version: int
    etag: int
    name: str
    state: State
    active_version: int | None
    latest_version: int
    updated_at: datetime
    calendar: Raw
    versions: Raw
    approvals: tuple[Pending, ...]
    published: Raw


class Policies(Struct, frozen=True, kw_only=True):
    """Which policies to list; conditions hold together."""

    name: Label | None = None
    state: State | None = None
    layer: Layer | None = None
    calendar: Label | None = None
    sort: Sort = "name"
    limit: Annotated[int, Meta(ge=1, le=MOST)] = DEFAULT
    cursor: str | None = None


class Calendars(Struct, frozen=True, kw_only=True):
    """Which calendars to list; conditions hold together."""

    name: Label | None = None
    state: State | None = None
    sort: Sort = "name"
    limit: Annotated[int, Meta(ge=1, le=MOST)] = DEFAULT
    cursor: str | None = None


V = TypeVar("V", PolicyVersion, CalendarVersion)


def fold_policy(row: PolicyRow | None, recorded: Recorded[Event]) -> PolicyRow:
    """The policy's row after an event."""
    event = recorded.event
    published: Published[Policy] = SLA_POLICY.evolve(
        row.published if row else None, event, recorded.occurred_at
    )
    versions = row.versions if row else ()
    if isinstance(event, PolicyDefined | PolicyRevised):
        new = PolicyVersion(
            version=published.latest,
            policy=event.policy,
            defined_at=recorded.occurred_at,
            defined_by=recorded.actor,
        )
        versions = (*versions, new)
    if isinstance(event, PolicyActivated):
        versions = _activated(versions, event.policy_version, recorded.occurred_at)
    shown = published.versions[(published.active or published.latest) - 1]
    return PolicyRow(
        **_common(row, recorded, published),
        layer=shown.layer,
        calendar=shown.calendar,
        policy=shown,
        versions=versions,
        published=published,
    )


def fold_calendar(row: CalendarRow | None, recorded: Recorded[Event]) -> CalendarRow:
    """The calendar's row after an event."""
    event = recorded.event
    before = json.decode(row.published, type=Published[PinnedCalendar]) if row else None
    published: Published[PinnedCalendar] = SLA_CALENDAR.evolve(before, event, recorded.occurred_at)
    versions = json.decode(row.versions, type=tuple[CalendarVersion, ...]) if row else ()
    if isinstance(event, CalendarDefined | CalendarRevised):
        new = CalendarVersion(
            version=published.latest,
            calendar=published.versions[-1],
            defined_at=recorded.occurred_at,
            defined_by=recorded.actor,
        )
        versions = (*versions, new)
    if isinstance(event, CalendarDefined):
        versions = _activated(versions, 1, recorded.occurred_at)
    if isinstance(event, CalendarActivated):
        versions = _activated(versions, event.calendar_version, recorded.occurred_at)
    return CalendarRow(
        **_common(row, recorded, published),
        calendar=Raw(json.encode(published.versions[(published.active or published.latest) - 1])),
        versions=Raw(json.encode(versions)),
        published=Raw(json.encode(published)),
    )


def _common(
    row: PolicyRow | CalendarRow | None, recorded: Recorded[Event], published: Published[Any]
) -> dict[str, Any]:
    return {
        "document_id": recorded.stream_id,
        "version": recorded.version,
        "etag": row.etag if row and recorded.origin == "system" else recorded.version,
        "name": published.name,
        "state": "active" if published.active else "retired" if published.retired else "draft",
        "active_version": published.active,
        "latest_version": published.latest,
        "updated_at": recorded.recorded_at,
        "approvals": _pending(row.approvals if row else (), recorded, published),
    }


def _pending(
    before: tuple[Pending, ...], recorded: Recorded[Event], published: Published[Any]
) -> tuple[Pending, ...]:
    open_ids = {approval.approval_id for approval in published.approvals}
    left = tuple(each for each in before if each.approval_id in open_ids)
    event = recorded.event
    if not isinstance(event, ApprovalRequested):
        return left
    asked = Pending(
        approval_id=event.approval_id,
        version=int((event.command or {}).get("version", 0)),
        requested_by=event.requested_by,
        requested_at=recorded.occurred_at,
    )
    return (*left, asked)


def _activated(versions: tuple[V, ...], version: int, at: datetime) -> tuple[V, ...]:
    return tuple(replace(each, activated_at=at) if each.version == version else each for each in versions)


async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    """Fold events into the tables."""
    policies = [event for event in events if event.kind == SLA_POLICY.kind]
    calendars = [event for event in events if event.kind == SLA_CALENDAR.kind]
    await fold_rows(
        connection,
        policies,
        table="sla_policies_1",
        key="document_id",
        row_type=PolicyRow,
        fold=one_by_one(fold_policy),
    )
    await fold_rows(
        connection,
        calendars,
        table="sla_calendars_1",
        key="document_id",
        row_type=CalendarRow,
        fold=one_by_one(fold_calendar),
    )


VIEW = View(
    name="sla_documents", version=1, ddl=DDL, tables=("sla_policies_1", "sla_calendars_1"), apply=apply
)

SHARED: LiteralString = """document_id AS id, version, etag, name, state, active_version, latest_version,
       updated_at, versions, approvals"""
ORDERS = both_ways(Order("name", "text", str, id_column="document_id"))
POLICIES = Listing(VIEW.follower, PolicyDetail, SHARED + ", policy", "sla_policies_1", ORDERS)
CALENDARS = Listing(VIEW.follower, CalendarDetail, SHARED + ", calendar", "sla_calendars_1", ORDERS)
# There are dozens of documents, not thousands: whatever is asked, a walk along their names finds it.
FILTERS: dict[str, Filter] = {
    "name": Filter(condition="name = %(name)s"),
    "state": Filter(condition="state = %(state)s"),
    "layer": Filter(condition="layer = %(layer)s"),
    "calendar": Filter(condition="calendar = %(calendar)s"),
}


async def policy(connection: psycopg.AsyncConnection[Any], policy_id: UUID) -> Answer[PolicyDetail]:
    """A policy by its id; None where there is none. Raises Unavailable: the view was never prepared."""
    return await _one(connection, POLICIES, policy_id)


async def calendar(connection: psycopg.AsyncConnection[Any], calendar_id: UUID) -> Answer[CalendarDetail]:
    """A calendar by its id; None where there is none. Raises Unavailable: the view was never prepared."""
    return await _one(connection, CALENDARS, calendar_id)


async def policies(connection: psycopg.AsyncConnection[Any], wanted: Policies) -> Page[PolicyDetail]:
    """A page of policies. Raises BadCursor, Unavailable."""
    return await _page(connection, POLICIES, wanted)


async def calendars(connection: psycopg.AsyncConnection[Any], wanted: Calendars) -> Page[CalendarDetail]:
    """A page of calendars. Raises BadCursor, Unavailable."""
    return await _page(connection, CALENDARS, wanted)


T = TypeVar("T")


async def _one(connection: psycopg.AsyncConnection[Any], listing: Listing[T], document_id: UUID) -> Answer[T]:
    return await read_one(
        connection,
        VIEW.follower,
        listing.item_type,
        select="SELECT " + listing.columns + " FROM " + listing.table,  # noqa: S608 - constants of this module
        conditions=["document_id = %(id)s"],
        arguments={"id": document_id},
    )


async def _page(
    connection: psycopg.AsyncConnection[Any], listing: Listing[T], wanted: Policies | Calendars
) -> Page[T]:
    given = {name: value for name in FILTERS if (value := getattr(wanted, name, None)) is not None}
    return await read_page(
        connection,
        listing,
        [FILTERS[name] for name in given],
        given,
        sort=wanted.sort,
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
