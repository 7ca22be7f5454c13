"""Reference data of decisions, in memory: policies, calendars, staff; read on as the log grows."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
import structlog

from domain.aggregate import Aggregate
from domain.analyst import ANALYST
from domain.published import Published
from domain.sla import Book, PinnedCalendar, PinnedPolicy, Policy
from domain.sla.standing import Standing, standing
from domain.sla_calendar import SLA_CALENDAR
from domain.sla_policy import SLA_POLICY
from domain.staff import Analyst, Staff, Team, staff
from domain.team import TEAM
from infra.database import Unavailable
from infra.events import UnknownEvent, decode_body
from infra.projector.wake import Wake

log = structlog.get_logger()

POLL_SECONDS = 1.0
REST_SECONDS = 0.05
"""How long a look is not repeated, however fast the log grows."""

AFTER = """
SELECT e.position, e.stream_id, e.kind, e.version, e.tag, e.occurred_at, e.body FROM events e
 WHERE kind IN ('sla-policy', 'sla-calendar', 'team', 'analyst') AND e.position > %s ORDER BY e.position"""

Connection = psycopg.AsyncConnection[Any]


class Reference:
    """All versions of policies and calendars, which are in force, and the staff, as far as they were read."""

    def __init__(
        self, connected: Callable[[], AbstractAsyncContextManager[Connection]] | None = None
    ) -> None:
        """`connected` gives a connection for `refresh`."""
        self.standing: Standing = standing((), ())
        self.staff = Staff()
        self._connected = connected
        self._position = 0
        self._policies: dict[UUID, Published[Policy]] = {}
        self._calendars: dict[UUID, Published[PinnedCalendar]] = {}
        self._teams: dict[UUID, Team] = {}
        self._analysts: dict[UUID, Analyst] = {}
        self._folds: Mapping[str, tuple[Aggregate, dict[UUID, Any]]] = {
            SLA_POLICY.kind: (SLA_POLICY, self._policies),
            SLA_CALENDAR.kind: (SLA_CALENDAR, self._calendars),
            TEAM.kind: (TEAM, self._teams),
            ANALYST.kind: (ANALYST, self._analysts),
        }
        self._reading = asyncio.Lock()

    def know(self, pinned: Iterable[PinnedPolicy]) -> bool:
        """Whether all these versions were read already."""
        book = self.standing.book
        return all(
            (each.policy, each.version) in book.policies
            and (each.calendar, each.calendar_version) in book.calendars
            for each in pinned
        )

    async def refresh(self) -> None:
        """Read what is new in the log, over a connection of its own."""
        if self._connected is not None:
            async with self._connected() as connection:
                await self.read(connection)

    async def begin(self) -> None:
        """Read the log up to the first event of a later version; the views stand still before it, too."""
        try:
            await self.refresh()
        except UnknownEvent as error:
            log.critical("reference-stands-still", exc_info=error)

    async def follow(self, wake: Wake) -> None:
        """Keep up with the log for ever: within milliseconds when it grows, once a second anyhow."""
        while True:
            grown = wake.arm()
            try:
                await self.begin()
            except (psycopg.OperationalError, psycopg.InterfaceError, Unavailable) as error:
                log.warning("reference-not-read", error=type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await grown.wait()
            await asyncio.sleep(REST_SECONDS)

    async def read(self, connection: Connection) -> None:
        """Read what is new in the log."""
        async with self._reading:
            cursor = await connection.execute(AFTER, [self._position])
            rows = await cursor.fetchall()
            before = self._position
            try:
                for position, stream_id, kind, version, tag, occurred_at, body in rows:
                    # Without the key: reasons are personal, and matter to nobody here.
                    event = decode_body(tag, bytes(body), None, stream_id, version)
                    aggregate, states = self._folds[kind]
                    states[stream_id] = aggregate.evolve(states.get(stream_id), event, occurred_at)
                    self._position = position
            finally:
                if self._position > before:
                    self.standing = standing(self._policies.values(), self._calendars.values())
                    self.staff = staff(self._teams.values(), self._analysts.values())


_of_connections: WeakKeyDictionary[Connection, Reference] = WeakKeyDictionary()


async def read_standing(connection: Connection) -> Standing:
    """Policies and calendars as the log of this connection has them; nothing is read from it twice."""
    reference = _of_connections.setdefault(connection, Reference())
    await reference.read(connection)
    return reference.standing


async def read_book(connection: Connection, applied: Iterable[Iterable[PinnedPolicy]]) -> Book:
    """A book with what was applied, and all that was defined before it was first asked for.

    Versions never change: to know later ones does no harm.
    """
    reference = _of_connections.get(connection)
    if reference is None or not reference.know(pinned for each in applied for pinned in each):
        return (await read_standing(connection)).book
    return reference.standing.book
