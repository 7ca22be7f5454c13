"""Teams and analysts: their commands, one of them by name or id, lists."""

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
from api.sla_documents import settled
from api.validation import Nothing, query
from domain.aggregate import Aggregate
from domain.analyst import ANALYST, AnalystEvent, RegisterAnalyst
from domain.messages import Command
from domain.team import TEAM, RegisterTeam, TeamEvent
from infra.commands import Outcome
from infra.pages import Answer as Found
from infra.pages import Page
from infra.presets import claim_of
from projections import staff as view

E = TypeVar("E")


class StaffChanged(Struct, Generic[E], frozen=True, kw_only=True):
    """A team or an analyst after a command, and the events that the command recorded."""

    id: UUID
    version: int
    position: int
    events: list[EventView[E]]


class TeamChanged(StaffChanged[TeamEvent], frozen=True, kw_only=True):
    """A team after a command, and the events that the command recorded."""


class AnalystChanged(StaffChanged[AnalystEvent], frozen=True, kw_only=True):
    """An analyst after a command, and the events that the command recorded."""


class Register(NamedTuple):
    """One of the two: what assignments call its entries, how one begins, and how they are read."""

    aggregate: Aggregate
    called: Callable[[Any], str]
    begins: type[Command]
    changed: type[StaffChanged[Any]]
    detail: type[Struct]
    wanted: type[Struct]
    read_one: Callable[[psycopg.AsyncConnection[Any], UUID], Awaitable[Found[Any]]]
    read_page: Callable[[psycopg.AsyncConnection[Any], Any], Awaitable[Page[Any]]]

    @property
    def path(self) -> str:
        """Where it is."""
        return f"/v1/{self.aggregate.kind}s"


TEAMS = Register(
    TEAM, lambda given: str(given.name), RegisterTeam, TeamChanged, view.TeamDetail, view.Teams,
    view.team, view.teams,
)  # fmt: skip
ANALYSTS = Register(
    ANALYST, lambda given: str(given.subject), RegisterAnalyst, AnalystChanged, view.AnalystDetail,
    view.Analysts, view.analyst, view.analysts,
)  # fmt: skip


def routes(kind: Register) -> Router:
    """All handlers of one of the two."""
    commands = [each for each in kind.aggregate.commands if each is not kind.begins]
    return Router(
        kind.path,
        route_handlers=[
            allowing("GET", "POST"),
            _listing(kind),
            _detail(kind),
            _registering(kind),
            *(_changing(kind, command) for command in commands),
        ],
    )


def _listing(kind: Register) -> HTTPRouteHandler:
    @get("/", name=f"{kind.aggregate.kind}-list", opt={
        "action": "read staff", "summary": f"All {kind.aggregate.kind}s", "query": kind.wanted,
        "headers": ["Link"], "response": Items[kind.detail]})  # type: ignore[name-defined]  # fmt: skip  # known at run time only
    async def listing(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Those that match the filters, a page at a time."""
        asked = query(request.scope["query_string"], kind.wanted)
        page = await services(request).reader.read(
            view.VIEW, request, lambda connection: kind.read_page(connection, asked)
        )
        return listed(request, page)

    return listing


def _detail(kind: Register) -> HTTPRouteHandler:
    @get("/{key:str}", name=f"{kind.aggregate.kind}-detail", opt={
        "action": "read staff", "summary": f"One {kind.aggregate.kind}", "headers": ["ETag"],
        "response": kind.detail})  # fmt: skip
    async def detail(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
        """One by its name, as assignments have it, or by its id."""
        query(request.scope["query_string"], Nothing)
        stream_id = await named(request, kind.aggregate, key)
        answer = await services(request).reader.read(
            view.VIEW, request, lambda connection: kind.read_one(connection, stream_id)
        )
        if answer.value is None:
            raise NotFound(f"no {kind.aggregate.kind} has this id")
        return single(answer.value, answer.log_position, answer.value.etag)

    return detail


def _registering(kind: Register) -> HTTPRouteHandler:
    @post("/", name=f"{kind.aggregate.kind}-register", opt=_opt(kind, kind.begins, 201))
    async def handler(request: Request[Any, Any, Any]) -> Answer:
        given = await read_body(request, kind.begins)
        who = replace(caller(request), claim=claim_of(kind.aggregate, kind.called(given)))
        outcome = await carry_out(request, kind.aggregate, None, given, who=who, check=_check)
        body = await _settled(request, kind, outcome)
        return changed(outcome, body, location=f"{kind.path}/{outcome.stream_id}")

    return handler


def _changing(kind: Register, command: type[Command]) -> HTTPRouteHandler:
    @post(
        f"/{{key:str}}/{command.verb}",
        name=f"{kind.aggregate.kind}-{command.verb}",
        opt=_opt(kind, command, 200),
    )
    async def handler(request: Request[Any, Any, Any], key: FromPath[str]) -> Answer:
        given = await read_body(request, command)
        stream_id = await named(request, kind.aggregate, key)
        outcome = await carry_out(
            request, kind.aggregate, stream_id, given, who=caller(request), check=_check
        )
        return changed(outcome, await _settled(request, kind, outcome))

    return handler


def _opt(kind: Register, command: type[Command], status: int) -> dict[str, Any]:
    return {
        "action": action_of(kind.aggregate, command),
        "summary": f"{command.verb.replace('-', ' ').capitalize()} ({kind.aggregate.kind})",
        "request": command,
        "response": kind.changed,
        "status": status,
        "conditional": status == 200,
        "aggregate": kind.aggregate.kind,
    }


async def _check(
    request: Request[Any, Any, Any], action: str, stream_id: UUID | None, command: Command
) -> None:
    """These commands need to know nothing that the decision is not given."""


async def _settled(request: Request[Any, Any, Any], kind: Register, outcome: Outcome) -> Struct:
    """The answer, once every process assigns by what was recorded."""
    if outcome.events:
        await settled(request)
    return kind.changed(
        id=outcome.stream_id,
        version=outcome.version,
        position=outcome.position,
        events=[event_view(event) for event in outcome.events],
    )


ROUTERS = (routes(TEAMS), routes(ANALYSTS))
