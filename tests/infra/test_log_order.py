"""Positions have no holes and equal commit order: whoever follows by position misses nothing."""

import asyncio
import sys
from asyncio.subprocess import create_subprocess_exec
from contextlib import AsyncExitStack

import pytest

from infra.log import Log, head
from tests.infra.logs import (
    append_on,
    fetch,
    opened,
    owned,
    replace_in_append,
    request,
    run,
    served,
    serving,
    until,
)

pytestmark = pytest.mark.anyio
WRITERS, EACH = 4, 10
AFTER = "SELECT position, stream_id FROM events WHERE position > %s ORDER BY position"
IDLE = """SELECT count(*) FROM pg_stat_activity WHERE usename IS NOT NULL AND datname = current_database()
           AND wait_event_type = 'Lock'"""


class Follower:
    """Reads by position alone, and remembers whatever it should never have seen."""

    def __init__(self) -> None:
        self.position = 0
        self.streams: list[object] = []
        self.faults: list[str] = []
        self.rounds = 0

    async def follow(self, database: str) -> None:
        async with served(database) as connection:
            while True:
                for position, stream_id in await fetch(connection, AFTER, self.position):
                    if position != self.position + 1:
                        self.faults.append(f"{position} came after {self.position}")
                    self.position = position
                    self.streams.append(stream_id)
                self.rounds += 1
                await asyncio.sleep(0.001)


async def write(log: Log, written: list[object]) -> None:
    for _ in range(EACH):
        wanted = request()
        answer = await log.append(wanted)
        assert answer.verdict == "accepted"
        written.append(wanted.stream_id)


async def faults_of_a_race(database: str) -> list[str]:
    """Writers on connections of their own while one commit is held open, followed by a reader."""
    written: list[object] = []
    follower = Follower()
    async with AsyncExitStack() as stack:
        group = asyncio.create_task(follower.follow(database))
        logs = [await stack.enter_async_context(opened(serving(database))) for _ in range(WRITERS)]
        holder = await stack.enter_async_context(served(database))
        watcher = await stack.enter_async_context(owned(database))
        await holder.execute("BEGIN")
        held = request()
        await append_on(holder, held)
        writers = [asyncio.create_task(write(log, written)) for log in logs]

        async def all_wait_or_are_done() -> bool:
            (waiting,) = (await fetch(watcher, IDLE))[0]
            return bool(waiting + sum(writer.done() for writer in writers) >= WRITERS)

        await until(all_wait_or_are_done)
        rounds = follower.rounds

        async def read_meanwhile() -> bool:
            return follower.rounds > rounds + 1

        await until(read_meanwhile)
        await holder.execute("COMMIT")
        results = await asyncio.gather(*writers, return_exceptions=True)
        rounds = follower.rounds
        await until(read_meanwhile)
        group.cancel()
        await asyncio.gather(group, return_exceptions=True)
    faults = follower.faults + [repr(result) for result in results if result is not None]
    if sorted(map(str, follower.streams)) != sorted(map(str, [held.stream_id, *written])):
        faults.append("the reader did not see each acknowledged event once")
    return faults


async def test_a_reader_passes_no_hole_while_a_commit_is_held_open(database: str) -> None:
    assert await faults_of_a_race(database) == []


@pytest.mark.parametrize(
    "numbering",
    [
        pytest.param([], id="last-plus-one"),
        pytest.param([(r"head := coalesce\(head, 0\);", "head := nextval('places') - 1;")], id="sequence"),
    ],
)
async def test_without_the_lock_the_same_race_shows_faults(
    database: str, numbering: list[tuple[str, str]]
) -> None:
    await run(database, "CREATE SEQUENCE places; GRANT USAGE ON places TO PUBLIC")
    await replace_in_append(database, (r"PERFORM pg_advisory_xact_lock\([^;]*;", ""), *numbering)

    assert await faults_of_a_race(database) != []


PROCESS = """
import asyncio, sys
from tests.infra.logs import opened, request

async def main():
    async with opened(sys.argv[1]) as log:
        for _ in range(5):
            await asyncio.gather(*(log.append(request(events=2)) for _ in range(128)))

asyncio.run(main())
"""


WRITTEN = 2 * 5 * 128 * 2


async def test_processes_that_write_as_fast_as_they_can_leave_no_hole(database: str) -> None:
    follower = Follower()
    following = asyncio.create_task(follower.follow(database))
    processes = [
        await create_subprocess_exec(sys.executable, "-c", PROCESS, serving(database)) for _ in range(2)
    ]
    assert [await process.wait() for process in processes] == [0, 0]

    async def all_read() -> bool:
        return follower.position >= WRITTEN

    await until(all_read)
    following.cancel()
    assert follower.faults == []
    async with served(database) as connection:
        assert await head(connection) == WRITTEN
