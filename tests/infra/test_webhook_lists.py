"""Lists of deliveries cost what they show, however many deliveries are kept."""

from typing import LiteralString
from uuid import UUID

import pytest
from psycopg import sql

from api.reading import SESSION
from bench.explaining import explaining
from infra.webhooks import reading
from tests.infra.logs import run, served

pytestmark = pytest.mark.anyio

WEBHOOK = UUID(int=7)
FILL: LiteralString = """
INSERT INTO webhook_deliveries (webhook_id, position, stream_id, covers_from, status, attempts)
SELECT %s, n, md5(n::text)::uuid, n, CASE WHEN n %% 1000 = 0 THEN 'parked' ELSE 'delivered' END, 1
  FROM generate_series(1, 5000) n"""
FILL_LOG: LiteralString = """
INSERT INTO events
SELECT n, md5(n::text)::uuid, 'complaint', 1, 'complaint-registered', now(), now(), 'ana', 'x', NULL, 'live',
       '', sha256('')
  FROM generate_series(1, 5000) n"""


async def test_what_is_held_up_is_found_among_many_that_are_delivered(database: str) -> None:
    async with served(database) as connection:
        for name, value in SESSION.items():
            await connection.execute(sql.SQL("SET {} = {}").format(sql.Identifier(name), value))
        await connection.execute(FILL, [WEBHOOK])
        await connection.execute(FILL_LOG)
        await run(database, "ANALYZE webhook_deliveries, events")  # which only their owner may
        async with explaining(connection) as plans:
            held = await reading.parked(connection, WEBHOOK, reading.Parked())
            await reading.deliveries(connection, WEBHOOK, reading.Deliveries(status="parked"))
    assert [each.position for each in held.items] == [1000, 2000, 3000, 4000, 5000]
    for plan in plans:
        assert "webhook_deliveries_status" in plan.indexes
        assert "webhook_deliveries_pkey" not in plan.indexes
        assert plan.rows < 50, "deliveries were passed over"
