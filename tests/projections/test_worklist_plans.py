"""No list costs more than its page, whatever is asked for; the indexes are those that `docs/worklist.md` names."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any, LiteralString, get_args
from uuid import UUID

import pytest
from msgspec import structs

from bench.explaining import Explained, explaining
from domain.complaint.lifecycle import OPEN
from infra.pages import lists
from projections import complaints
from projections.complaints import Sort, Worklist
from projections.complaints.view import IS_OPEN
from tests.infra.logs import NOW
from tests.projections.house import House, house

pytestmark = pytest.mark.anyio

DOCUMENT = Path(__file__).parents[2] / "docs" / "worklist.md"
MANY = 12_000
FILL: LiteralString = """
INSERT INTO complaints_1 (complaint_id, version, etag, "case", protocol, kind, state, subject, channel,
       anonymity, received_at, registered_at, updated_at, customer_id, category, product, severity, tags,
       analyst, team, origin, needs_review, awaits_approval, flags, due_at, asks, asked_sectors, reopenings,
       points, facts)
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
       CASE WHEN n %% 200 = 0 THEN ARRAY['billing'] ELSE '{}' END, 0, '[]', '{}'
  FROM generate_series(1, %s) AS n, (SELECT %s::timestamptz) AS at (now)"""
FILL_TEXTS: LiteralString = """
INSERT INTO complaints_text_1
SELECT md5(n::text)::uuid, 'subject', repeat('description ', 80), NULL, NULL, '[]',
       to_tsvector('english', 'word' || n || CASE WHEN n %% 3 > 0 THEN ' parcel' ELSE '' END)
  FROM generate_series(1, %s) AS n"""
FILL_TRAIL: LiteralString = """
INSERT INTO audit_1
SELECT n, md5((n / 5)::text)::uuid, 'complaint', n %% 5 + 1, 'type ' || n %% 300, 'actor ' || n %% 5,
       now - (n * 7919 %% %s) * interval '1 minute', now - (%s - n) * interval '1 minute', 'request ' || n / 2,
       NULL, 'live', '{}'
  FROM generate_series(1, %s) AS n, (SELECT %s::timestamptz) AS at (now)"""
FILL_CUSTOMERS: LiteralString = """
INSERT INTO customers_1
SELECT md5(n::text)::uuid, 1, 1, CASE WHEN n < 20 THEN 'organisation' ELSE 'person' END,
       CASE WHEN n < 20 THEN 'gold' ELSE 'standard' END, n || '@example.com', 'ref ' || n,
       now - n * interval '1 hour', now, '{"name": "Bia", "language": "pt-BR", "channels": []}'
  FROM generate_series(1, %s) AS n, (SELECT %s::timestamptz) AS at (now)"""

EXAMPLES: Mapping[str, Any] = {
    "state": ("in_progress",),
    "kind": "request",
    "analyst": "analyst 7",
    "team": "team 0",
    "customer_id": UUID("cfcd2084-95d5-65ef-66e7-dff9f98764da"),
    "category": "gone",
    "product": "product 2",
    "severity": "high",
    "channel": "fax",
    "origin": "sector 1",
    "needs_review": True,
    "awaits_approval": True,
    "due_before": NOW,
    "breached": True,
    "q": "word77",
    "sector": "billing",
    "registered_from": NOW - timedelta(hours=300),
    "registered_to": NOW - timedelta(hours=MANY - 200),
}
OTHERS: Mapping[str, Any] = {
    "state": tuple(OPEN),
    "category": "category 3",
    "channel": "web",
    "needs_review": False,
    "breached": False,
    "origin": "sector 1/cause 1",
    "q": "parcel",
    "registered_to": NOW - timedelta(hours=100),
}


@pytest.fixture
async def filled(database: str) -> AsyncIterator[House]:
    async with house(database) as at:
        await at.project()
        await at.connection.execute(FILL, [MANY, MANY, MANY, NOW])
        await at.connection.execute(FILL_TEXTS, [MANY])
        await at.connection.execute(FILL_TRAIL, [MANY, MANY, MANY, NOW])
        await at.connection.execute(FILL_CUSTOMERS, [MANY, NOW])
        await at.connection.execute("SET enable_seqscan = off")
        await at.connection.execute("SET plan_cache_mode = force_custom_plan")
        await at.connection.execute("VACUUM ANALYZE complaints_1, complaints_text_1, audit_1, customers_1")
        yield at


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds that hold for a million rows, for a few thousand."""
    for name, value in (("FEW", 100), ("FIRST", 60), ("FURTHER", 200), ("MOST_WALKED", 400)):
        monkeypatch.setattr(lists, name, value)


def wanted(*filters: str, examples: Mapping[str, Any] = EXAMPLES, **more: Any) -> Worklist:
    return Worklist(**{name: examples[name] for name in filters}, **more)


async def seen(at: House, asked: Worklist) -> list[Explained]:
    """What was done for a page."""
    async with explaining(at.connection) as plans:
        await complaints.worklist(at.connection, asked)
    return plans


def promised() -> Iterator[tuple[str, str, str]]:
    """Filter, sort and index of each line of the document's table."""
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and cells[2].startswith("`complaints_"):
            filters = ",".join(re.findall("`([a-z_]+)`", cells[0].split("(")[0]))
            for sort in re.findall("`(-?[a-z_]+)`", cells[1]):
                yield filters, sort, cells[2].strip("`")


PROMISED = list(promised())


async def test_what_the_document_calls_fast_is_one_look_along_its_index(filled: House) -> None:
    assert len(PROMISED) > 20
    for filters, sort, index in PROMISED:
        asked = wanted(*filter(None, filters.split(",")), sort=sort, limit=3)
        first = await complaints.worklist(filled.connection, asked)
        for cursor in (None, first.next):
            plans = await seen(filled, structs.replace(asked, cursor=cursor))
            assert [plan.indexes for plan in plans] == [{index}], (filters, sort, cursor)


async def test_the_open_ones_are_those_of_the_lifecycle() -> None:
    assert set(re.findall("'([a-z_]+)'", IS_OPEN)) == OPEN


def every_pair() -> Iterator[Worklist]:
    """Each filter alone, and with each other one, in every sort."""
    for sort in get_args(Sort):
        for many in (0, 1, 2):
            for filters in combinations(EXAMPLES, many):
                yield wanted(*filters, sort=sort)
        for filters in combinations(OTHERS, 2):
            yield wanted(*filters, examples=OTHERS, sort=sort)


@pytest.mark.usefixtures("bounds")
async def test_no_pair_of_filters_in_any_sort_looks_at_more_than_the_bounds(filled: House) -> None:
    most = 0.0
    for asked in every_pair():
        plans = await seen(filled, asked)
        assert not any("seq scan" in plan.indexes for plan in plans), asked
        assert sum(plan.rows for plan in plans) < MANY / 5, (asked, [plan.rows for plan in plans])
