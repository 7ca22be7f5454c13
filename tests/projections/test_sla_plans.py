"""Questions about service levels are answered through the index that is meant for them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

import pytest
from msgspec import structs
from psycopg import sql

from api.reading import SESSION
from infra.pages.queries import page_query, probe_query
from infra.pages.ways import walking
from projections import sla
from projections.sla import AtRisk, ComplianceAsked, Drill, of_complaint
from projections.sla import clocks as lists
from projections.sla.compliance import arguments, query
from tests.databases import database_url, drop_database, make_database
from tests.projections.house import House, house

pytestmark = pytest.mark.anyio

MANY = 20_000
TODAY = datetime.now(UTC).date()
CLOCKS: LiteralString = """
INSERT INTO sla_clocks_4
SELECT n::text, md5((n / 2)::text)::uuid, n::text, 'desk/resolution', 1, 'desk', 1, 'always', 1,
       'internal', 'resolution', 'resolved', 'duty', NULL,
       CASE WHEN n %% 20 = 0 THEN 'running' ELSE 'met' END,
       CASE WHEN n %% 20 > 1 THEN 'met' ELSE 'breached' END,
       now() - n * interval '1 hour', now() + n * interval '1 minute', NULL, decided_at,
       decided_at::date, 0, 0, false, false, NULL, NULL, '[]', 'complaint', 'web', NULL, NULL, NULL, NULL,
       'team ' || n %% 400, 'analyst ' || n %% 60
  FROM generate_series(1, %s) AS n,
       LATERAL (SELECT CASE WHEN n %% 20 = 0 THEN now() + n * interval '1 minute'
                            ELSE now() - n * interval '1 hour' END AS decided_at) AS c"""
COUNTS: LiteralString = """
INSERT INTO sla_compliance_4
SELECT current_date - n %% 700, 'desk', 'internal', 'target ' || n / 7000, 'team', 'team ' || n / 700 %% 10,
       1, 1, 0, 0, 0, 0, 0
  FROM generate_series(0, %s) AS n"""
COUNTED: LiteralString = """
INSERT INTO sla_compliance_4
SELECT day, policy, layer, target, other, value, 1, 1, 0, 0, 0, 0, 0
  FROM sla_compliance_4, unnest(ARRAY['channel', 'product', 'sector', '']) AS other"""
OF_ANALYSTS: LiteralString = """
INSERT INTO sla_compliance_analysts_4
SELECT current_date - n %% 700, 'desk', 'internal', 'target', 'analyst', 'analyst ' || n / 700,
       1, 1, 0, 0, 0, 0, 0
  FROM generate_series(0, %s) AS n"""


@pytest.fixture(scope="module")
def database(postgres: str, template: str) -> Iterator[str]:
    """One that all tests here read, and none changes."""
    name = make_database(postgres, template)
    asyncio.run(_fill(database_url(postgres, name)))
    yield database_url(postgres, name)
    drop_database(postgres, name)


async def _fill(url: str) -> None:
    async with house(url) as at:
        await at.project(sla.VIEW)
        await at.connection.execute(CLOCKS, [MANY])
        await at.connection.execute(COUNTS, [MANY])
        await at.connection.execute(COUNTED)
        await at.connection.execute(OF_ANALYSTS, [MANY])
        await at.connection.execute("ANALYZE")


@pytest.fixture
async def filled(database: str) -> AsyncIterator[House]:
    async with house(database) as at:
        for name, value in SESSION.items():
            await at.connection.execute(sql.SQL("SET {} = {}").format(sql.Identifier(name), value))
        yield at


async def plan(at: House, statement: sql.Composed, given: dict[str, Any]) -> str:
    cursor = await at.connection.execute(sql.SQL("EXPLAIN {}").format(statement), given)
    return "\n".join(line for (line,) in await cursor.fetchall())


async def listed(at: House, wanted: AtRisk | Drill) -> str:
    """The plan of the first look for a page along an order."""
    given = {
        **structs.asdict(wanted),
        "follower": sla.VIEW.follower,
        "bound": 1_000,
        "likely": 51,
        "page_size": 51,
    }
    return await plan(at, _looking(wanted), given)


def _looking(wanted: AtRisk | Drill) -> sql.Composed:
    if isinstance(wanted, AtRisk):
        listing, filters = lists.DUE, lists.running_filters(wanted)
    else:
        listing, filters = lists.DECIDED, lists.decided_filters(wanted)
    order = listing.orders[wanted.sort]
    way = walking(filters, order)
    return page_query(listing.columns, listing.table, order, way, order.parts[0], after=False)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (AtRisk(), "sla_clocks_4_running"),
        (AtRisk(sort="-due_at", sector="billing"), "sla_clocks_4_running"),
        (AtRisk(team="team 20"), "sla_clocks_4_team"),
        (AtRisk(analyst="analyst 20", sort="-due_at"), "sla_clocks_4_analyst"),
        (Drill(), "sla_clocks_4_decided"),
        (Drill(team="team 7", sort="decided_at"), "sla_clocks_4_decided"),
        (Drill(decided_from=TODAY - timedelta(365), decided_to=TODAY), "sla_clocks_4_decided"),
        (Drill(outcome="breached"), "sla_clocks_4_outcome"),
    ],
)
async def test_lists_are_walked_along_an_index(filled: House, wanted: AtRisk | Drill, index: str) -> None:
    found = await listed(filled, wanted)
    assert f"using {index} on" in found, found
    assert "Seq Scan on sla_clocks_4" not in found
    assert "Sort Key: sla_clocks_4." not in found  # the walk; the rows of the page itself are few


@pytest.mark.parametrize("by", ["analyst", "team"])
async def test_what_runs_of_one_is_counted_and_found_by_an_index_of_its_own(filled: House, by: str) -> None:
    counting = probe_query("sla_clocks_4", [lists.OF_RUNNING[by]])
    found = await plan(filled, counting, {by: f"{by} 20", "few": 100, "follower": sla.VIEW.follower})
    assert f"sla_clocks_4_{by}" in found, found


async def test_the_clocks_of_a_complaint_are_found_by_it(filled: House) -> None:
    asking = sql.SQL(of_complaint.OF_ONE + " WHERE complaint_id = %(id)s")
    found = await plan(filled, sql.Composed([asking]), {"id": UUID(int=7)})
    assert "sla_clocks_4_complaint" in found
    assert "Seq Scan on sla_clocks_4" not in found


@pytest.mark.parametrize(
    ("by", "table"),
    [
        (("team",), "sla_compliance_4"),
        (("team", "target"), "sla_compliance_4"),
        (("policy",), "sla_compliance_4"),
        (("analyst", "policy"), "sla_compliance_analysts_4"),
    ],
)
async def test_compliance_by_one_dimension_reads_prepared_counts(filled: House, by: Any, table: str) -> None:
    asked = ComplianceAsked(by=by, period="month")
    found = await plan(filled, query(asked), arguments(asked))
    assert f"Scan using {table}_" in found, found
    assert "Seq Scan" not in found.replace("Seq Scan on checkpoints", ""), found
    assert "sla_clocks_4_decided" not in found


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        (ComplianceAsked(team="team 7", period="week"), "sla_compliance_4_value"),
        (ComplianceAsked(analyst="analyst 7"), "sla_compliance_analysts_4_value"),
    ],
)
async def test_compliance_of_one_reads_its_counts_alone(
    filled: House, asked: ComplianceAsked, index: str
) -> None:
    asked = structs.replace(asked, decided_from=TODAY - timedelta(365), decided_to=TODAY)
    found = await plan(filled, query(asked), arguments(asked))
    assert index in found, found
