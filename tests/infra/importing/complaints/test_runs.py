"""A run can be stopped by anything and resumed, says how far it is, and does so much at once."""

import asyncio
from typing import Any

import pytest

from infra.commands import Caller, Commands
from infra.database import Unavailable
from infra.importing import Progress, run
from infra.importing.loading import parse
from tests.infra.importing.complaints.desk import SIMPLE, Desk
from tests.infra.logs import until

pytestmark = pytest.mark.anyio


async def test_a_cancelled_import_resumes_with_every_row_exactly_once(desk: Desk) -> None:
    class Stuck(Commands):
        calls = 0
        stuck = asyncio.Event()

        async def create(self, *arguments: Any) -> Any:
            self.calls += 1
            if self.calls > 60:
                self.stuck.set()
                await asyncio.Event().wait()
            return await super().create(*arguments)

    text = "id,subject\n" + "".join(f"{number},case {number}\n" for number in range(150))
    desk.file.write_text(text)
    commands = Stuck(desk.log)
    first = asyncio.create_task(run(desk.file, parse(SIMPLE), commands, concurrency=4))
    await commands.stuck.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = await desk.take(text)
    assert 56 <= second.known <= 60
    assert second.added + second.known == 150
    assert sorted(e.event.subject for e in await desk.events()) == sorted(f"case {n}" for n in range(150))


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

    async def five() -> bool:
        return started >= 5

    await until(five)
    await asyncio.sleep(0.05)
    assert started == 5
    hold.set()
    assert (await task).added == 100
