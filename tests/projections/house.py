"""What the tests of views share: commands on a fresh log, and the views brought up to it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from msgspec import convert, structs
from psycopg.rows import dict_row

from api.parts import VIEWS
from domain.analyst import ANALYST, RegisterAnalyst
from domain.complaint import COMPLAINT, ComplaintCommand, SystemCommand
from domain.complaint import commands as c
from domain.customer import CUSTOMER, RegisterCustomer
from domain.messages import Event
from domain.publishing import Activate
from domain.sla_calendar import SLA_CALENDAR, DefineCalendar
from domain.sla_policy import SLA_POLICY, DefinePolicy
from domain.team import TEAM, RegisterTeam
from infra.commands import Commands
from infra.events import Recorded
from infra.log import Log, head
from infra.projector import View
from infra.reference import Reference
from projections import complaints
from projections.complaints import ComplaintDetail, Worklist
from projections.complaints.traits import traits_of
from tests.infra.followers import following, until_all_at
from tests.infra.logs import NOW, REGISTER, caller, opened, served, serving

UNTOLD: LiteralString = """
SELECT complaint_id, state, kind, severity, due_at IS NOT NULL AS due, channel, team, category, product,
       origin, asked_sectors AS asked, registered_at AS week FROM complaints_4"""
TELL: LiteralString = """
UPDATE complaints_4 SET traits = told.traits FROM unnest(%s::uuid[], %s::bigint[]) AS told (id, traits)
 WHERE complaint_id = told.id"""


class House:
    """A log with commands; its clock stands still until it is put on."""

    def __init__(self, database: str, log: Log, connection: psycopg.AsyncConnection[Any]) -> None:
        self.database = database
        self.log = log
        self.connection = connection
        self.now = NOW
        self.reference = Reference(self._connected)
        self.commands = Commands(log, self.reference, clock=lambda: self.now)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        yield self.connection

    async def register(self, *more: ComplaintCommand, register: c.Register = REGISTER, **fields: Any) -> UUID:
        """A new complaint, a second after the one before, and what happens to it at once."""
        self.now += timedelta(seconds=1)
        first = structs.replace(register, **fields)
        return (await self.commands.create(COMPLAINT, caller(), first, *more)).stream_id

    async def do(self, stream_id: UUID, *commands: ComplaintCommand | SystemCommand, **how: Any) -> None:
        self.now += timedelta(seconds=1)
        await self.commands.execute(COMPLAINT, stream_id, caller(**how), *commands)

    async def customer(self, **fields: Any) -> UUID:
        self.now += timedelta(seconds=1)
        wanted = RegisterCustomer(**{"name": "Bia Souza"} | fields)
        return (await self.commands.create(CUSTOMER, caller(), wanted)).stream_id

    async def team(self, name: str, **fields: Any) -> UUID:
        """A team of the house, or as told, that every decision from now on knows."""
        wanted = RegisterTeam(**{"name": name, "provider": "in_house"} | fields)
        made = await self.commands.create(TEAM, caller(), wanted)
        await self.reference.refresh()
        return made.stream_id

    async def analyst(self, subject: str, team: str) -> UUID:
        """An analyst of a registered team."""
        made = await self.commands.create(ANALYST, caller(), RegisterAnalyst(subject=subject, team=team))
        await self.reference.refresh()
        return made.stream_id

    async def put_in_force(self, policy: dict[str, Any], calendar: dict[str, Any]) -> UUID:
        """Define a calendar and a policy that counts by it, as a set-up does; the id of the policy."""
        by_system = caller(origin="system")
        await self.commands.create(SLA_CALENDAR, by_system, convert(calendar, DefineCalendar))
        made = await self.commands.create(SLA_POLICY, by_system, convert(policy, DefinePolicy), Activate())
        await self.reference.refresh()
        return made.stream_id

    async def project(self, *views: View, batch: int = 100) -> int:
        """Bring the views, or all, up to the newest event; its position."""
        newest = await head(self.connection)
        async with following(self.database, *(views or VIEWS), batch=batch):
            await until_all_at(self.database, views or VIEWS, newest)
        return newest

    async def events(self, stream_id: UUID) -> Sequence[Recorded[Event]]:
        return await self.log.stream(stream_id)

    async def detail(self, stream_id: UUID) -> ComplaintDetail:
        """The complaint as the view has it, brought up to the log."""
        await self.project(complaints.VIEW)
        found = await complaints.detail(self.connection, stream_id)
        assert found.value
        return found.value

    async def listed(self, **wanted: Any) -> list[UUID]:
        """Ids of the complaints in the first page."""
        return [item.id for item in (await complaints.worklist(self.connection, Worklist(**wanted))).items]


async def give_traits(connection: psycopg.AsyncConnection[Any]) -> None:
    """Write the traits of complaints that were made by SQL."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(UNTOLD)).fetchall()
    ids = [row.pop("complaint_id") for row in rows]
    await connection.execute(TELL, [ids, [traits_of(**row) for row in rows]])


@asynccontextmanager
async def house(database: str) -> AsyncIterator[House]:
    async with opened(serving(database)) as log, served(database) as connection:
        yield House(database, log, connection)
