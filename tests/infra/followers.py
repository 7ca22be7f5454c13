"""What the tests of followers share: views of the plainest kind, and runners in the background."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from domain.messages import Event
from infra.events import Recorded
from infra.projector import Reactor, Runner, Standing, Tail, View, Wake, prepare, standings
from infra.rows import write
from infra.vault import Vault
from tests.infra.logs import MASTER, ask, fetch, opened, request, served, serving, until

LEADERS = """SELECT a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
              WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
                AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended(%s, 1)"""
LISTENERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
ASLEEP = """SELECT FROM pg_stat_activity
             WHERE datname = current_database() AND query = 'SELECT pg_sleep(3600)'"""

Before = Callable[[Sequence[Recorded[Event]]], Awaitable[None]]


async def nothing(events: Sequence[Recorded[Event]]) -> None:
    pass


def seen(name: str = "seen", version: int = 1, *, before: Before = nothing, after: Before = nothing) -> View:
    """A view that writes down every position it is given; twice, if it is given twice."""

    async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        await before(events)
        statement = f"INSERT INTO {name}_{version} SELECT json_array_elements_text(%s)::bigint"
        await write(connection, statement.encode(), [str([event.position for event in events])])
        await after(events)

    ddl = f"CREATE TABLE IF NOT EXISTS {name}_{version} (position bigint NOT NULL)"
    return View(name=name, version=version, ddl=ddl, tables=(f"{name}_{version}",), apply=apply)


async def append(database: str, events: int) -> None:
    """Events of a new stream, as one command."""
    async with opened(serving(database)) as log:
        await log.append(request(events=events, wrapped_key=None))


async def prepared(database: str, *views: View) -> None:
    async with served(database) as connection:
        await prepare(connection, views)


@asynccontextmanager
async def following(
    database: str, *followers: View | Reactor, wake: Wake | None = None, batch: int = 100
) -> AsyncIterator[None]:
    """The followers run meanwhile, prepared; none of them may end by itself."""
    await prepared(database, *(follower for follower in followers if isinstance(follower, View)))
    conninfo = serving(database)
    wake, tail = wake or Wake(conninfo), Tail(conninfo, Vault(MASTER))
    runners = [Runner(f, conninfo, Vault(MASTER), wake, tail=tail, batch=batch) for f in followers]
    tasks = [asyncio.create_task(work) for work in (wake.listen(), *(runner.run() for runner in runners))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        await tail.close()
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends


@asynccontextmanager
async def caught_up(database: str, *followers: View | Reactor, events: int) -> AsyncIterator[None]:
    """The followers have taken in a log of so many events, and go on meanwhile."""
    await append(database, events)
    async with following(database, *followers):
        await until_all_at(database, followers, events)
        yield


@asynccontextmanager
async def stopped(database: str, view: View, *others: View, events: int) -> AsyncIterator[Standing]:
    """The view has failed on one of so many events, and is followed all the same, as the others are."""
    await append(database, events)
    async with following(database, view, *others):
        yield await until_failed(database, view)


async def standing(database: str, follower: View | Reactor) -> Standing | None:
    async with served(database) as connection:
        return next((s for s in await standings(connection) if s.follower == follower.follower), None)


async def until_at(database: str, follower: View | Reactor, position: int) -> None:
    """Return once the follower has taken in the position."""
    await until_all_at(database, [follower], position)


async def until_all_at(database: str, followers: Sequence[View | Reactor], position: int) -> None:
    """Return once all have taken in the position."""
    wanted = {each.follower for each in followers}
    async with served(database) as connection:

        async def there() -> bool:
            found = await standings(connection)
            return wanted <= {each.follower for each in found if each.position >= position}

        await until(there)


async def until_asleep(database: str) -> None:
    """Return once a fold is stuck in the server."""

    async def asleep() -> bool:
        return bool(await ask(database, ASLEEP))

    await until(asleep)


async def until_failed(database: str, follower: View | Reactor) -> Standing:
    """Return once the follower stands still before an event."""
    found: list[Standing] = []

    async def failed() -> bool:
        found[:] = [s for s in await standings(connection) if s.follower == follower.follower and s.failure]
        return bool(found)

    async with served(database) as connection:
        await until(failed)
    return found[0]


async def positions(database: str, view: View) -> list[int]:
    """The positions in a view made by `seen`, in the order of their arrival."""
    async with served(database) as connection:
        return [position for (position,) in await fetch(connection, f"SELECT position FROM {view.tables[0]}")]


async def leaders(database: str, follower: View | Reactor) -> list[int]:
    """Process ids of the backends that hold the follower's lead."""
    return [pid for (pid,) in await ask(database, LEADERS, f"ouvidoria {follower.follower}")]


async def terminate(database: str, pids: Sequence[int]) -> None:
    """End the backends, as an administrator or a crash would."""
    assert pids
    await ask(database, "SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", list(pids))
