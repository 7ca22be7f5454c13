"""The watchdog: when a time has come, it has that recorded. Its cost follows what falls due."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import psycopg
import structlog

from domain.complaint import COMPLAINT
from domain.messages import Command, Refused
from infra.batching import Overloaded
from infra.commands import Caller, Commands, NoSuchStream
from infra.database import Unavailable, connect
from infra.events import UnknownEvent

log = structlog.get_logger()

TICK_SECONDS = 0.5
"""How long it sleeps at most: what is due sooner than was known when it fell asleep waits no longer."""
BREATH_SECONDS = 0.02
"""How long it sleeps at least where what fell due is recorded and the view has not read that yet."""
BATCH = 500

D = TypeVar("D")


class Task(NamedTuple):
    """Commands that record what fell due in a complaint; `name` says what that was, as the view knows it."""

    complaint_id: UUID
    name: str
    commands: tuple[Command, ...]
    repeatable: bool = True
    """Whether the same name always means the same commands, so that it can be their idempotency key."""


@dataclass(frozen=True)
class Watched(Generic[D]):
    """What is watched: the queries of its view, and what is to be done about what fell due by a time."""

    due: Callable[[psycopg.AsyncConnection[Any], datetime, int], Awaitable[Sequence[D]]]
    next_due: Callable[[psycopg.AsyncConnection[Any]], Awaitable[datetime | None]]
    task: Callable[[D, datetime], Task]


class Watchdog(Generic[D]):
    """Sleeps until something falls due, and has it recorded.

    The view it looks at may lag, several watchdogs may run, one may be killed, or the process may have
    slept: each command is decided on the complaint as it is, so that all is recorded exactly once.
    """

    def __init__(
        self,
        conninfo: str,
        commands: Commands,
        watched: Watched[D],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._conninfo = conninfo
        self._commands = commands
        self._watched = watched
        self._clock = clock
        self._done: set[str] = set()

    async def run(self) -> None:
        """Watch for ever, connecting again when the database was away, or the view not there yet."""
        while True:
            try:
                async with await connect(self._conninfo) as connection:
                    while True:
                        if not await self.look(connection):
                            await asyncio.sleep(await self._pause(connection))
            except psycopg.errors.UndefinedTable:
                log.info("watchdog-waits-for-view")
                await asyncio.sleep(TICK_SECONDS)
            except (psycopg.OperationalError, psycopg.InterfaceError, Unavailable, Overloaded) as error:
                log.warning("watchdog-lost-database", error=type(error).__name__)
                await asyncio.sleep(TICK_SECONDS)

    async def look(self, connection: psycopg.AsyncConnection[Any]) -> int:
        """Have everything recorded that has fallen due by now, oldest first; gives how much was due."""
        now = self._clock()
        found = await self._watched.due(connection, now, BATCH + len(self._done))
        tasks = {task.name: task for task in (self._watched.task(each, now) for each in found)}
        self._done &= tasks.keys()  # the view has read of the others
        new = [task for name, task in tasks.items() if name not in self._done]
        recorded = await asyncio.gather(*(self._record(task) for task in new))
        self._done.update(task.name for task, done in zip(new, recorded, strict=True) if done)
        return sum(recorded)

    async def _pause(self, connection: psycopg.AsyncConnection[Any]) -> float:
        at = await self._watched.next_due(connection)
        left = TICK_SECONDS if at is None else (at - self._clock()).total_seconds()
        return min(max(left, BREATH_SECONDS), TICK_SECONDS)

    async def _record(self, task: Task) -> bool:
        """Whether it was carried out, perhaps before, or needs a later version; if not, it is tried again."""
        caller = Caller(
            actor="system:watchdog",
            correlation=f"watchdog/{task.complaint_id}",
            key=task.name if task.repeatable else None,
            origin="system",
        )
        try:
            await self._commands.execute(COMPLAINT, task.complaint_id, caller, *task.commands)
        except (Refused, NoSuchStream) as error:
            log.info("watchdog-refused", complaint_id=task.complaint_id, error=type(error).__name__)
            return False
        except UnknownEvent as error:
            log.warning("watchdog-leaves-it-to-a-later-version", complaint_id=task.complaint_id, error=error)
        return True
