"""A run can be stopped by anything and resumed, says how far it is, and does so much at once."""

import asyncio
from typing import Any

import pytest

from infra.commands import Caller, Commands
from infra.database import Unavailable
from infra.importing import Progress, run
from infra.importing.loading import parse
from tests.infra.importing.complaints.desk import SIMPLE, Desk
from tests.infra.logs import ask, until

pytestmark = pytest.mark.anyio


async def test_a_cancelled_import_resumes_with_every_row_exactly_once(desk: Desk) -> None:
    text = "id,subject\n" + "".join(f"{number},case {number}\n" for number in range(400))
    desk.file.write_text(text)

    async def some_are_in() -> bool:
        return len(await ask(desk.database, "SELECT FROM events")) >= 20

    first = asyncio.create_task(run(desk.file, parse(SIMPLE), Commands(desk.log), concurrency=4))
    await until(some_are_in)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = await desk.take(text)
    assert second.known >= 20
    assert second.added + second.known == 400
    assert sorted(e.event.subject for e in await desk.events()) == sorted(f"case {n}" for n in range(400))


async def test_an_import_that_loses_the_database_stops_with_that_and_resumes(desk: Desk) -> None:
    class Cut(Commands):
        async def create(self, aggregate: Any, caller: Caller, *commands: Any) -> Any:
            if caller.claim == "desk:30":
                raise Unavailable("the database does not answer")
            return await super().create(aggregate, caller, *commands)

    text = "id,subject\n" + "".join(f"{number},x\n" for number in range(60))
    desk.file.write_text(text)
    with pytest.raises(Unavailable):
        await run(desk.file, parse(SIMPLE), Cut(desk.log), concurrency=8)
    second = await desk.take(text)
    assert second.added >= 30
    assert len(await desk.events()) == second.added + second.known == 60


async def test_progress_ends_with_the_whole_file_read(desk: Desk) -> None:
    told: list[Progress] = []
    await desk.take("id,subject\n1,a\n2,\n", progress=told.append)
    assert (told[-1].rows, told[-1].added, told[-1].rejected) == (2, 1, 1)
    assert told[-1].bytes_read == told[-1].bytes_total == desk.file.stat().st_size
    assert told[-1].seconds_left == 0
    assert told[-1].rate > 0


async def test_no_more_rows_are_under_way_than_asked_for(desk: Desk) -> None:
    hold = asyncio.Event()
    started = 0

    class Held(Commands):
        async def create(self, *arguments: Any) -> Any:
            nonlocal started
            started += 1
            await hold.wait()
            return await super().create(*arguments)

    desk.file.write_text("id,subject\n" + "".join(f"{number},x\n" for number in range(100)))
    task = asyncio.create_task(run(desk.file, parse(SIMPLE), Held(desk.log), concurrency=5))
    async with asyncio.timeout(60):
        while started < 5:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert started == 5
    hold.set()
    assert (await task).added == 100
