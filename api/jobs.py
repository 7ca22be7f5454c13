"""What resources share whose answer takes long: it is asked for here, and a worker works it out."""

from typing import Any
from uuid import UUID

import psycopg
from litestar import Request
from msgspec import Struct

from api.problems import NotFound
from api.services import principal, services
from infra import jobs
from infra.jobs import Job


class Answered(Struct, frozen=True):
    """What was asked about jobs; it knows no position."""

    value: Any
    log_position: int = 0


async def submitted(request: Request[Any, Any, Any], kind: str, asked: bytes) -> UUID:
    """The id of a new job.

    Raises:
        TooMany: too many wait already.
    """

    async def submit(connection: psycopg.AsyncConnection[Any]) -> Answered:
        return Answered(await jobs.submit(connection, kind, asked, principal(request).subject))

    job_id: UUID = (await services(request).reader.run(submit)).value
    return job_id


async def found(request: Request[Any, Any, Any], kind: str, job_id: UUID, missing: str) -> Job:
    """The job of this kind and id.

    Raises:
        NotFound: there is none, as `missing` says.
    """

    async def ask(connection: psycopg.AsyncConnection[Any]) -> Answered:
        return Answered(await jobs.find(connection, kind, job_id))

    job: Job | None = (await services(request).reader.run(ask)).value
    if job is None:
        raise NotFound(missing)
    return job


async def given_up(request: Request[Any, Any, Any], job_id: UUID) -> None:
    """Want the answer of a job no more."""

    async def give_up(connection: psycopg.AsyncConnection[Any]) -> Answered:
        await jobs.cancel(connection, job_id)
        return Answered(None)

    await services(request).reader.run(give_up)


def progress(job: Job) -> float:
    """How far a job is, 0 to 1."""
    return 1.0 if job.state == "done" else round(job.done / job.total, 4) if job.total else 0.0
