"""What if another policy or calendar had held: asked here, reckoned by a worker, answered when it is done."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath
from msgspec import Struct

from api.commands import content
from api.conventions import JSON, single
from api.jobs import found, given_up, progress, submitted
from api.services import services
from api.validation import Malformed, Nothing, Wrong, decode, query
from domain.messages import Problem
from domain.sla import PinnedCalendar, calendar_problems, policy_problems
from infra.database import connect
from infra.holidays import holiday_set
from infra.jobs import Handler, Job, Progress
from projections import sla
from projections.sla import Simulated, Simulation

KIND = "sla-simulation"
MINE: Any = {
    "action": "simulate service levels", "versioned": False, "positioned": False,
    "problems": ("Malformed", "Unauthenticated", "Forbidden", "NotFound", "Unavailable"),
}  # fmt: skip


class SimulationStanding(Struct, frozen=True, kw_only=True):
    """A simulation: how far it is, and once it is done what it shows."""

    id: UUID
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    progress: float
    """0 to 1: the share of the complaints that were looked at."""
    asked_by: str
    asked_at: datetime
    asked: Simulation
    failure: str | None
    result: Simulated | None


@post("/v1/sla/simulations", name="sla-simulate", status_code=202, opt={
    **MINE, "summary": "Simulate a policy or calendar", "request": Simulation,
    "response": SimulationStanding, "status": 202, "headers": ["Location"],
    "problems": ("Malformed", "Unauthenticated", "Forbidden", "BodyTooLarge", "UnsupportedMediaType",
                 "Unavailable")})  # fmt: skip
async def simulate(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Replay the history under a draft; 202 at once, the answer later at `Location`. Nothing is changed."""
    asked = decode(await content(request), Simulation)
    _check(request, asked)
    job_id = await submitted(request, KIND, msgspec.json.encode(asked))
    standing = _standing(await _job(request, job_id))
    headers = {"Location": f"/v1/sla/simulations/{job_id}"}
    return Response(msgspec.json.encode(standing), status_code=202, media_type=JSON, headers=headers)


@get("/v1/sla/simulations/{stream_id:uuid}", name="sla-simulation", opt={
    **MINE, "summary": "How far a simulation is, and what it shows", "response": SimulationStanding,
})  # fmt: skip
async def standing(request: Request[Any, Any, Any], stream_id: FromPath[UUID]) -> Response[bytes]:
    """A simulation; it is kept for a week."""
    query(request.scope["query_string"], Nothing)
    return single(_standing(await _job(request, stream_id)))


@post("/v1/sla/simulations/{stream_id:uuid}/cancel", name="sla-simulation-cancel", status_code=200, opt={
    **MINE, "summary": "Give a simulation up", "response": SimulationStanding})  # fmt: skip
async def cancel(request: Request[Any, Any, Any], stream_id: FromPath[UUID]) -> Response[bytes]:
    """Stop a simulation that waits or runs; one that has ended stays as it is."""
    await _job(request, stream_id)
    await given_up(request, stream_id)
    return single(_standing(await _job(request, stream_id)))


def _check(request: Request[Any, Any, Any], asked: Simulation) -> None:
    """A draft that could not be put in force either is not simulated."""
    if asked.policy is None and asked.calendar is None:
        raise Malformed([Wrong("$.policy", "a policy or a calendar is required")])
    if asked.decided_from >= asked.decided_to:
        raise Malformed([Wrong("$.decided_to", "not after decided_from")])
    standing = services(request).reference.standing
    known = {name: pinned.calendar for name, pinned in standing.calendars.items()}
    wrong: list[Wrong] = []
    if (calendar := _pinned(asked)) is not None:
        known[calendar.calendar.name] = calendar.calendar
        wrong += _below("calendar", calendar_problems(calendar.calendar, {}))
        if calendar.calendar.holidays and calendar.holidays is None:
            wrong.append(Wrong("$.calendar.holidays", "no holidays are known for it"))
    if asked.policy is not None:
        wrong += _below("policy", policy_problems(asked.policy, known))
    if wrong:
        raise Malformed(wrong)


def _below(field: str, found: Iterable[Problem]) -> list[Wrong]:
    return [Wrong(f"$.{field}{each.path.removeprefix('$')}", each.reason) for each in found]


def simulating(conninfo: str) -> Handler:
    """What answers simulations, over connections of its own."""

    async def answer(text: bytes, tell: Progress) -> bytes:
        asked = msgspec.json.decode(text, type=Simulation)
        async with await connect(conninfo) as connection:
            simulated = await sla.simulate(connection, asked, _pinned(asked), datetime.now(UTC), tell)
        return msgspec.json.encode(simulated)

    return answer


def _pinned(asked: Simulation) -> PinnedCalendar | None:
    if asked.calendar is None:
        return None
    days = holiday_set(asked.calendar.holidays, datetime.now(UTC).date())
    return PinnedCalendar(calendar=asked.calendar, version=sla.DRAFT, holidays=days)


async def _job(request: Request[Any, Any, Any], job_id: UUID) -> Job:
    return await found(request, KIND, job_id, "no simulation has this id")


def _standing(job: Job) -> SimulationStanding:
    return SimulationStanding(
        id=job.id,
        state=job.state,
        progress=progress(job),
        asked_by=job.asked_by,
        asked_at=job.asked_at,
        asked=msgspec.json.decode(job.asked, type=Simulation),
        failure=job.failure,
        result=msgspec.json.decode(job.result, type=Simulated) if job.result else None,
    )


ROUTER = Router("/", route_handlers=[simulate, standing, cancel])
