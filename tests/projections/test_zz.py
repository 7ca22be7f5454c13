import asyncio
from tests.projections.test_worklist_plans import *
from tests.conftest import *
import json
from projections.complaints.queries import filters, ORDERS, ITEMS
from infra.pages.queries import page_query, walking
from infra.pages.orders import WHOLE
import pytest


@pytest.mark.usefixtures("bounds")
async def test_x(filled):
    w = wanted("state", "kind", sort="due_at")
    f, a = filters(w)
    o = ORDERS["due_at"]
    p = await complaints.worklist(filled.connection, w)
    q = page_query(ITEMS.columns, ITEMS.table, o, walking(f, o), WHOLE[0], after=True)
    async with filled.connection.cursor() as c:
        await c.execute(
            "select due_at, complaint_id from complaints_1 where state in ('in_progress','proposed') order by coalesce(due_at,'infinity'), complaint_id offset 259 limit 1"
        )
        k, i = await c.fetchone()
        print(k, i)
        await c.execute(
            sql.SQL("explain (analyze) ") + q,
            {
                **a,
                "follower": "complaints_1",
                "page_size": 51,
                "bound": 200,
                "few": 100,
                "after_key": k,
                "after_id": i,
            },
        )
        for (l,) in await c.fetchall():
            print(l)
    assert 0
