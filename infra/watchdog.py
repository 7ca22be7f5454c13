"""The watchdog: when a time has come, it has that recorded. Its cost follows what falls due."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

import psycopg
import structlog

from domain.aggregate import Command, Refused
from domain.complaint import COMPLAINT
from infra.batching import Overloaded
from infra.commands import Caller, Commands, NoSuchStream
from infra.database import Unavailable, connect

log = structlog.get_logger()

TICK_SECONDS = 0.5
BATCH = 500


class Due(Protocol):
    """Something whose time has come: `item_id` of `kind`, in a complaint, at `due_at`."""

    @property
    def complaint_id(self) -> UUID:
        """The complaint it belongs to."""

    @property
    def kind(self) -> str:
        """What it is; together with `item_id` and `due_at` unique."""

    @property
    def item_id(self) -> UUID:
        """Its id within the complaint."""

    @property
    def due_at(self) -> datetime:
        """When its time came."""


D = TypeVar("D", bound=Due)


class Watchdog(Generic[D]):
    """Looks every half second for what fell due, and has it recorded.

    The view it looks at may lag, several watchdogs may run, one may be killed, or the process may have
    slept: each command is keyed by what fell due and when, so that it is recorded exactly once all the same.
    """

    def __init__(
        self,
        conninfo: str,
        commands: Commands,
        due: Callable[[psycopg.AsyncConnection[Any], datetime, int], Awaitable[Sequence[D]]],
        command: Callable[[D], Command],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._conninfo = conninfo
        self._commands = commands
        self._due = due
        self._command = command
        self._clock = clock

    async def run(self) -> None:
        """Watch for ever, connecting again when the database was away."""
        while True:
            try:
                async with await connect(self._conninfo) as connection:
                    while True:
                        await self.look(connection)
                        await asyncio.sleep(TICK_SECONDS)
            except (psycopg.OperationalError, psycopg.InterfaceError, Unavailable, Overloaded) as error:
                log.warning("watchdog-lost-database", error=type(error).__name__)
                await asyncio.sleep(TICK_SECONDS)

    async def look(self, connection: psycopg.AsyncConnection[Any]) -> int:
        """Have everything recorded that has fallen due by now, oldest first; gives how much was due."""
        found = await self._due(connection, self._clock(), BATCH)
        await asyncio.gather(*(self._record(each) for each in found))
        return len(found)

    async def _record(self, due: D) -> None:
        caller = Caller(
            actor="system:watchdog",
            correlation=f"watchdog/{due.item_id}",
            key=f"watchdog/{due.kind}/{due.item_id}/{due.due_at.isoformat()}",
            origin="system",
        )
        try:
            await self._commands.execute(COMPLAINT, due.complaint_id, caller, self._command(due))
        except (Refused, NoSuchStream) as error:
            log.info("watchdog-refused", complaint_id=due.complaint_id, error=type(error).__name__)
