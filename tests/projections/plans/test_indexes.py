"""What is answered along an index, and along which; `docs/worklist.md` names those of the worklist."""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, get_args
from uuid import UUID

import msgspec
import pytest
from msgspec import structs

from bench.explaining import explaining
from domain.complaint.lifecycle import OPEN
from infra.pages import lists
from infra.pages.queries import probe_query
from infra.pages.rows import fetch
from projections import audit, complaints, deadlines
from projections.audit import Trail
from projections.complaints import Sort, Worklist, queries, view
from projections.complaints.view import IS_OPEN
from tests.infra.logs import NOW
from tests.projections.house import House
from tests.projections.plans.asking import DOCUMENT, EXAMPLES, OTHERS, seen, wanted
from tests.projections.plans.filling import MANY

pytestmark = pytest.mark.anyio


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


async def test_the_document_names_every_parameter_and_sort() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    named = set(re.findall("`(-?[a-z_]+)`", text))
    assert set(Worklist.__struct_fields__) - {"sector"} <= named
    assert set(get_args(Sort)) <= named


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
