"""Events: service levels. `clock_id` and `cycle` name a clock; a version never changes what it says."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.messages import Event
from domain.sla.documents import Layer
from domain.sla.pinning import Cause, Facts, PinnedPolicy


class SlaApplied(Event, frozen=True, kw_only=True, tag="sla-applied"):
    policies: tuple[PinnedPolicy, ...]
    facts: Facts
    cause: Cause


class SlaWarningRaised(Event, frozen=True, kw_only=True, tag="sla-warning-raised"):
    clock_id: str
    policy: str
    policy_version: int
    layer: Layer
    target: str
    cycle: int
    share: float
    due_at: datetime
    case_id: UUID | None = None


class SlaBreached(Event, frozen=True, kw_only=True, tag="sla-breached"):
    clock_id: str
    policy: str
    policy_version: int
    layer: Layer
    target: str
    cycle: int
    due_at: datetime
    case_id: UUID | None = None


class SlaBreachCorrected(Event, frozen=True, kw_only=True, tag="sla-breach-corrected"):
    clock_id: str
    policy: str
    policy_version: int
    layer: Layer
    target: str
    cycle: int
    verdict: Literal["met", "not_due", "cancelled", "undetermined"]
    breached_at: datetime
    due_at: datetime | None = None
    met_at: datetime | None = None
    case_id: UUID | None = None


class SlaEscalated(Event, frozen=True, kw_only=True, tag="sla-escalated"):
    clock_id: str
    policy: str
    policy_version: int
    layer: Layer
    target: str
    cycle: int
    level: int
    tell: tuple[str, ...]
    due_at: datetime
    case_id: UUID | None = None


ClockEvent = SlaWarningRaised | SlaBreached | SlaBreachCorrected | SlaEscalated
"""What is recorded about one clock."""
