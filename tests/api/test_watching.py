"""The watchdog: missed promises and due reminders are recorded when their time comes, once, come what may."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from msgspec import structs

from api.watching import DEADLINES
from domain.complaint import COMPLAINT
from domain.complaint.commands import FulfilPromise, Promise, Register, SetReminder
from infra.commands import Commands, Outcome
from infra.log import Draft, Log
from infra.watchdog import Watchdog
from projections import deadlines
from tests.infra.followers import following
from tests.infra.logs import caller, opened, request, served, serving, until

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


async def promised(commands: Commands, *, hours: int = 1) -> Outcome:
    registered = await commands.create(
        COMPLAINT, caller(), Register(subject="Late", description="Not delivered.", channel="phone")
    )
    due_at = NOW + timedelta(hours=hours)
    return await commands.execute(
        COMPLAINT, registered.stream_id, caller(),
        Promise(what="A call back", due_at=due_at), SetReminder(at=due_at, text="Call her"),
    )  # fmt: skip


async def tags(log: Log, stream_id: UUID) -> list[str]:
    return [event.tag for event in await log.stream(stream_id)]


def watching(database: str, commands: Commands, clock: Clock) -> Watchdog[deadlines.Due]:
    return Watchdog(serving(database), commands, DEADLINES, clock)


async def looked(database: str, watchdog: Watchdog[deadlines.Due]) -> int:
    async with served(database) as connection:
        return await watchdog.look(connection)


READ_TO = "SELECT position FROM checkpoints WHERE follower = %s"


async def seen_to(database: str, position: int) -> None:
    async def there() -> bool:
        async with served(database) as connection:
            cursor = await connection.execute(READ_TO, [deadlines.VIEW.follower])
            row = await cursor.fetchone()
        return bool(row and row[0] >= position)

    await until(there)


async def test_what_falls_due_is_recorded_at_its_time_and_not_before(database: str) -> None:
    clock = Clock()
    async with opened(serving(database)) as log, following(database, deadlines.VIEW):
        commands = Commands(log, clock=clock)
        outcome = await promised(commands)
        await seen_to(database, outcome.position)
        assert await looked(database, watching(database, commands, clock)) == 0
        clock.now += timedelta(days=1)  # the process slept
        assert await looked(database, watching(database, commands, clock)) == 2
        recorded = await log.stream(outcome.stream_id)
        assert {event.tag for event in recorded[-2:]} == {"promise-missed", "reminder-due"}
        assert {event.occurred_at for event in recorded[-2:]} == {NOW + timedelta(hours=1)}
        assert {event.origin for event in recorded[-2:]} == {"system"}


async def test_two_watchdogs_over_a_view_that_lags_record_once(database: str) -> None:
    clock = Clock()
    async with opened(serving(database)) as log, opened(serving(database)) as other:
        async with following(database, deadlines.VIEW):
            outcome = await promised(Commands(log, clock=clock))
            await seen_to(database, outcome.position)
        clock.now += timedelta(hours=2)  # and nobody folds the view any more
        dogs = [watching(database, Commands(each, clock=clock), clock) for each in (log, other)]
        for _ in range(3):
            await asyncio.gather(*(looked(database, dog) for dog in dogs))
        found = await tags(log, outcome.stream_id)
        assert sorted(found[-2:]) == ["promise-missed", "reminder-due"]
        assert len(found) == 5


async def test_where_a_later_version_has_recorded_something_the_rest_is_recorded_all_the_same(
    database: str,
) -> None:
    clock = Clock()
    async with opened(serving(database)) as log:
        commands = Commands(log, clock=clock)
        async with following(database, deadlines.VIEW):
            later, known = await promised(commands), await promised(commands)
            await seen_to(database, known.position)
        draft = Draft("of-a-later-version", NOW, b"{}")
        at_its_end = request(later.stream_id, later.version, wrapped_key=None)
        await log.append(structs.replace(at_its_end, events=[draft]))
        clock.now += timedelta(hours=2)
        watchdog = watching(database, commands, clock)
        await looked(database, watchdog)
        assert sorted((await tags(log, known.stream_id))[-2:]) == ["promise-missed", "reminder-due"]
        assert await looked(database, watchdog) == 0


async def test_a_promise_kept_in_time_is_not_missed_even_where_the_view_has_not_seen_it(
    database: str,
) -> None:
    clock = Clock()
    async with opened(serving(database)) as log:
        commands = Commands(log, clock=clock)
        async with following(database, deadlines.VIEW):
            outcome = await promised(commands)
            await seen_to(database, outcome.position)
        (promise,) = outcome.state.promises
        await commands.execute(
            COMPLAINT, outcome.stream_id, caller(), FulfilPromise(promise_id=promise.promise_id)
        )
        clock.now += timedelta(hours=2)
        await looked(database, watching(database, commands, clock))
        assert "promise-missed" not in await tags(log, outcome.stream_id)


async def test_a_running_watchdog_records_by_itself(database: str) -> None:
    clock = Clock()
    async with opened(serving(database)) as log, following(database, deadlines.VIEW):
        commands = Commands(log, clock=clock)
        outcome = await promised(commands)
        clock.now += timedelta(hours=2)
        running = asyncio.create_task(watching(database, commands, clock).run())

        async def recorded() -> bool:
            return len(await tags(log, outcome.stream_id)) == 5

        await until(recorded)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
