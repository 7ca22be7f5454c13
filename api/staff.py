"""Teams and analysts: their commands, one of them by name or id, lists."""

from functools import partial
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

from api.answers import one_of, page_of
from api.conventions import Changed, Items, after
from api.naming import Named, named, routes
from api.settling import settled
from api.validation import Nothing, query
from domain.analyst import ANALYST, AnalystEvent, RegisterAnalyst
from domain.team import TEAM, RegisterTeam, TeamEvent
from infra.commands import Outcome
from projections import staff


class TeamChanged(Changed[TeamEvent], frozen=True, kw_only=True):
    """A team after a command, and the events that the command recorded."""


class AnalystChanged(Changed[AnalystEvent], frozen=True, kw_only=True):
    """An analyst after a command, and the events that the command recorded."""


async def _changed(
    shape: type[Changed[Any]], request: Request[Any, Any, Any], outcome: Outcome
) -> Changed[Any]:
    """The answer, once every process assigns by what was recorded."""
    if outcome.events:
        await settled(request)
    return shape(**after(outcome))


@get("/", name="team-list", opt={
    "action": "read staff", "summary": "All teams", "query": staff.Teams, "headers": ["Link"],
    "response": Items[staff.TeamDetail]})  # fmt: skip
async def teams(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Those that match the filters, a page at a time."""
    asked = query(request.scope["query_string"], staff.Teams)
    return await page_of(request, staff.VIEW, lambda c: staff.teams(c, asked))


@get("/{key:str}", name="team-detail", opt={
    "action": "read staff", "summary": "One team", "headers": ["ETag"],
    "response": staff.TeamDetail})  # fmt: skip
async def team(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
    """One by its name, as assignments have it, or by its id."""
    query(request.scope["query_string"], Nothing)
    team_id = await named(request, TEAM, key)
    return await one_of(request, staff.VIEW, lambda c: staff.team(c, team_id), missing="no team has this id")


@get("/", name="analyst-list", opt={
    "action": "read staff", "summary": "All analysts", "query": staff.Analysts, "headers": ["Link"],
    "response": Items[staff.AnalystDetail]})  # fmt: skip
async def analysts(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Those that match the filters, a page at a time."""
    asked = query(request.scope["query_string"], staff.Analysts)
    return await page_of(request, staff.VIEW, lambda c: staff.analysts(c, asked))


@get("/{key:str}", name="analyst-detail", opt={
    "action": "read staff", "summary": "One analyst", "headers": ["ETag"],
    "response": staff.AnalystDetail})  # fmt: skip
async def analyst(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
    """One by its name, as assignments have it, or by its id."""
    query(request.scope["query_string"], Nothing)
    analyst_id = await named(request, ANALYST, key)
    return await one_of(
        request, staff.VIEW, lambda c: staff.analyst(c, analyst_id), missing="no analyst has this id"
    )


TEAMS = Named("/v1/teams", TEAM, RegisterTeam, TeamChanged, partial(_changed, TeamChanged))
ANALYSTS = Named(
    "/v1/analysts",
    ANALYST,
    RegisterAnalyst,
    AnalystChanged,
    partial(_changed, AnalystChanged),
    called="subject",
)
ROUTERS = (routes(TEAMS, teams, team), routes(ANALYSTS, analysts, analyst))
