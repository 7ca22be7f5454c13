"""What the view answers: one policy or calendar, and lists of them."""

from typing import Annotated, Any, Literal, LiteralString, TypeVar
from uuid import UUID

import psycopg
from msgspec import Meta, Struct

from domain.fields import Label
from domain.sla.documents import Layer
from infra.pages import DEFAULT, MOST, Answer, Order, Page, both_ways, read_one, read_page
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


POLICIES: LiteralString = """
SELECT document_id AS id, version, etag, name, state, active_version, latest_version, updated_at, policy,
       versions, approvals FROM sla_policies_1"""
CALENDARS: LiteralString = """
SELECT document_id AS id, version, etag, name, state, active_version, latest_version, updated_at, calendar,
       versions, approvals FROM sla_calendars_1"""
ORDERS = both_ways(Order("name", "text", str, id_column="document_id"))
CONDITIONS: dict[str, LiteralString] = {
    "name": "name = %(name)s",
    "state": "state = %(state)s",
    "layer": "layer = %(layer)s",
    "calendar": "calendar = %(calendar)s",
}


async def policy(connection: psycopg.AsyncConnection[Any], policy_id: UUID) -> Answer[PolicyDetail]:
    """A policy by its id; None where there is none. Raises Unavailable: the view was never prepared."""
    return await read_one(
        connection,
        VIEW.follower,
        PolicyDetail,
        select=POLICIES,
        conditions=["document_id = %(id)s"],
        arguments={"id": policy_id},
    )


async def calendar(connection: psycopg.AsyncConnection[Any], calendar_id: UUID) -> Answer[CalendarDetail]:
    """A calendar by its id; None where there is none. Raises Unavailable: the view was never prepared."""
    return await read_one(
        connection,
        VIEW.follower,
        CalendarDetail,
        select=CALENDARS,
        conditions=["document_id = %(id)s"],
        arguments={"id": calendar_id},
    )


async def policies(connection: psycopg.AsyncConnection[Any], wanted: Policies) -> Page[PolicyDetail]:
    """A page of policies. Raises BadCursor, Unavailable."""
    return await _page(connection, PolicyDetail, POLICIES, wanted)


async def calendars(connection: psycopg.AsyncConnection[Any], wanted: Calendars) -> Page[CalendarDetail]:
    """A page of calendars. Raises BadCursor, Unavailable."""
    return await _page(connection, CalendarDetail, CALENDARS, wanted)


T = TypeVar("T")


async def _page(
    connection: psycopg.AsyncConnection[Any],
    item: type[T],
    select: LiteralString,
    wanted: Policies | Calendars,
) -> Page[T]:
    given = {name: value for name in CONDITIONS if (value := getattr(wanted, name, None)) is not None}
    return await read_page(
        connection,
        VIEW.follower,
        item,
        select=select,
        conditions=[CONDITIONS[name] for name in given],
        arguments=given,
        orders=ORDERS,
        sort=wanted.sort,
        limit=wanted.limit,
        cursor=wanted.cursor,
    )
