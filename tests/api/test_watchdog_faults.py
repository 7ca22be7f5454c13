"""Watchdogs that are killed: what fell due is recorded once, whoever gets to it, and nothing is missed."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.complaint import COMPLAINT
from tests.api.watchdogs import ALL, CALENDAR, POLICY
from tests.infra.logs import REGISTER, ask, caller, until
from tests.infra.worker_process import worker
from tests.projections.house import house

pytestmark = pytest.mark.anyio

MANY = 1_000
TOLD = """SELECT array_agg(tag ORDER BY version), array_agg(occurred_at ORDER BY version)
            FROM ouvidoria.events
           WHERE tag IN ('sla-warning-raised', 'sla-breached', 'sla-escalated') GROUP BY stream_id"""
RECORDED = "SELECT count(DISTINCT stream_id) FROM ouvidoria.events WHERE tag = 'sla-breached'"
WAITING = "SELECT count(*) FROM ouvidoria_views.sla_due_4 WHERE next_at IS NOT NULL"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def recorded(database: str) -> int:
    return int((await ask(database, RECORDED))[0][0])


async def until_recorded(database: str, many: int) -> None:
    async def enough() -> bool:
        return await recorded(database) >= many

    await until(enough)


async def until_nothing_waits(database: str) -> None:
    async def none() -> bool:
        return await ask(database, WAITING) == [(0,)]

    await until(none)


async def test_watchdogs_killed_in_the_middle_leave_nothing_out_and_record_nothing_twice(
    database: str, tmp_path: Path
) -> None:
    async with house(database) as at:
        at.now = begun = datetime.now(UTC) - timedelta(hours=6)
        await at.put_in_force(POLICY, CALENDAR)
        await asyncio.gather(*(at.commands.create(COMPLAINT, caller(), REGISTER) for _ in range(MANY)))
    with worker(database, tmp_path) as one:
        await until_recorded(database, 1)
        one.kill()
    assert 0 < await recorded(database) < MANY, "it died in the middle"
    with worker(database, tmp_path) as two, worker(database, tmp_path):
        await until_recorded(database, await recorded(database) + 1)
        two.kill()
        await until_recorded(database, MANY)
        await until_nothing_waits(database)
    told = await ask(database, TOLD)
    moments = [begun + after for _, after in ALL]
    assert len(told) == MANY
    for tags, times in told:
        assert tags == [f"sla-{name}" for name, _ in ALL]
        assert all(abs(at - due) < timedelta(seconds=1) for at, due in zip(times, moments, strict=True))
