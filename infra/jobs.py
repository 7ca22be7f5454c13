"""Jobs: questions whose answer takes long. Any API process takes them, any worker answers them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, LiteralString
from uuid import UUID

import psycopg
import structlog
from msgspec import Struct
from psycopg.rows import class_row, tuple_row
from uuid_utils.compat import uuid7

from infra.database import LOST, connect

log = structlog.get_logger()

POLL_SECONDS = 0.5
STALE_SECONDS = 20
"""A job that nobody has touched for so long was lost with its worker, and is begun anew."""
WAITING = 20
"""Jobs that may wait or run at a time."""

State = Literal["waiting", "running", "done", "failed", "cancelled"]
Connection = psycopg.AsyncConnection[Any]


class Job(Struct, frozen=True, kw_only=True):
    """A question, how far its answer is (`done` of `total`), and the answer; both are JSON."""

    id: UUID
    kind: str
    asked: bytes
    asked_by: str
    asked_at: datetime
    state: State
    done: int
    total: int
    touched_at: datetime
    result: bytes | None
    failure: str | None


class TooMany(Exception):
    """So many jobs wait already that one more is not taken."""


class AlreadyAsked(Exception):
    """A job of this kind waits or runs already."""


class Cancelled(Exception):
    """Nobody wants the answer any more."""


ONE_AFTER_THE_OTHER: LiteralString = (
    "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' jobs', 0))"
)
SUBMIT: LiteralString = """
INSERT INTO jobs (id, kind, asked, asked_by) SELECT %s, %s, %s, %s
 WHERE (SELECT count(*) FROM jobs WHERE state IN ('waiting', 'running')) < %s"""
CLAIM: LiteralString = """
UPDATE jobs SET state = 'running', touched_at = now(), done = 0, total = 0
 WHERE id = (SELECT id FROM jobs
              WHERE state IN ('waiting', 'running') AND kind = ANY(%s)
                AND (state = 'waiting' OR touched_at < now() - make_interval(secs => %s))
              ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING *"""
# Not where another has begun it anew meanwhile, which is never before it is stale.
TOUCH: LiteralString = """
UPDATE jobs SET done = %s, total = %s, touched_at = now()
 WHERE id = %s AND state = 'running' AND touched_at <= %s + make_interval(secs => %s)
RETURNING touched_at"""
END: LiteralString = """
UPDATE jobs SET state = %s, result = %s, failure = %s
 WHERE id = %s AND state = 'running' AND touched_at <= %s + make_interval(secs => %s)"""
CANCEL: LiteralString = (
    "UPDATE jobs SET state = 'cancelled' WHERE id = %s AND state IN ('waiting', 'running')"
)
UNFINISHED: LiteralString = (
    "SELECT id, asked FROM jobs WHERE kind = ANY(%s) AND state IN ('waiting', 'running')"
)
GIVE_UP: LiteralString = """
UPDATE jobs SET state = 'failed', failure = 'NobodyAnswers'
 WHERE state IN ('waiting', 'running') AND touched_at < now() - interval '1 day'"""
FORGET: LiteralString = "DELETE FROM jobs WHERE asked_at < now() - interval '7 days'"


async def submit(
    connection: Connection, kind: str, asked: bytes, asked_by: str, *, alone: bool = False
) -> UUID:
    """Ask a question of a kind, `alone` if no other of this kind may wait or run; gives the id of its job.

    Raises:
        TooMany: too many wait already.
        AlreadyAsked: it would not be alone.
    """
    job_id = uuid7()
    async with connection.transaction():
        await connection.execute(ONE_AFTER_THE_OTHER)
        if alone and await unfinished(connection, [kind]):
            raise AlreadyAsked
        cursor = await connection.execute(SUBMIT, [job_id, kind, asked, asked_by, WAITING])
    if cursor.rowcount == 0:
        raise TooMany(f"{WAITING} jobs are waiting")
    return job_id


async def find(connection: Connection, kind: str, job_id: UUID) -> Job | None:
    """The job of this kind and id, if there is one."""
    async with connection.cursor(row_factory=class_row(Job)) as cursor:
        await cursor.execute("SELECT * FROM jobs WHERE id = %s AND kind = %s", [job_id, kind])
        return await cursor.fetchone()


async def unfinished(connection: Connection, kinds: Sequence[str]) -> list[tuple[UUID, bytes]]:
    """The jobs of these kinds that wait or run, each with what was asked."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        return await (await cursor.execute(UNFINISHED, [list(kinds)])).fetchall()


async def cancel(connection: Connection, job_id: UUID) -> None:
    """Want the answer no more; nothing happens to a job that has ended."""
    await connection.execute(CANCEL, [job_id])


async def forget(connection: Connection) -> None:
    """Forget jobs a week after they were asked; give those up that nobody has worked at for a day.

    Their workers may be gone for ever, as those of a version that builds another version of a view.
    """
    await connection.execute(GIVE_UP)
    await connection.execute(FORGET)


Progress = Callable[[int, int], Awaitable[None]]
"""Tells how far a job is; raises Cancelled. To be called now and then: it writes at most once a second."""


class Work:
    """A job under way: what its handler tells of it, over the connection of its worker.

    What a worker tells that hung, while another began the job anew, is told by nobody.
    """

    def __init__(self, connection: Connection, job: Job) -> None:
        self._connection = connection
        self._job_id = job.id
        self._touched_at = job.touched_at
        self._told = float("-inf")
        self._finished = False

    async def __call__(self, done: int, total: int) -> None:
        """Tell how far the job is, as Progress has it.

        Raises:
            Cancelled: nobody wants the answer any more, or not from here.
        """
        now = asyncio.get_running_loop().time()
        if now - self._told < 1:
            return
        self._told = now
        touched = await (await self._connection.execute(TOUCH, [done, total, *self._ours])).fetchone()
        if touched is not None:
            (self._touched_at,) = touched
        elif not self._finished:
            raise Cancelled

    async def finish(self, connection: Connection, result: bytes) -> None:
        """Record the answer at the end of a transaction that does what was asked: both, or neither.

        Raises:
            Cancelled: nobody wants the answer any more; the transaction is not to be committed.
        """
        if (await connection.execute(END, ["done", result, None, *self._ours])).rowcount == 0:
            raise Cancelled
        self._finished = True

    async def end(self, result: bytes) -> None:
        """Record the answer, unless that is done, or nobody wants it any more."""
        await self._connection.execute(END, ["done", result, None, *self._ours])

    async def fail(self, error: Exception) -> None:
        """Record that there will be no answer."""
        await self._connection.execute(END, ["failed", None, type(error).__name__, *self._ours])

    @property
    def _ours(self) -> tuple[UUID, datetime, int]:
        return self._job_id, self._touched_at, STALE_SECONDS


Handler = Callable[[bytes, Work], Awaitable[bytes]]
"""Answers what was asked."""


class Jobs:
    """Answers the jobs of the kinds it has handlers for, one at a time."""

    def __init__(self, conninfo: str, handlers: Mapping[str, Handler]) -> None:
        self._conninfo = conninfo
        self._handlers = handlers

    async def run(self) -> None:
        """Answer jobs for ever, connecting again when the database was away."""
        while True:
            try:
                async with await connect(self._conninfo) as connection:
                    while True:
                        if not await self.answer(connection):
                            await asyncio.sleep(POLL_SECONDS)
            except LOST as error:
                log.warning("jobs-lost-database", error=type(error).__name__)
                await asyncio.sleep(POLL_SECONDS)

    async def answer(self, connection: Connection) -> bool:
        """Answer the oldest job; whether there was one."""
        async with connection.cursor(row_factory=class_row(Job)) as cursor:
            await cursor.execute(CLAIM, [list(self._handlers), STALE_SECONDS])
            job = await cursor.fetchone()
        if job is None:
            return False
        await self._answer(connection, job)
        return True

    async def _answer(self, connection: Connection, job: Job) -> None:
        work = Work(connection, job)
        try:
            result = await self._handlers[job.kind](job.asked, work)
        except Cancelled:
            log.info("job-cancelled", job=str(job.id), kind=job.kind)
        except Exception as error:
            if connection.closed:
                raise  # it is begun anew once it is stale
            log.exception("job-failed", job=str(job.id), kind=job.kind)
            await work.fail(error)
        else:
            await work.end(result)
