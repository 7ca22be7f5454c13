"""Operations: is the process alive, is it ready, and who am I to it."""

from typing import Any, Literal

import msgspec
from litestar import Request, Response, Router, get
from msgspec import Struct

from api.conventions import JSON, single
from api.problems import RETRY_SECONDS
from api.roles import Role
from api.services import principal, services
from api.validation import Nothing, query
from infra.projector import Standing, standings

STALE_SECONDS = 10.0


class Live(Struct, frozen=True):
    """The process answers."""

    status: Literal["live"] = "live"


class Follower(Struct, frozen=True, kw_only=True):
    """How far a view or reactor has read, for how long its next event has waited, and whether it failed."""

    name: str
    position: int
    behind_seconds: float
    failed_position: int | None = None
    failure: str | None = None


class Ready(Struct, frozen=True, kw_only=True):
    """Whether everything is there: the database, and every view near the newest event (`head`)."""

    status: Literal["ready", "not_ready"]
    head: int
    followers: list[Follower]


class Identity(Struct, frozen=True, kw_only=True):
    """The caller: the actor of what it does, its roles, and its sector if it has one."""

    subject: str
    roles: list[Role]
    sector: str | None


@get("/health/live", name="health-live", opt={"summary": "Is the process alive?", "response": Live})
async def live() -> Response[bytes]:
    """Answers as long as the process does."""
    return single(Live())


@get(
    "/health/ready",
    name="health-ready",
    opt={"summary": "Is everything there?", "response": Ready, "also": {503: Ready}},
)
async def ready(request: Request[Any, Any, Any]) -> Response[bytes]:
    """503 while the database is away, or a view failed or lets its next event wait for ten seconds."""
    parts = services(request)
    rows = [row for row in await parts.reader.run(standings) if row.follower in parts.followers]
    found = [_follower(row, parts.standstill.seconds(row)) for row in rows]
    well = parts.followers == {each.name for each in found} and all(
        each.failure is None and each.behind_seconds < STALE_SECONDS for each in found
    )
    body = Ready(
        status="ready" if well else "not_ready",
        head=max((row.head for row in rows), default=0),
        followers=found,
    )
    content = msgspec.json.encode(body)
    if well:
        return Response(content, media_type=JSON)
    return Response(content, status_code=503, media_type=JSON, headers={"Retry-After": RETRY_SECONDS})


def _follower(row: Standing, stands_for: float) -> Follower:
    return Follower(
        name=row.follower,
        position=row.position,
        behind_seconds=max(row.behind_seconds, stands_for),
        failed_position=row.failed_position,
        failure=row.failure,
    )


@get("/v1/me", name="own-identity", opt={
    "action": "read own identity", "summary": "Who am I?", "response": Identity, "positioned": False,
})  # fmt: skip
async def me(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The caller as the service knows it."""
    query(request.scope["query_string"], Nothing)
    who = principal(request)
    return single(Identity(subject=who.subject, roles=sorted(who.roles), sector=who.sector))


ROUTER = Router("/", route_handlers=[live, ready, me])
