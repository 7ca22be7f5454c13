"""What resources share whose answer takes long: it is asked for here, and a worker works it out."""

from typing import Any
from uuid import UUID

from litestar import Request

from api.problems import NotFound
from api.services import principal, services
from infra import jobs
from infra.jobs import Job


async def submitted(request: Request[Any, Any, Any], kind: str, asked: bytes, *, alone: bool = False) -> UUID:
    """The id of a new job, `alone` if no other of this kind may wait or run.

    Raises:
        TooMany: too many wait already.
        AlreadyAsked: it would not be alone.
    """
    who = principal(request).subject
    return await services(request).reader.run(lambda c: jobs.submit(c, kind, asked, who, alone=alone))


async def found(request: Request[Any, Any, Any], kind: str, job_id: UUID, missing: str) -> Job:
    """The job of this kind and id.

    Raises:
        NotFound: there is none, as `missing` says.
    """
    job = await services(request).reader.run(lambda c: jobs.find(c, kind, job_id))
    if job is None:
        raise NotFound(missing)
    return job


async def given_up(request: Request[Any, Any, Any], job_id: UUID) -> None:
    """Want the answer of a job no more."""
    await services(request).reader.run(lambda c: jobs.cancel(c, job_id))


def progress(job: Job) -> float:
    """How far a job is, 0 to 1."""
    return 1.0 if job.state == "done" else round(job.done / job.total, 4) if job.total else 0.0
