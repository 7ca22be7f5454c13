"""Commands of the service to itself: service levels."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from domain.messages import Command


class ApplyPolicies(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "apply-policies"
    cause: Literal["tier_changed"]


class RecordSlaDue(Command, frozen=True, kw_only=True):
    """Record what fell due by then, `at`, of the clocks: warnings, breaches, escalations, corrections.

    What fell due by `history`, when a case was imported, is none of it.
    """

    verb: ClassVar[str] = "record-sla-due"
    at: datetime
    history: datetime | None = None
