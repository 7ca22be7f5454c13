"""The pairs of filter and sort that `docs/worklist.md` calls fast are read through the index it names."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, LiteralString, get_args
from uuid import UUID

import pytest
from psycopg import sql

from infra.pages import ONE, page_query
from projections import audit
from projections.audit.view import CONDITIONS as TRAIL_CONDITIONS
from projections.audit.view import ORDERS as TRAIL_ORDERS
from projections.audit.view import SELECT as TRAIL
from projections.complaints import VIEW, Sort, Worklist
from projections.complaints.queries import DETAIL, ITEMS, ORDERS, conditions
from tests.infra.logs import NOW
from tests.projections.house import House, house

pytestmark = pytest.mark.anyio

DOCUMENT = Path(__file__).parents[2] / "docs" / "worklist.md"
MANY = 6_000
FILL: LiteralString = """
INSERT INTO complaints_1 (complaint_id, version, etag, "case", protocol, kind, state, subject, channel,
       anonymity, received_at, registered_at, updated_at, customer_id, tags, analyst, team, needs_review,
       awaits_approval, flags, due_at, asks, asked_sectors, reopenings, points, facts)
SELECT md5(n::text)::uuid, 1, 1, '{}', n::text, 'complaint',
       CASE WHEN n %% 50 = 0 THEN 'in_progress' WHEN n %% 50 = 1 THEN 'proposed' ELSE 'closed' END,
       'subject', 'web', 'identified', now - n * interval '1 hour', now - n * interval '1 hour', now,
       md5((n / 3)::text)::uuid, '{}', 'analyst ' || n %% 60, 'team ' || n %% 40, n %% 100 = 0,
       n %% 300 = 0, '{}', CASE WHEN n %% 50 = 0 THEN now + n * interval '1 minute' END, '[]',
       CASE WHEN n %% 200 = 0 THEN ARRAY['billing'] ELSE '{}' END, 0, '[]', '{}'
  FROM generate_series(1, %s) AS n, (SELECT %s::timestamptz) AS at (now)"""
FILL_TEXTS: LiteralString = """
INSERT INTO complaints_text_1
SELECT md5(n::text)::uuid, 'subject', repeat('description ', 80), NULL, NULL, '[]',
       to_tsvector('english', 'parcel word' || n)
  FROM generate_series(1, %s) AS n"""
FILL_TRAIL: LiteralString = """
INSERT INTO audit_1
SELECT n, md5((n / 5)::text)::uuid, 'complaint', n %% 5 + 1, 'type ' || n %% 300, 'actor ' || n %% 50, now,
       now - (%s - n) * interval '1 minute', 'request', NULL, 'live', '{}'
  FROM generate_series(1, %s) AS n, (SELECT %s::timestamptz) AS at (now)"""

EXAMPLES: dict[str, Any] = {
    "state": ("in_progress",),
    "analyst": "analyst 7",
    "team": "team 7",
    "customer_id": UUID("cfcd2084-95d5-65ef-66e7-dff9f98764da"),
    "needs_review": True,
    "awaits_approval": True,
    "due_before": NOW,
    "breached": True,
    "q": "word77",
    "sector": "billing",
    "registered_from": NOW,
}


@pytest.fixture
async def filled(database: str) -> AsyncIterator[House]:
    async with house(database) as at:
        await at.project()
        await at.connection.execute(FILL, [MANY, NOW])
        await at.connection.execute(FILL_TEXTS, [MANY])
        await at.connection.execute(FILL_TRAIL, [MANY, MANY, NOW])
        await at.connection.execute("ANALYZE")
        yield at


def promised() -> Iterator[tuple[str, str, str]]:
    """Filter, sort and index of each line of the document's table."""
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and cells[2].startswith("`complaints_"):
            filters = ",".join(re.findall("`([a-z_]+)`", cells[0].split("(")[0]))
            for sort in re.findall("`(-?[a-z_]+)`", cells[1]):
                yield filters, sort, cells[2].strip("`")


PROMISED = list(promised())


async def indexes(at: House, query: sql.Composed, arguments: dict[str, Any]) -> set[str]:
    """Names of the indexes that the plan goes through; `sort` and `seq scan` where it does those."""
    explained = sql.SQL("EXPLAIN (FORMAT JSON) ") + query
    cursor = await at.connection.execute(explained, arguments)
    row = await cursor.fetchone()
    assert row
    return {name for name in _names(row[0][0]["Plan"]) if not name.startswith("checkpoints")}


def _names(plan: dict[str, Any]) -> Iterator[str]:
    if "Index Name" in plan:
        yield plan["Index Name"]
    if plan["Node Type"] == "Seq Scan" and plan["Relation Name"] != "checkpoints":
        yield "seq scan"
    for part in plan.get("Plans", []):
        yield from _names(part)


async def plan(at: House, wanted: Worklist, *, after: bool = False) -> set[str]:
    parts, given = conditions(wanted)
    given |= {
        "follower": VIEW.follower,
        "page_size": 51,
        "after_key": NOW - timedelta(hours=MANY // 2),
        "after_id": UUID(int=0),
    }
    return await indexes(at, page_query(ITEMS, parts, ORDERS[wanted.sort], after=after), given)


@pytest.mark.parametrize("after", [False, True], ids=["first page", "later page"])
async def test_what_the_document_calls_fast_goes_through_its_index(filled: House, after: bool) -> None:
    assert len(PROMISED) > 10
    for filters, sort, index in PROMISED:
        wanted = {name: EXAMPLES[name] for name in filters.split(",") if name}
        used = await plan(filled, Worklist(sort=sort, **wanted), after=after)  # type: ignore[arg-type]  # a sort by its name
        assert index in used, (filters, sort, used)
        assert "seq scan" not in used, (filters, sort, used)


@pytest.mark.parametrize(
    ("condition", "wanted", "index"),
    [
        ("c.complaint_id = %(id)s", UUID(int=1), "complaints_1_pkey"),
        ("c.protocol = %(id)s", "17", "complaints_1_protocol"),
    ],
)
async def test_ids_and_protocols_are_looked_up(
    filled: House, condition: LiteralString, wanted: object, index: str
) -> None:
    query = ONE.format(select=sql.SQL(DETAIL), conditions=sql.SQL(condition))
    used = await indexes(filled, query, {"follower": VIEW.follower, "id": wanted})
    assert used == {index, "complaints_text_1_pkey"}


TRAILS: list[tuple[dict[str, Any], str]] = [
    ({}, "audit_1_pkey"),
    ({"actor": "actor 7"}, "audit_1_actor"),
    ({"action": "type 7"}, "audit_1_type"),
    ({"complaint_id": UUID(int=7)}, "audit_1_stream"),
    ({"recorded_from": NOW - timedelta(minutes=30)}, "audit_1_recorded"),
    ({"recorded_to": NOW - timedelta(minutes=30)}, "audit_1_recorded"),
]


@pytest.mark.parametrize("sort", ["position", "-position"])
@pytest.mark.parametrize(("wanted", "index"), TRAILS)
async def test_the_audit_trail_goes_through_its_indexes(
    filled: House, wanted: dict[str, Any], index: str, sort: str
) -> None:
    query = page_query(TRAIL, [TRAIL_CONDITIONS[name] for name in wanted], TRAIL_ORDERS[sort], after=False)
    used = await indexes(filled, query, {**wanted, "follower": audit.VIEW.follower, "page_size": 51})
    assert index in used
    assert "seq scan" not in used


async def test_the_document_names_every_parameter_and_sort() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    named = set(re.findall("`(-?[a-z_]+)`", text))
    assert set(Worklist.__struct_fields__) - {"sector"} <= named
    assert set(get_args(Sort)) <= named
