"""Policies and calendars: their commands, one of them by name or id, lists."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import psycopg
from litestar import Request, Response, Router, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct
from msgspec.structs import replace

from api.commands import action_of, carry_out, read_body
from api.conventions import Answer, EventView, Items, allowing, caller, changed, event_view, listed, single
from api.naming import named
from api.problems import NotFound
from api.services import services
from api.validation import Nothing, query
from domain.aggregate import Aggregate
from domain.messages import Command
from domain.sla_calendar import SLA_CALENDAR, CalendarEvent, DefineCalendar
from domain.sla_policy import SLA_POLICY, DefinePolicy, PolicyEvent
from infra.commands import Outcome
from infra.pages import Answer as Found
from infra.pages import Page
from infra.presets import claim_of
from projections import sla_documents as view

E = TypeVar("E")
SETTLE_SECONDS = 0.2
"""How long the answer to what changes what is in force waits, so that every process has learnt of it."""
SETTLING = ("sla-policy-activated", "sla-policy-retired", "sla-calendar-activated", "sla-calendar-defined")


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


class Documents(NamedTuple):
    """One of the two kinds: where it is, how it begins, and how it is read."""

    path: str
    aggregate: Aggregate
    define: type[Command]
    changed: type[DocumentChanged[Any]]
    detail: type[Struct]
    wanted: type[Struct]
    read_one: Callable[[psycopg.AsyncConnection[Any], UUID], Awaitable[Found[Any]]]
    read_page: Callable[[psycopg.AsyncConnection[Any], Any], Awaitable[Page[Any]]]


POLICIES = Documents(
    "policies", SLA_POLICY, DefinePolicy, PolicyChanged, view.PolicyDetail, view.Policies,
    view.policy, view.policies,
)  # fmt: skip
CALENDARS = Documents(
    "calendars", SLA_CALENDAR, DefineCalendar, CalendarChanged, view.CalendarDetail, view.Calendars,
    view.calendar, view.calendars,
)  # fmt: skip


def routes(kind: Documents) -> Router:
    """All handlers of one kind."""
    commands = [each for each in kind.aggregate.commands if each is not kind.define]
    return Router(
        f"/v1/sla/{kind.path}",
        route_handlers=[
            allowing("GET", "POST"),
            _listing(kind),
            _detail(kind),
            _defining(kind),
            *(_changing(kind, command) for command in commands),
        ],
    )


def _listing(kind: Documents) -> HTTPRouteHandler:
    @get("/", name=f"{kind.aggregate.kind}-list", opt={
        "action": "read service levels", "summary": f"All {kind.path}", "query": kind.wanted,
        "headers": ["Link"], "response": Items[kind.detail]})  # type: ignore[name-defined]  # fmt: skip  # known at run time only
    async def listing(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Those that match the filters, with all their versions, a page at a time."""
        asked = query(request.scope["query_string"], kind.wanted)
        page = await services(request).reader.read(
            view.VIEW, request, lambda connection: kind.read_page(connection, asked)
        )
        return listed(request, page)

    return listing


def _detail(kind: Documents) -> HTTPRouteHandler:
    @get("/{key:str}", name=f"{kind.aggregate.kind}-detail", opt={
        "action": "read service levels", "summary": f"One of the {kind.path}", "headers": ["ETag"],
        "response": kind.detail})  # fmt: skip
    async def detail(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
        """One by its name or id, with all its versions, and whose activation waits for an approval."""
        query(request.scope["query_string"], Nothing)
        document_id = await named(request, kind.aggregate, key)
        answer = await services(request).reader.read(
            view.VIEW, request, lambda connection: kind.read_one(connection, document_id)
        )
        if answer.value is None:
            raise NotFound(f"there is none of the {kind.path} with this id")
        return single(answer.value, answer.log_position, answer.value.etag)

    return detail


def _defining(kind: Documents) -> HTTPRouteHandler:
    @post("/", name=f"{kind.aggregate.kind}-define", opt=_opt(kind, kind.define, 201))
    async def handler(request: Request[Any, Any, Any]) -> Answer:
        given: Any = await read_body(request, kind.define)
        who = replace(caller(request), claim=claim_of(kind.aggregate, given.name))
        outcome = await carry_out(request, kind.aggregate, None, given, who=who, check=_check)
        body = await _settled(request, kind, outcome)
        return changed(outcome, body, location=f"/v1/sla/{kind.path}/{outcome.stream_id}")

    return handler


def _changing(kind: Documents, command: type[Command]) -> HTTPRouteHandler:
    @post(
        f"/{{key:str}}/{command.verb}",
        name=f"{kind.aggregate.kind}-{command.verb}",
        opt=_opt(kind, command, 200),
    )
    async def handler(request: Request[Any, Any, Any], key: FromPath[str]) -> Answer:
        given = await read_body(request, command)
        document_id = await named(request, kind.aggregate, key)
        outcome = await carry_out(
            request, kind.aggregate, document_id, given, who=caller(request), check=_check
        )
        return changed(outcome, await _settled(request, kind, outcome))

    return handler


def _opt(kind: Documents, command: type[Command], status: int) -> dict[str, Any]:
    return {
        "action": action_of(kind.aggregate, command),
        "summary": f"{command.verb.capitalize()} ({kind.aggregate.kind})",
        "request": command,
        "response": kind.changed,
        "status": status,
        "conditional": status == 200,
        "aggregate": kind.aggregate.kind,
    }


async def _check(
    request: Request[Any, Any, Any], action: str, stream_id: UUID | None, command: Command
) -> None:
    """A policy's commands need to know nothing that the decision is not given."""


async def settled(request: Request[Any, Any, Any]) -> None:
    """Wait until every process knows what was recorded just now."""
    await services(request).reference.refresh()
    await asyncio.sleep(SETTLE_SECONDS)


async def _settled(request: Request[Any, Any, Any], kind: Documents, outcome: Outcome) -> Struct:
    """The answer, once every process decides by what is in force now."""
    if any(event.tag in SETTLING for event in outcome.events):
        await settled(request)
    return kind.changed(
        id=outcome.stream_id,
        name=outcome.state.name,
        active_version=outcome.state.active,
        latest_version=outcome.state.latest,
        version=outcome.version,
        position=outcome.position,
        events=[event_view(event) for event in outcome.events],
    )


ROUTERS = (routes(POLICIES), routes(CALENDARS))
