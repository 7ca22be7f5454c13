"""The views: how far each has read, and having one built anew by a worker."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath
from msgspec import Struct

from api.commands import content
from api.conventions import JSON, single
from api.jobs import found, given_up, progress, submitted
from api.parts import VIEWS
from api.problems import NotFound
from api.services import services
from api.validation import Nothing, decode, query
from infra import jobs
from infra.jobs import AlreadyAsked, Handler, Job, State, Work
from infra.projector import BeingRebuilt, Differences, Rebuild, Standing, View, being_rebuilt, standings
from infra.vault import Vault

BEAT_SECONDS = 0.5
NAMED: Mapping[str, View] = {view.name: view for view in VIEWS}
KINDS: Mapping[str, str] = {view.name: f"view-rebuild {view.follower}" for view in VIEWS}
"""Of jobs, by the view that they rebuild: a worker of another version would rebuild its own version of it."""


class ViewStanding(Struct, frozen=True, kw_only=True):
    """How far a view has read. Each version of it has a position of its own."""

    name: str
    version: int
    position: int | None
    """Null: this version is not there yet."""
    head: int
    """Position of the newest event."""
    behind: int
    """So many events are not in it yet."""
    behind_seconds: float
    """For how long the first of them has waited."""
    rebuilding: bool
    """Whether it is being rebuilt, or about to be."""
    rebuild_id: UUID | None
    """Of the rebuild that was asked for here and has not ended."""
    failed_position: int | None
    failure: str | None


class Views(Struct, frozen=True):
    """All views of this version of the service."""

    items: list[ViewStanding]


class RebuildAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to rebuild a view: `compare` it with the one that serves, put it in that one's place (`switch`)."""

    compare: bool = False
    switch: bool = True


class RebuildStanding(Struct, frozen=True, kw_only=True):
    """A rebuild: how far it is, and what differed if that was asked."""

    id: UUID
    view: str
    state: State
    progress: float
    """0 to 1: the share of the events that are folded; indexes and comparing come after."""
    asked_by: str
    asked_at: datetime
    asked: RebuildAsked
    failure: str | None
    differences: Differences | None
    """Between the view that served and the new one; values are not shown."""


class _Job(Struct, frozen=True):
    view: str
    asked: RebuildAsked


class _Known(Struct, frozen=True):
    """What is known of the views at a moment."""

    standings: Mapping[str, Standing]
    locked: set[str]
    asked: Mapping[str, UUID]


async def _known(connection: psycopg.AsyncConnection[Any]) -> _Known:
    unfinished = await jobs.unfinished(connection, list(KINDS.values()))
    return _Known(
        {row.follower: row for row in await standings(connection)},
        await being_rebuilt(connection, VIEWS),
        {msgspec.json.decode(asked, type=_Job).view: job_id for job_id, asked in unfinished},
    )


@get("/v1/views", name="views", opt={
    "action": "read views", "summary": "How far the views have read", "response": Views, "positioned": False,
})  # fmt: skip
async def listing(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Every view with its position, how far that is behind the newest event, and whether it is rebuilt."""
    query(request.scope["query_string"], Nothing)
    known = await services(request).reader.run(_known)
    head = max((row.head for row in known.standings.values()), default=0)
    return single(Views([_standing(view, known, head) for view in VIEWS]))


def _standing(view: View, known: _Known, head: int) -> ViewStanding:
    row = known.standings.get(view.follower)
    return ViewStanding(
        name=view.name,
        version=view.version,
        position=row.position if row else None,
        head=head,
        behind=head - row.position if row else head,
        behind_seconds=max(row.behind_seconds, 0.0) if row else 0.0,
        rebuilding=view.follower in known.locked or view.name in known.asked,
        rebuild_id=known.asked.get(view.name),
        failed_position=row.failed_position if row else None,
        failure=row.failure if row else None,
    )


@post("/v1/views/{key:str}/rebuild", name="view-rebuild", status_code=202, opt={
    "action": "rebuild views", "summary": "Rebuild a view", "request": RebuildAsked,
    "response": RebuildStanding, "versioned": False, "positioned": False, "status": 202,
    "headers": ["Location"],
    "problems": ("Malformed", "Unauthenticated", "Forbidden", "NotFound", "Refused", "BodyTooLarge",
                 "UnsupportedMediaType", "Unavailable")})  # fmt: skip
async def rebuild(request: Request[Any, Any, Any], key: FromPath[str]) -> Response[bytes]:
    """Build it from the first event, beside the one that serves; 202 at once, the outcome at `Location`."""
    asked = decode(await content(request), RebuildAsked)
    view = _view(key)
    known = await services(request).reader.run(_known)
    twice = BeingRebuilt(f"{view.name} is being rebuilt already")
    if view.follower in known.locked:
        raise twice
    try:
        what = msgspec.json.encode(_Job(view.name, asked))
        job_id = await submitted(request, KINDS[view.name], what, alone=True)
    except AlreadyAsked:
        raise twice from None
    body = msgspec.json.encode(_shown(await _found(request, key, job_id)))
    headers = {"Location": f"/v1/views/{key}/rebuilds/{job_id}"}
    return Response(body, status_code=202, media_type=JSON, headers=headers)


OF_ONE: Any = {
    "response": RebuildStanding, "versioned": False, "positioned": False,
    "problems": ("Malformed", "Unauthenticated", "Forbidden", "NotFound", "Unavailable"),
}  # fmt: skip


@get("/v1/views/{key:str}/rebuilds/{stream_id:uuid}", name="view-rebuild-standing", opt={
    **OF_ONE, "action": "read views", "summary": "How far a rebuild is, and what differed",
})  # fmt: skip
async def standing(
    request: Request[Any, Any, Any], key: FromPath[str], stream_id: FromPath[UUID]
) -> Response[bytes]:
    """A rebuild; it is kept for a week."""
    query(request.scope["query_string"], Nothing)
    return single(_shown(await _found(request, key, stream_id)))


@post("/v1/views/{key:str}/rebuilds/{stream_id:uuid}/cancel", name="view-rebuild-cancel", status_code=200,
      opt={**OF_ONE, "action": "rebuild views", "summary": "Give a rebuild up"})  # fmt: skip
async def cancel(
    request: Request[Any, Any, Any], key: FromPath[str], stream_id: FromPath[UUID]
) -> Response[bytes]:
    """Stop a rebuild that waits or runs: the old view stays; where it was just replaced, it is `done`."""
    await _found(request, key, stream_id)
    await given_up(request, stream_id)
    return single(_shown(await _found(request, key, stream_id)))


def _view(name: str) -> View:
    try:
        return NAMED[name]
    except KeyError:
        raise NotFound(f"no view has this name; there are: {', '.join(NAMED)}") from None


async def _found(request: Request[Any, Any, Any], name: str, job_id: UUID) -> Job:
    return await found(request, KINDS[_view(name).name], job_id, "no rebuild of this view has this id")


def _shown(job: Job) -> RebuildStanding:
    what = msgspec.json.decode(job.asked, type=_Job)
    return RebuildStanding(
        id=job.id,
        view=what.view,
        state=job.state,
        progress=progress(job),
        asked_by=job.asked_by,
        asked_at=job.asked_at,
        asked=what.asked,
        failure=job.failure,
        differences=msgspec.json.decode(job.result, type=Differences | None) if job.result else None,
    )


def rebuilding(conninfo: str, vault: Vault) -> Handler:
    """What rebuilds views, and looks all the while whether that is still wanted."""

    async def answer(text: bytes, tell: Work) -> bytes:
        what, so_far = msgspec.json.decode(text, type=_Job), (0, 0)

        def told(done: int, total: int) -> None:
            nonlocal so_far
            so_far = done, total

        def answered(found: Differences) -> bytes:
            return msgspec.json.encode(found if what.asked.compare else None)

        async def switching(connection: psycopg.AsyncConnection[Any], found: Differences) -> None:
            await tell.finish(connection, answered(found))

        building = Rebuild(conninfo, vault, NAMED[what.view], told=told, switching=switching)
        work = asyncio.create_task(building.run(compare=what.asked.compare, switch=what.asked.switch))
        try:
            while not work.done():
                await tell(*so_far)
                await asyncio.wait([work], timeout=BEAT_SECONDS)
        finally:
            work.cancel()
            (outcome,) = await asyncio.gather(work, return_exceptions=True)
        if isinstance(outcome, BaseException):
            raise outcome
        return answered(outcome)

    return answer


ROUTER = Router("/", route_handlers=[listing, rebuild, standing, cancel])
