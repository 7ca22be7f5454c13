"""Policies and calendars: their commands, one of them by name or id, lists."""

from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID

from litestar import Request, Response, get
from litestar.params import FromPath
from msgspec import Struct

from api.answers import one_of, page_of
from api.conventions import EventView, Items, after
from api.naming import Named, named, routes
from api.settling import settled
from api.validation import Nothing, query
from domain.sla_calendar import SLA_CALENDAR, CalendarEvent, DefineCalendar
from domain.sla_policy import SLA_POLICY, DefinePolicy, PolicyEvent
from infra.commands import Outcome
from projections import sla_documents as view

E = TypeVar("E")
IN_FORCE = ("sla-policy-activated", "sla-policy-retired", "sla-calendar-activated", "sla-calendar-defined")
"""The events that change by what commands are decided."""


class DocumentChanged(Struct, Generic[E], frozen=True, kw_only=True):
    """A policy or a calendar after a command, and the events that the command recorded."""

    id: UUID
    name: str
    active_version: int | None
    latest_version: int
    version: int
    position: int
    events: list[EventView[E]]


class PolicyChanged(DocumentChanged[PolicyEvent], frozen=True, kw_only=True):
    """A policy after a command, and the events that the command recorded."""


class CalendarChanged(DocumentChanged[CalendarEvent], frozen=True, kw_only=True):
    """A calendar after a command, and the events that the command recorded."""


async def _changed(
    shape: type[DocumentChanged[Any]], request: Request[Any, Any, Any], outcome: Outcome
) -> DocumentChanged[Any]:
    """The answer, once every process decides by what is in force now."""
    if any(event.tag in IN_FORCE for event in outcome.events):
        await settled(request)
    return shape(
        name=outcome.state.name,
        active_version=outcome.state.active,
        latest_version=outcome.state.latest,
        **after(outcome),
    )


@get("/", name="sla-policy-list", opt={
    "action": "read service levels", "summary": "All policies", "query": view.Policies, "headers": ["Link"],
    "response": Items[view.PolicyDetail]})  # fmt: skip
async def policies(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Those that match the filters, with all their versions, a page at a time."""
    asked = query(request.scope["query_string"], view.Policies)
    return await page_of(request, view.VIEW, lambda c: view.policies(c, asked))


@get("/{key:str}", name="sla-policy-detail", opt={
    "action": "read service levels", "summary": "One of the policies", "headers": ["ETag"],
    "response": view.PolicyDetail})  # fmt: skip
async def policy(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
    """One by its name or id, with all its versions, and whose activation waits for an approval."""
    query(request.scope["query_string"], Nothing)
    policy_id = await named(request, SLA_POLICY, key)
    missing = "there is none of the policies with this id"
    return await one_of(request, view.VIEW, lambda c: view.policy(c, policy_id), missing=missing)


@get("/", name="sla-calendar-list", opt={
    "action": "read service levels", "summary": "All calendars", "query": view.Calendars, "headers": ["Link"],
    "response": Items[view.CalendarDetail]})  # fmt: skip
async def calendars(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Those that match the filters, with all their versions, a page at a time."""
    asked = query(request.scope["query_string"], view.Calendars)
    return await page_of(request, view.VIEW, lambda c: view.calendars(c, asked))


@get("/{key:str}", name="sla-calendar-detail", opt={
    "action": "read service levels", "summary": "One of the calendars", "headers": ["ETag"],
    "response": view.CalendarDetail})  # fmt: skip
async def calendar(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
    """One by its name or id, with all its versions, and whose activation waits for an approval."""
    query(request.scope["query_string"], Nothing)
    calendar_id = await named(request, SLA_CALENDAR, key)
    missing = "there is none of the calendars with this id"
    return await one_of(request, view.VIEW, lambda c: view.calendar(c, calendar_id), missing=missing)


POLICIES = Named(
    "/v1/sla/policies", SLA_POLICY, DefinePolicy, PolicyChanged, partial(_changed, PolicyChanged)
)
CALENDARS = Named(
    "/v1/sla/calendars", SLA_CALENDAR, DefineCalendar, CalendarChanged, partial(_changed, CalendarChanged)
)
ROUTERS = (routes(POLICIES, policies, policy), routes(CALENDARS, calendars, calendar))
