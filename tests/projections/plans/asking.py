"""Worklists to ask for, and what is done for a page of them."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.explaining import Explained, explaining
from domain.complaint.lifecycle import OPEN
from projections import complaints
from projections.complaints import Worklist
from tests.infra.logs import NOW
from tests.projections.house import House
from tests.projections.plans.filling import MANY

DOCUMENT = Path(__file__).parents[3] / "docs" / "worklist.md"
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


def wanted(*filters: str, examples: Mapping[str, Any] = EXAMPLES, **more: Any) -> Worklist:
    return Worklist(**{name: examples[name] for name in filters}, **more)


async def seen(at: House, asked: Worklist) -> list[Explained]:
    """What was done for a page."""
    async with explaining(at.connection) as plans:
        await complaints.worklist(at.connection, asked)
    return plans
