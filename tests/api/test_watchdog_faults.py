"""Watchdogs that are killed: what fell due is recorded once, whoever gets to it, and nothing is missed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.complaint import COMPLAINT
from tests.api.watchdogs import ALL, CALENDAR, POLICY
from tests.infra.logs import REGISTER, ask, caller, owned, until
from tests.infra.worker_process import worker
from tests.projections.house import house

pytestmark = pytest.mark.anyio

MANY = 250
TOLD = """SELECT array_agg(tag ORDER BY version), array_agg(occurred_at ORDER BY version)
            FROM ouvidoria.events
           WHERE tag IN ('sla-warning-raised', 'sla-breached', 'sla-escalated') GROUP BY stream_id"""
RECORDED = "SELECT count(DISTINCT stream_id) FROM ouvidoria.events WHERE tag = 'sla-breached'"
HOLD_AFTER_THE_FIRST = """
CREATE FUNCTION ouvidoria.hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM ouvidoria.events WHERE tag = 'sla-breached' AND age(xmin) > 0) THEN  -- committed
    PERFORM pg_advisory_xact_lock_shared(7);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER hold BEFORE INSERT ON ouvidoria.events
   FOR EACH ROW WHEN (NEW.tag = 'sla-breached') EXECUTE FUNCTION ouvidoria.hold()"""
HELD = """SELECT FROM pg_locks JOIN pg_database d ON d.oid = database
           WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()
             AND (classid, pg_locks.objid, objsubid) = (0, 7, 1)"""
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


@asynccontextmanager
async def held_after_the_first(database: str) -> AsyncIterator[None]:
    """Meanwhile some breaches can be recorded, and then no more."""
    async with owned(database) as holder:
        await holder.execute(HOLD_AFTER_THE_FIRST)
        await holder.execute("SELECT pg_advisory_lock(7)")
        yield


async def until_held(database: str) -> None:
    async def held() -> bool:
        return bool(await ask(database, HELD))

    await until(held)


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
    async with held_after_the_first(database):
        with worker(database, tmp_path) as one:
            await until_held(database)
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
