"""The watchdog: how late it records what falls due, with few clocks open and with very many."""

import asyncio
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import convert

from api.watching import CLOCKS
from bench.measuring import SCHEMA, Ratio, database, report
from domain.complaint import COMPLAINT
from domain.complaint.commands import Register
from domain.publishing import Activate
from domain.sla_calendar import SLA_CALENDAR, DefineCalendar
from domain.sla_policy import SLA_POLICY, DefinePolicy
from infra.commands import Caller, Commands
from infra.database import Link, connect, serving_conninfo
from infra.log import Log
from infra.projector import Runner, Wake, prepare
from infra.reference import Reference
from infra.vault import Vault
from infra.watchdog import Watchdog
from projections import sla_due

FEW, MANY = 10_000, 1_000_000
FALLING, SECONDS = 300, 6.0
MASTER = bytes(32)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CALENDAR = {"name": "always", "zone": "UTC", "windows": {day: [["00:00", "24:00"]] for day in DAYS}}
POLICY: dict[str, Any] = {
    "name": "desk",
    "layer": "internal",
    "order": 1,
    "calendar": "always",
    "targets": [
        {"name": "first", "stops": "first_response", "length": {"amount": 4, "unit": "calendar_hours"}}
    ],
}
OPEN = """
INSERT INTO sla_due_4
SELECT gen_random_uuid(), 2, now() + interval '1 day' + n * interval '1 second', '[]', '{}', now(), NULL
  FROM generate_series(1, %s) n"""
LATE = """
SELECT extract(epoch FROM recorded_at - occurred_at)::float8 * 1000 FROM events WHERE tag = 'sla-breached'"""


def main() -> None:
    """Print how late a breach is recorded."""
    few, many = (asyncio.run(_lateness(opened)) for opened in (FEW, MANY))
    report(
        f"The watchdog: {FALLING} breaches fall due within {SECONDS:.0f} s",
        [
            Ratio("p99 lateness, 1,000,000 open", many[98], "the promise", 1000.0, "ms", 1.0, at_most=True),
            Ratio("p99 lateness, 1,000,000 open", many[98], "10,000 open", few[98], "ms", 2.0, at_most=True),
            Ratio(
                "median lateness, 1,000,000 open", many[49], "10,000 open", few[49], "ms", 2.0, at_most=True
            ),
        ],
    )


async def _lateness(opened: int) -> list[float]:
    """The percentiles of the lateness of each breach, in milliseconds."""
    with database() as url:
        conninfo = serving_conninfo(url, SCHEMA)
        async with _house(conninfo, opened) as commands:
            at = datetime.now(UTC) - timedelta(hours=4) + timedelta(seconds=3)
            caller = Caller(actor="bench", correlation="bench")
            await asyncio.gather(
                *(
                    commands.create(
                        COMPLAINT, caller, _register(at + timedelta(seconds=SECONDS) * n / FALLING)
                    )
                    for n in range(FALLING)
                )
            )
            async with await connect(conninfo) as connection:
                while True:
                    late = [value for (value,) in await (await connection.execute(LATE)).fetchall()]
                    if len(late) == FALLING:
                        return statistics.quantiles(late, n=100)
                    await asyncio.sleep(0.5)


def _register(received_at: datetime) -> Register:
    return Register(subject="Late", description="Not delivered.", channel="phone", received_at=received_at)


@asynccontextmanager
async def _house(conninfo: str, opened: int) -> AsyncIterator[Commands]:
    """Commands, the view and the watchdog over it, with so many clocks open."""
    async with await connect(conninfo) as connection:
        await prepare(connection, [sla_due.VIEW])
        await connection.execute(OPEN, [opened])
        await connection.execute("ANALYZE sla_due_4")
    log, link, wake = Log(conninfo, Vault(MASTER)), Link(conninfo), Wake(conninfo)
    policies = Reference(link.use)
    commands = Commands(log, policies)
    by_system = Caller(actor="system:bench", correlation="bench", origin="system")
    await commands.create(SLA_CALENDAR, by_system, convert(CALENDAR, DefineCalendar))
    await commands.create(SLA_POLICY, by_system, convert(POLICY, DefinePolicy), Activate())
    await policies.refresh()
    tasks = [
        asyncio.create_task(work)
        for work in (
            wake.listen(),
            Runner(sla_due.VIEW, conninfo, log.vault, wake).run(),
            Watchdog(conninfo, commands, CLOCKS).run(),
        )
    ]
    try:
        yield commands
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await link.close()
        await log.close()
