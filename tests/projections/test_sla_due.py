"""What falls due, followed batch by batch and folded anew."""

from typing import Any

import pytest

from domain.complaint import commands as c
from infra.projector import Rebuild
from infra.rows.tables import FEW
from projections import sla_due
from tests.infra.logs import fetch, serving
from tests.projections.house import House, house

pytestmark = pytest.mark.anyio

CALENDAR: dict[str, Any] = {"name": "utc", "zone": "UTC", "windows": {}}
POLICY: dict[str, Any] = {
    "name": "desk",
    "layer": "internal",
    "order": 1,
    "calendar": "utc",
    "targets": [
        {"name": "answer", "stops": "resolved", "length": {"amount": 5, "unit": "calendar_days"}},
    ],
}


async def rows(at: House) -> list[Any]:
    return await fetch(at.connection, "SELECT t::text FROM sla_due_4 t ORDER BY complaint_id")


async def test_what_follows_in_later_batches_of_one_transaction_is_not_missed(database: str) -> None:
    async with house(database) as at:
        await at.put_in_force(POLICY, CALENDAR)
        complaints = [await at.register() for _ in range(FEW)]
        for each in complaints:
            await at.do(each, c.Investigate())
            await at.do(each, c.Resolve(outcome="upheld", summary="found", basis="accepted_on_contact"))
        await at.project(sla_due.VIEW, batch=FEW + 1)
        followed = await rows(at)
        assert len(followed) == len(complaints)
        await Rebuild(serving(database), at.log.vault, sla_due.VIEW).run()
        assert await rows(at) == followed
