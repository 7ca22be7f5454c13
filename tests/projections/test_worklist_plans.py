"""No list looks at more than its page or a bound, whatever is asked; `docs/worklist.md` names the indexes."""

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any, LiteralString, get_args
from uuid import UUID

import msgspec
import pytest
from msgspec import structs
from psycopg import sql

from api.reading import SESSION
from bench.explaining import Explained, explaining
from domain.complaint.lifecycle import OPEN, State
from domain.complaint.values import Kind, Severity
from infra.pages import lists
from infra.pages.queries import probe_query
from infra.pages.rows import fetch
from projections import audit, complaints, customers, deadlines
from projections.audit import Trail
from projections.complaints import Sort, Worklist, queries, traits, view
from projections.complaints.view import IS_OPEN
from projections.customers import Customers
from tests.databases import database_url, drop_database, make_database
from tests.infra.logs import NOW
from tests.projections.house import House, give_traits, house

pytestmark = pytest.mark.anyio

DOCUMENT = Path(__file__).parents[2] / "docs" / "worklist.md"
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


@pytest.fixture(scope="module")
def database(postgres: str, template: str) -> Iterator[str]:
    """One that all tests here read, and none changes."""
    yield from filled_database(postgres, template, MANY)


@pytest.fixture(scope="module")
def smaller(postgres: str, template: str) -> Iterator[str]:
    """The same, a tenth as large."""
    yield from filled_database(postgres, template, FEW)


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


@pytest.fixture
async def filled(database: str) -> AsyncIterator[House]:
    async with asked_as_the_api_does(database) as at:
        yield at


@contextlib.asynccontextmanager
async def asked_as_the_api_does(url: str) -> AsyncIterator[House]:
    async with house(url) as at:
        for name, value in SESSION.items():
            await at.connection.execute(sql.SQL("SET {} = {}").format(sql.Identifier(name), value))
        yield at


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds that hold for a million rows, for a few thousand: a thirtieth."""
    monkeypatch.setattr(lists, "ROUNDS", (8, 32, 80))


def within_bounds(plans: Sequence[Explained], times: int = 2) -> bool:
    """Whether no table was read through, and no more pages than so many times those of all rounds."""
    assert not any("seq scan" in plan.indexes for plan in plans)
    return sum(plan.pages for plan in plans) < times * sum(lists.ROUNDS)


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


SORTED = {
    "registered_at": "registered",
    "received_at": "received",
    "updated_at": "updated",
    "due_at": "due",
    "severity": "severity",
}
HIDDEN: Mapping[str, Any] = {
    "state": ("closed", "withdrawn"),
    "kind": "request",
    "severity": "high",
    "channel": "web",
    "team": "team 0",
    "category": "category 3",
    "product": "product 2",
    "origin": "sector 1",
    "sector": "billing",
}
"""What no index but the traits shows when another is walked."""
WALKS: Sequence[tuple[Mapping[str, Any], str]] = [
    *(
        ({name: value, "sort": sort}, index)
        for name, value in HIDDEN.items()
        for sort, index in SORTED.items()
    ),
    *(
        ({"state": tuple(OPEN), "kind": "request", "sort": sort}, f"open_{index}")
        for sort, index in SORTED.items()
    ),
    *(
        ({"state": tuple(OPEN), "kind": "request", name: f"{name} 0", "sort": "due_at"}, f"{name}_due")
        for name in ("analyst", "team")
    ),
    *(
        ({name: {**EXAMPLES, **OTHERS}[name], "channel": "web"}, name.removesuffix("_id"))
        for name in ("customer_id", "analyst", "team", "category", "product")
    ),
    ({"breached": True, "sort": "updated_at"}, "updated"),
    (
        {"registered_from": NOW - timedelta(90), "registered_to": NOW - timedelta(60), "sort": "severity"},
        "severity",
    ),
    ({"state": ("withdrawn",), "channel": "web"}, "state"),
    ({"needs_review": True, "kind": "request"}, "review"),
    ({"breached": True, "sort": "severity"}, "due_severity"),
    ({"awaits_approval": True, "kind": "request"}, "approval"),
    ({"kind": "request", "product": "product 2", "sort": "severity"}, "kind_severity"),
]


async def test_whoever_walks_reads_the_index_alone(filled: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "ROUNDS", (1,))
    monkeypatch.setattr(lists, "ENTRIES", MANY)
    straight = {(filters, sort) for filters, sort, _ in PROMISED}
    for asked, index in WALKS:
        if (next(iter(asked)), asked.get("sort")) in straight and len(asked) == 2:
            continue
        plans = await seen(filled, Worklist(**{"sort": "-registered_at", **asked, "limit": 3}))
        assert plans[-1].alone == {f"complaints_4_{index}"}, (asked, index)


LEADS: Mapping[str, str] = {
    "state": "state",
    "kind": "kind_severity",
    "customer_id": "customer",
    "analyst": "analyst",
    "team": "team",
    "category": "category",
    "product": "product",
    "severity": "severity",
    "channel": "channel",
    "origin": "origin",
    "needs_review": "review",
    "awaits_approval": "approval",
    "due_before": "due",
    "sector": "sectors",
    "registered_from": "registered",
}


@pytest.mark.parametrize(("name", "index"), LEADS.items())
async def test_what_a_filter_keeps_is_counted_in_its_index(filled: House, name: str, index: str) -> None:
    chosen, arguments = queries.filters(wanted(name, examples={**EXAMPLES, "state": ("withdrawn",)}))
    (lead,) = [each for each in chosen if each.lead]
    given = {**arguments, "few": 5, "follower": complaints.VIEW.follower}
    async with explaining(filled.connection) as plans:
        await fetch(filled.connection, probe_query(queries.ITEMS.table, [lead]), given)
    sampled = {"complaints_4_sectors_sample"} if name == "sector" else set()
    assert plans[0].indexes == {f"complaints_4_{index}"} | sampled
    assert plans[0].alone or name == "sector", "the table was read too"


@pytest.mark.parametrize(
    ("word", "read", "count"), [("word77", ("sample", "document"), 1), ("letter", ("sample",), 6)]
)
async def test_what_can_only_be_counted_whole_is_counted_in_a_sample_first(
    filled: House, word: str, read: Sequence[str], count: int
) -> None:
    chosen, arguments = queries.filters(Worklist(q=word))
    given = {**arguments, "few": 5, "follower": complaints.VIEW.follower}
    async with explaining(filled.connection) as plans:
        (counts,) = await fetch(filled.connection, probe_query(queries.ITEMS.table, chosen), given)
    assert counts == [count]
    assert plans[0].indexes == {f"complaints_text_4_{index}" for index in read}


async def test_every_index_is_of_use() -> None:
    made = set(re.findall(r"INDEX IF NOT EXISTS (\w+)", view.INDEXES))
    used = {index for _, _, index in PROMISED} | {"complaints_4_protocol", "complaints_4_sectors_sample"}
    assert made == used | {
        f"complaints_4_{index}" for index in [*LEADS.values(), *(index for _, index in WALKS)]
    }


async def test_the_open_ones_are_those_of_the_lifecycle() -> None:
    assert set(re.findall("'([a-z_]+)'", IS_OPEN)) == OPEN


def test_each_state_kind_and_severity_is_a_trait_of_its_own() -> None:
    for name, values in (("state", State), ("kind", Kind), ("severity", Severity)):
        trait = traits.TRAITS[name]
        numbers = {trait.of(value) for value in (None, *get_args(values))}
        assert len(numbers) == len(get_args(values)) + 1, f"{name} needs more bits"
    masks = [each.mask for each in traits.TRAITS.values()]
    assert sum(masks) == 2**63 - 1, "some bits are of no trait, or of two"


def test_other_traits_are_those_of_another_version_of_the_view() -> None:
    """Rows have the traits that they were written with."""
    values: Mapping[str, Sequence[Any]] = {
        "state": get_args(State),
        "kind": get_args(Kind),
        "severity": get_args(Severity),
        "due": (False, True),
        "channel": ("web", "fax"),
        "team": ("north", None),
        "category": ("billing", "preço"),
        "product": ("card", ""),
        "origin": ("sales/promise", None),
        "asked": ((), ("sales", "billing")),
        "week": (datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
    }
    numbers = [traits.TRAITS[name].of(each) for name, some in values.items() for each in some]
    made = hashlib.sha256(repr(numbers).encode()).hexdigest()[:8]
    assert (complaints.VIEW.version, made) == (4, "38d70afb")


def every_pair() -> Iterator[Worklist]:
    """Each filter alone in every sort, and with each other one in some."""
    for sort in get_args(Sort):
        yield from (wanted(name, sort=sort, limit=5) for name in EXAMPLES)
    for number, pair in enumerate(combinations(EXAMPLES, 2)):
        yield from (wanted(*pair, sort=get_args(Sort)[(number + more) % 10], limit=5) for more in (0, 3))
    for number, pair in enumerate(combinations(OTHERS, 2)):
        yield from (
            wanted(*pair, examples=OTHERS, sort=get_args(Sort)[(number + more) % 10], limit=5)
            for more in (0, 3, 6)
        )


@pytest.mark.usefixtures("bounds")
async def test_no_pair_of_filters_in_any_sort_looks_at_more_than_the_bounds(filled: House) -> None:
    for asked in every_pair():
        assert within_bounds(await seen(filled, asked), bound(asked)), asked


def bound(asked: Worklist) -> int:
    """As `docs/performance.md` says: whoever asks for words or sectors reads texts or lists as well."""
    return 2 if asked.q is None and asked.sector is None else 6


HARD: Sequence[Mapping[str, Any]] = [
    {"kind": "request", "sort": "due_at"},
    {"severity": "critical", "sort": "due_at"},
    {"severity": "critical", "state": ("withdrawn",), "sort": "-due_at"},
    {"breached": True, "sort": "-updated_at"},
    {"breached": True, "sort": "-severity"},
    {"channel": "fax", "sort": "-severity"},
    {"category": "gone", "sort": "-updated_at"},
    {"kind": "request", "breached": True, "sort": "-updated_at"},
    {"q": "parcel", "channel": "fax"},
]


@pytest.mark.usefixtures("bounds")
async def test_hard_pairs_keep_to_the_same_bound_at_ten_times_as_many_rows(
    database: str, smaller: str
) -> None:
    for url in (smaller, database):
        async with asked_as_the_api_does(url) as at:
            for each in HARD:
                asked = Worklist(**each, limit=5)
                assert within_bounds(await seen(at, asked), bound(asked)), (url, asked)


TRAILS: Sequence[tuple[Mapping[str, Any], str]] = [
    ({}, "audit_2_pkey"),
    ({"actor": "actor 2"}, "audit_2_actor"),
    ({"action": "type 7"}, "audit_2_type"),
    ({"complaint_id": UUID(int=7)}, "audit_2_stream"),
    ({"recorded_from": NOW - timedelta(minutes=30)}, "audit_2_recorded"),
    ({"recorded_to": NOW - timedelta(minutes=30)}, "audit_2_recorded"),
    ({"actor": "actor 2", "recorded_to": NOW - timedelta(days=2)}, "audit_2_actor"),
]


@pytest.mark.parametrize("sort", ["position", "-position"])
@pytest.mark.parametrize(("asked", "index"), TRAILS)
async def test_the_audit_trail_is_one_look_along_its_index(
    filled: House, asked: Mapping[str, Any], index: str, sort: Any
) -> None:
    cursor = None
    for _ in range(2):
        async with explaining(filled.connection) as plans:
            page = await audit.trail(filled.connection, Trail(**asked, sort=sort, limit=3, cursor=cursor))
        assert len(plans) == 1
        assert index in plans[0].indexes or cursor  # which takes the place of the period's one end
        assert plans[0].rows < 50
        cursor = page.next


MORE_TRAILS: Sequence[Mapping[str, Any]] = [
    {"correlation": "request 77"},
    {"actor": "actor 2", "action": "type 7"},
    {"actor": "actor 2", "action": "type 3"},  # never together
    {"occurred_from": NOW - timedelta(minutes=90), "occurred_to": NOW - timedelta(minutes=60)},
    {"occurred_from": NOW - timedelta(days=2), "actor": "actor 1"},
    {"recorded_from": NOW - timedelta(days=2), "recorded_to": NOW - timedelta(days=1), "action": "type 7"},
]


@pytest.mark.usefixtures("bounds")
@pytest.mark.parametrize("sort", ["position", "-position"])
@pytest.mark.parametrize("asked", MORE_TRAILS)
async def test_the_audit_trail_looks_at_no_more_than_the_bounds(
    filled: House, asked: Mapping[str, Any], sort: Any
) -> None:
    async with explaining(filled.connection) as plans:
        await audit.trail(filled.connection, Trail(**asked, sort=sort))
    assert within_bounds(plans)


@pytest.mark.usefixtures("bounds")
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"email": "77@example.com"},
        {"external_ref": "ref 77"},
        {"tier": "gold"},
        {"tier": "standard"},
        {"kind": "internal", "tier": "standard"},
    ],
)
async def test_the_list_of_customers_looks_at_no_more_than_the_bounds(
    filled: House, asked: Mapping[str, Any]
) -> None:
    async with explaining(filled.connection) as plans:
        await customers.customers(filled.connection, Customers(**asked))
    assert within_bounds(plans)


LOOKED_UP: Mapping[str, Any] = {
    "pkey": lambda connection: complaints.detail(connection, UUID("cfcd2084-95d5-65ef-66e7-dff9f98764da")),
    "protocol": lambda connection: complaints.by_protocol(connection, "17"),
}


@pytest.mark.parametrize("by", [*LOOKED_UP])
async def test_ids_and_protocols_are_looked_up(filled: House, by: str) -> None:
    async with explaining(filled.connection) as plans:
        with contextlib.suppress(msgspec.ValidationError):  # what fills the table is no whole complaint
            await LOOKED_UP[by](filled.connection)
    index = f"complaints_4_{by}"
    assert plans[0].indexes <= {index, "complaints_text_4_pkey"}
    assert plans[0].rows <= 4


async def test_what_falls_due_next_is_read_from_its_index(filled: House) -> None:
    for query in (deadlines.DUE, deadlines.NEXT):
        cursor = await filled.connection.execute(
            b"EXPLAIN " + query.encode(), [NOW, 5] if "%s" in query else None
        )
        assert any("deadlines_1_due" in line for (line,) in await cursor.fetchall())


async def test_the_document_names_every_parameter_and_sort() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    named = set(re.findall("`(-?[a-z_]+)`", text))
    assert set(Worklist.__struct_fields__) - {"sector"} <= named
    assert set(get_args(Sort)) <= named
