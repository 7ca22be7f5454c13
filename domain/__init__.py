"""What a complaint is and what may happen to it: pure functions over frozen structs."""

from __future__ import annotations

from domain.aggregate import Aggregate
from domain.complaint import COMPLAINT
from domain.customer import CUSTOMER
from domain.webhook import WEBHOOK

AGGREGATES: dict[str, Aggregate] = {aggregate.kind: aggregate for aggregate in (COMPLAINT, CUSTOMER, WEBHOOK)}
"""Every kind of stream, by its kind."""

__all__ = ["AGGREGATES"]
