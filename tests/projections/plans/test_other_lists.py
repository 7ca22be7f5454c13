"""The audit trail, the list of customers, and what is looked up look at no more than they have to."""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from bench.explaining import explaining
from projections import audit, complaints, customers, deadlines
from projections.audit import Trail
from projections.customers import Customers
from tests.infra.logs import NOW
from tests.projections.house import House
from tests.projections.plans.filling import within_bounds

pytestmark = pytest.mark.anyio

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
