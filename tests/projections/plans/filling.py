"""A database with thousands of rows of many kinds, and what a plan of it may read."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import LiteralString

from psycopg import sql

from api.reading import SESSION
from bench.explaining import Explained
from infra.pages import lists
from tests.databases import database_url, drop_database, make_database
from tests.infra.logs import NOW
from tests.projections.house import House, give_traits, house

MANY, FEW = 13_000, 1_300
FILL: LiteralString = """
INSERT INTO complaints_4 (complaint_id, version, etag, "case", protocol, kind, state, subject, channel,
       anonymity, received_at, registered_at, updated_at, customer_id, category, product, severity, tags,
       analyst, team, origin, needs_review, awaits_approval, flags, due_at, asks, asked_sectors, reopenings,
       points, facts, traits)
SELECT md5(n::text)::uuid, 1, 1, '{}', n::text, CASE WHEN n %% 7 = 0 THEN 'request' ELSE 'complaint' END,
       CASE WHEN n %% 50 = 0 THEN 'in_progress' WHEN n %% 50 = 1 THEN 'proposed'
            WHEN n %% 50 = 2 THEN 'withdrawn' ELSE 'closed' END,
       'subject', CASE WHEN n < 40 THEN 'fax' ELSE 'web' END, 'identified', now - n / 2 * interval '1 hour',
       now - n * interval '1 hour', now - (n * 7919 %% %s) * interval '1 minute', md5((n / 3)::text)::uuid,
       CASE WHEN n > %s - 900 THEN 'gone' ELSE 'category ' || n %% 10 END, 'product ' || n %% 4,
       (ARRAY['low', 'medium', 'high', 'critical', NULL])[n %% 5 + 1], '{}',
       'analyst ' || n %% 60, 'team ' || n %% 8, 'sector ' || n %% 3 || '/cause ' || n %% 100, n %% 300 = 0,
       n %% 900 = 0, '{}',
       CASE WHEN n %% 50 = 0 THEN now + (n - 6000) * interval '1 minute' END, '[]',
       CASE WHEN n %% 200 = 0 THEN ARRAY['billing'] ELSE '{}' END, 0, '[]', '{}', 0
  FROM generate_series(1, %s) AS n, (SELECT %s::timestamptz) AS at (now)"""
FILL_TEXTS: LiteralString = """
INSERT INTO complaints_text_4
SELECT md5(n::text)::uuid, 'subject', repeat('description ', 80), NULL, NULL, '[]',
       to_tsvector('english', 'letter word' || n || CASE WHEN n %% 3 > 0 THEN ' parcel' ELSE '' END)
  FROM generate_series(1, %s) AS n"""
FILL_TRAIL: LiteralString = """
INSERT INTO audit_2
SELECT n, md5((n / 5)::text)::uuid, 'complaint', n %% 5 + 1, 'type ' || n %% 300, 'actor ' || n %% 5,
       now - (n * 7919 %% %s) * interval '1 minute', now - (%s - n) * interval '1 minute',
       'request ' || n / 2, NULL, 'live', '{}'
  FROM generate_series(1, %s) AS n, (SELECT %s::timestamptz) AS at (now)"""
FILL_CUSTOMERS: LiteralString = """
INSERT INTO customers_2
SELECT md5(n::text)::uuid, 1, 1, CASE WHEN n < 20 THEN 'internal' ELSE 'external' END,
       CASE WHEN n < 20 THEN 'gold' ELSE 'standard' END, n || '@example.com', 'ref ' || n,
       now - n * interval '1 hour', now, '{"name": "Bia", "language": "pt-BR", "channels": []}'
  FROM generate_series(1, %s) AS n, (SELECT %s::timestamptz) AS at (now)"""


def filled_database(postgres: str, template: str, many: int) -> Iterator[str]:
    name = make_database(postgres, template)
    asyncio.run(_fill(database_url(postgres, name), many))
    yield database_url(postgres, name)
    drop_database(postgres, name)


async def _fill(url: str, many: int) -> None:
    async with house(url) as at:
        await at.project()
        await at.connection.execute(FILL, [many, many, many, NOW])
        await give_traits(at.connection)
        await at.connection.execute(FILL_TEXTS, [many])
        await at.connection.execute(FILL_TRAIL, [many, many, many, NOW])
        await at.connection.execute(FILL_CUSTOMERS, [many, NOW])
        await at.connection.execute("VACUUM ANALYZE complaints_4, complaints_text_4, audit_2, customers_2")


@contextlib.asynccontextmanager
async def asked_as_the_api_does(url: str) -> AsyncIterator[House]:
    async with house(url) as at:
        for name, value in SESSION.items():
            await at.connection.execute(sql.SQL("SET {} = {}").format(sql.Identifier(name), value))
        yield at


def within_bounds(plans: Sequence[Explained], times: int = 2) -> bool:
    """Whether no table was read through, and no more pages than so many times those of all rounds."""
    assert not any("seq scan" in plan.indexes for plan in plans)
    return sum(plan.pages for plan in plans) < times * sum(lists.ROUNDS)
