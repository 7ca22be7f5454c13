"""Long questions are answered once, by whichever worker is there, tell how far they are, can be given up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import psycopg
import pytest

from infra import jobs
from infra.jobs import Handler, Job, Jobs, Progress, Work
from tests.infra.logs import ask, run, served, serving, until

pytestmark = pytest.mark.anyio


async def doubled(asked: bytes, progress: Progress) -> bytes:
    await progress(1, 2)
    return asked * 2


@asynccontextmanager
async def working(database: str, handler: Handler) -> AsyncIterator[None]:
    worker = asyncio.create_task(Jobs(serving(database), {"double": handler}).run())
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.wait([worker])


async def found(database: str, job_id: object) -> Job:
    async with served(database) as connection:
        job = await jobs.find(connection, "double", job_id)  # type: ignore[arg-type]  # an id it gave itself
    assert job
    return job


async def test_a_job_is_answered_and_tells_how_far_it_was(database: str) -> None:
    async with served(database) as connection:
        job_id = await jobs.submit(connection, "double", b"4", "ana")
    async with working(database, doubled):
        await until(lambda: _is(database, job_id, "done"))
    job = await found(database, job_id)
    assert (job.result, job.done, job.total, job.asked_by) == (b"44", 1, 2, "ana")


async def test_a_job_of_another_kind_is_not_found_and_not_taken(database: str) -> None:
    async with served(database) as connection:
        job_id = await jobs.submit(connection, "halve", b"4", "ana")
        assert await jobs.find(connection, "double", job_id) is None
        assert await Jobs(serving(database), {"double": doubled}).answer(connection) is False


async def test_what_the_database_refuses_to_a_handler_ends_the_job_too(database: str) -> None:
    async def fails(_asked: bytes, _progress: Progress) -> bytes:
        raise psycopg.errors.DiskFull("no space is left")  # an OperationalError, as a lost connection is

    async with served(database) as connection:
        job_id = await jobs.submit(connection, "double", b"4", "ana")
    async with working(database, fails):
        await until(lambda: _is(database, job_id, "failed"))
    assert (await found(database, job_id)).failure == "DiskFull"


async def test_a_handler_that_fails_ends_its_job_alone(database: str) -> None:
    async def fails(asked: bytes, progress: Progress) -> bytes:
        if asked == b"bad":
            raise ValueError("cannot be")
        return asked

    async with served(database) as connection:
        bad = await jobs.submit(connection, "double", b"bad", "ana")
        good = await jobs.submit(connection, "double", b"good", "ana")
    async with working(database, fails):
        await until(lambda: _is(database, good, "done"))
    assert (await found(database, bad)).failure == "ValueError"


async def test_a_cancelled_job_stops_at_its_next_word(database: str) -> None:
    started = asyncio.Event()

    async def endless(_: bytes, progress: Progress) -> bytes:
        while True:
            started.set()
            await progress(0, 1)
            await asyncio.sleep(0.01)

    async with served(database) as connection:
        job_id = await jobs.submit(connection, "double", b"4", "ana")
        other = await jobs.submit(connection, "double", b"4", "ana")
        async with working(database, endless):
            await started.wait()
            await jobs.cancel(connection, job_id)
            await until(lambda: _is(database, other, "running"))
    assert (await found(database, job_id)).state == "cancelled"


async def test_what_a_handler_does_is_committed_together_with_its_answer(database: str) -> None:
    finished = asyncio.Event()
    go_on = asyncio.Event()

    async def does(asked: bytes, progress: Work) -> bytes:
        async with served(database) as connection, connection.transaction():
            await progress.finish(connection, asked)
            finished.set()
            await go_on.wait()
        raise ValueError("too late to fail")

    async with served(database) as connection, served(database) as other:
        job_id = await jobs.submit(connection, "double", b"4", "ana")
        async with working(database, does):
            await finished.wait()
            assert (await found(database, job_id)).state == "running"
            cancelling = asyncio.create_task(jobs.cancel(other, job_id))
            await until(lambda: _waits(database))
            go_on.set()
            await cancelling
    job = await found(database, job_id)
    assert (job.state, job.result, job.failure) == ("done", b"4", None)


async def test_a_handler_does_nothing_that_was_cancelled_before(database: str) -> None:
    async def does(asked: bytes, progress: Work) -> bytes:
        await progress(0, 1)
        async with served(database) as connection, connection.transaction():
            await jobs.submit(connection, "halve", asked, "double")
            await run(database, "UPDATE jobs SET state = 'cancelled' WHERE kind = 'double'")
            await progress.finish(connection, asked)
        return asked

    async with served(database) as connection:
        job_id = await jobs.submit(connection, "double", b"4", "ana")
        assert await Jobs(serving(database), {"double": does}).answer(connection) is True
        assert await jobs.unfinished(connection, "halve") == []
    assert (await found(database, job_id)).state == "cancelled"


async def test_a_job_lost_with_its_worker_is_begun_anew(database: str) -> None:
    async with served(database) as connection:
        job_id = await jobs.submit(connection, "double", b"4", "ana")
    await run(database, "UPDATE jobs SET state = 'running', touched_at = now() - interval '1 minute'")
    async with working(database, doubled):
        await until(lambda: _is(database, job_id, "done"))


@pytest.mark.parametrize("tells", [True, False])
async def test_a_worker_that_hung_while_another_began_its_job_anew_has_no_say_in_it(
    database: str, monkeypatch: pytest.MonkeyPatch, tells: bool
) -> None:
    monkeypatch.setattr(jobs, "STALE_SECONDS", 0)
    hanging, begun_anew, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hangs(_asked: bytes, progress: Progress) -> bytes:
        hanging.set()
        await begun_anew.wait()
        if tells:
            await progress(1, 2)
        raise psycopg.OperationalError

    async def answers(asked: bytes, _: Progress) -> bytes:
        begun_anew.set()
        await ended.wait()
        return asked

    async with served(database) as connection:
        job_id = await jobs.submit(connection, "double", b"4", "ana")
        worker = asyncio.create_task(Jobs(serving(database), {"double": hangs}).answer(connection))
        await hanging.wait()
        async with working(database, answers):
            await worker
            job = await found(database, job_id)
            assert (job.state, job.done) == ("running", 0)
            ended.set()
            await until(lambda: _is(database, job_id, "done"))


async def test_two_workers_answer_a_job_once(database: str) -> None:
    answered: list[bytes] = []

    async def once(asked: bytes, _: Progress) -> bytes:
        answered.append(asked)
        await asyncio.sleep(0.05)
        return asked

    async with served(database) as connection:
        ids = [await jobs.submit(connection, "double", str(n).encode(), "ana") for n in range(10)]
    async with working(database, once), working(database, once):
        for job_id in ids:
            await until(lambda job_id=job_id: _is(database, job_id, "done"))  # type: ignore[misc]  # bound at once
    assert sorted(answered) == sorted(str(n).encode() for n in range(10))


async def test_more_than_can_wait_are_refused(database: str) -> None:
    async with served(database) as connection:
        for _ in range(jobs.WAITING):
            await jobs.submit(connection, "double", b"4", "ana")
        with pytest.raises(jobs.TooMany):
            await jobs.submit(connection, "double", b"4", "ana")


async def test_a_job_is_forgotten_after_a_week(database: str) -> None:
    async with served(database) as connection:
        job_id = await jobs.submit(connection, "double", b"4", "ana")
        await run(database, "UPDATE jobs SET asked_at = now() - interval '8 days'")
        await jobs.forget(connection)
        assert await jobs.find(connection, "double", job_id) is None
        assert await jobs.find(connection, "double", uuid4()) is None


async def test_a_job_that_no_worker_has_gone_on_with_for_a_day_is_given_up(database: str) -> None:
    async with served(database) as connection:
        left, lost, fresh = [await jobs.submit(connection, "double", b"4", "ana") for _ in range(3)]
        await run(database, "UPDATE jobs SET touched_at = now() - interval '25 hours'")
        await run(database, f"UPDATE jobs SET state = 'running' WHERE id = '{lost}'")
        await run(database, f"UPDATE jobs SET touched_at = now() WHERE id = '{fresh}'")
        await jobs.forget(connection)
        ends = [await found(database, job_id) for job_id in (left, lost, fresh)]
    assert [each.state for each in ends] == ["failed", "failed", "waiting"]
    assert [each.failure for each in ends] == ["NobodyAnswers", "NobodyAnswers", None]


async def _is(database: str, job_id: object, state: str) -> bool:
    return (await found(database, job_id)).state == state


async def _waits(database: str) -> bool:
    return bool(await ask(database, "SELECT FROM pg_locks WHERE NOT granted"))
