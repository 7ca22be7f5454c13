"""Whatever the order of the rows, and whatever stops a run, each case has the same history in the end."""

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from infra.commands import Commands
from infra.database import Unavailable
from infra.events import Recorded
from infra.importing import Progress, run
from infra.importing.loading import parse
from tests.infra.importing.logs.desk import DESK, HEADER, WHOLE, Desk
from tests.infra.importing.logs.made_up import dice, made_up
from tests.infra.logs import ask

pytestmark = pytest.mark.anyio


def told(event: Recorded[Any], asks: dict[Any, int]) -> tuple[Any, ...]:
    """An event but for what is drawn anew each time."""
    body = msgspec.to_builtins(event.event)
    body.pop("protocol", None)
    for name, value in body.items():
        if name.endswith("ask_id"):
            body[name] = asks.setdefault(value, len(asks))
        if name == "cancelled_asks":
            body[name] = [asks.setdefault(each, len(asks)) for each in value]
    return event.tag, event.occurred_at, body


@pytest.mark.parametrize("seed", range(4))
async def test_shuffled_rows_and_cases_give_the_same_events_of_each_case(desk: Desk, seed: int) -> None:
    rolls = dice(seed)
    rows = made_up(rolls, cases=25)
    first = await desk.take(*rows)
    rolls.shuffle(rows)
    second = await desk.take(
        *rows, mapping=DESK.replace('"desk"', '"other"'), concurrency=rolls.randrange(1, 9)
    )
    assert first.counts() == second.counts()
    histories: dict[str, dict[UUID, list[Any]]] = {"import:desk": {}, "import:other": {}}
    asks: dict[UUID, dict[Any, int]] = defaultdict(dict)
    for event in await desk.events():
        history = histories[event.actor].setdefault(event.stream_id, [])
        history.append(told(event, asks[event.stream_id]))
    ids = dict(await ask(desk.database, "SELECT claim, stream_id FROM claims WHERE claim NOT LIKE '%/%'"))
    for case in range(25):
        desk_history = histories["import:desk"].get(ids.get(f"desk:{case}"))  # type: ignore[arg-type] # None finds none
        other_history = histories["import:other"].get(ids.get(f"other:{case}"))  # type: ignore[arg-type] # likewise
        assert desk_history == other_history


@pytest.mark.parametrize("seed", range(6))
async def test_a_killed_import_resumes_to_what_one_run_would_have_made(desk: Desk, seed: int) -> None:
    class Stuck(Commands):
        calls = 0
        stuck = asyncio.Event()

        async def execute(self, *arguments: Any) -> Any:
            self.calls += 1
            if self.calls > 20 + 10 * seed % 50:
                self.stuck.set()
                await asyncio.Event().wait()
            return await super().execute(*arguments)

    rows = made_up(dice(seed), cases=30)
    whole = await desk.take(*rows, mapping=WHOLE)
    commands = Stuck(desk.log)
    killed = asyncio.create_task(desk.take(*rows, commands=commands, concurrency=4))
    await commands.stuck.wait()
    killed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await killed
    rest = await desk.take(*rows)
    assert rest.known
    assert rest.rejected == whole.rejected
    assert await desk.made("desk") == await desk.made("whole")


async def test_an_import_that_loses_the_database_stops_with_that_and_resumes(desk: Desk) -> None:
    class Cut(Commands):
        calls = 0

        async def execute(self, *arguments: Any) -> Any:
            self.calls += 1
            if self.calls > 30:
                raise Unavailable("the database does not answer")
            return await super().execute(*arguments)

    rows = made_up(dice(8), cases=30)
    whole = await desk.take(*rows, mapping=WHOLE)
    with pytest.raises(Unavailable):
        await desk.take(*rows, commands=Cut(desk.log), concurrency=4)
    rest = await desk.take(*rows)
    assert rest.known
    assert rest.rejected == whole.rejected
    assert (await desk.take(*rows)).known == rest.rows - rest.rejected
    assert await desk.made("desk") == await desk.made("whole")


async def test_two_imports_at_once_add_every_row_once(desk: Desk) -> None:
    rows = made_up(dice(5), cases=20)
    desk.file.write_text("\n".join((HEADER, *rows)) + "\n")
    first, second = await asyncio.gather(
        *(
            run(desk.file, parse(DESK), Commands(desk.log), rejects=desk.file.with_name(f"{name}.csv"))
            for name in ("a", "b")
        )
    )
    assert first.rows == second.rows == len(rows)
    assert first.rejected == second.rejected
    claims = await ask(desk.database, "SELECT FROM claims WHERE claim LIKE '%/%'")
    assert first.added + first.noted + second.added + second.noted == len(claims)


async def test_a_long_case_is_read_in_pages(desk: Desk) -> None:
    start = datetime(2014, 1, 1)  # noqa: DTZ001 - local time
    times = [f"{start + timedelta(minutes=minute):%Y-%m-%d %H:%M}" for minute in range(450)]
    rows = [f"1,note,{time},ana," for time in times]
    rows.insert(0, rows[420])
    report = await desk.take(*rows)
    assert (report.noted, report.known, report.cases) == (450, 1, 1)
    assert [each.occurred_at for each in (await desk.events())[1:]] == sorted(
        each.occurred_at for each in (await desk.events())[1:]
    )


async def test_progress_ends_with_the_whole_file_done(desk: Desk) -> None:
    said: list[Progress] = []
    report = await desk.take(*made_up(dice(1), cases=5), progress=said.append)
    assert (said[-1].rows, said[-1].bytes_read) == (report.rows, desk.file.stat().st_size)
