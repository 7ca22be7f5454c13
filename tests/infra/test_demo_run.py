"""The demo comes in once, whole, through the normal command path, however often it is started or killed."""

from collections.abc import AsyncIterator

import pytest

from infra.demo import DemoCommands, Progress, make_plan, run
from infra.demo.summary import decided
from infra.log import Log
from tests.infra.logs import ask, opened, serving

pytestmark = pytest.mark.anyio


@pytest.fixture
async def log(database: str) -> AsyncIterator[Log]:
    async with opened(serving(database)) as log:
        yield log


class Killed(Exception):
    pass


async def test_a_killed_demo_is_resumed_and_another_adds_nothing(database: str, log: Log) -> None:
    plan, commands = make_plan(), DemoCommands(log)
    expected = sum(len(decided(entry).events) for entry in (*plan.customers, *plan.cases))

    def kill(progress: Progress) -> None:
        if progress.done > len(plan.customers) + 300:
            raise Killed

    with pytest.raises(Killed):
        await run(plan, commands, progress=kill)
    [[between]] = await ask(database, "SELECT count(*) FROM events")
    assert 0 < between < expected

    resumed = await run(plan, commands)
    assert resumed.known > len(plan.customers)
    assert resumed.known + resumed.cases + resumed.customers == len(plan.customers) + len(plan.cases)
    assert (await ask(database, "SELECT count(*) FROM events")) == [(expected,)]

    told: list[Progress] = []
    again = await run(plan, commands, progress=told.append)
    assert (again.customers, again.cases, again.events) == (0, 0, 0)
    assert (await ask(database, "SELECT count(*) FROM events")) == [(expected,)]
    assert told[-1].done == told[-1].total == len(plan.customers) + len(plan.cases)

    origins = await ask(database, "SELECT DISTINCT origin, correlation FROM events")
    assert origins == [("import", "demo")]
    [[longest]] = await ask(database, "SELECT max(recorded_at - occurred_at) FROM events")
    assert longest.days > 365
