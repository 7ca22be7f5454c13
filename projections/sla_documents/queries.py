"""What the view answers: one policy or calendar, and lists of them."""

from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

import psycopg
from msgspec import Meta, Struct

from domain.fields import Label
from domain.sla.documents import Layer
from infra.pages import DEFAULT, MOST, Answer, Filter, Listing, Order, Page, asked_page, both_ways, by_id
from projections.sla_documents.rows import CalendarDetail, PolicyDetail, State
from projections.sla_documents.view import VIEW

Sort = Literal["name", "-name"]


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
    return await by_id(connection, POLICIES, policy_id)


async def calendar(connection: psycopg.AsyncConnection[Any], calendar_id: UUID) -> Answer[CalendarDetail]:
    """A calendar by its id; None where there is none. Raises Unavailable: the view was never prepared."""
    return await by_id(connection, CALENDARS, calendar_id)


async def policies(connection: psycopg.AsyncConnection[Any], wanted: Policies) -> Page[PolicyDetail]:
    """A page of policies. Raises BadCursor, Unavailable."""
    return await asked_page(connection, POLICIES, FILTERS, wanted)


async def calendars(connection: psycopg.AsyncConnection[Any], wanted: Calendars) -> Page[CalendarDetail]:
    """A page of calendars. Raises BadCursor, Unavailable."""
    return await asked_page(connection, CALENDARS, FILTERS, wanted)
