"""Commands of the service to itself: service levels."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from domain.aggregate import Command
from domain.sla.clock import What


class ApplyPolicies(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "apply-policies"
    cause: Literal["tier_changed"]


class RecordSlaDue(Command, frozen=True, kw_only=True):
    """That the time came, `at`, of a warning, a breach, an escalation or a correction of a clock."""

    verb: ClassVar[str] = "record-sla-due"
    what: What
    clock_id: str
    cycle: int
    at: datetime
    share: float | None = None
    level: int | None = None
