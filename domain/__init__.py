"""What a complaint is and what may happen to it: pure functions over frozen structs."""

from __future__ import annotations

from domain.aggregate import Aggregate
from domain.analyst import ANALYST
from domain.complaint import COMPLAINT
from domain.customer import CUSTOMER
from domain.sla_calendar import SLA_CALENDAR
from domain.sla_policy import SLA_POLICY
from domain.team import TEAM
from domain.webhook import WEBHOOK

AGGREGATES: dict[str, Aggregate] = {
    aggregate.kind: aggregate
    for aggregate in (COMPLAINT, CUSTOMER, TEAM, ANALYST, SLA_POLICY, SLA_CALENDAR, WEBHOOK)
}
"""Every kind of stream, by its kind."""

__all__ = ["AGGREGATES"]
