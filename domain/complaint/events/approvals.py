"""Events: four eyes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.complaint.values import ApprovalGround
from domain.messages import Event, Personal


class ApprovalRequested(Event, frozen=True, kw_only=True, tag="approval-requested"):
    approval_id: UUID
    verb: str
    ground: ApprovalGround
    requested_by: str
    limit: str | None = None
    command: Personal[dict[str, Any] | None] = None


class ApprovalGranted(Event, frozen=True, kw_only=True, tag="approval-granted"):
    approval_id: UUID
    verb: str
    requested_by: str
    reason: Personal[str | None] = None


class ApprovalRefused(Event, frozen=True, kw_only=True, tag="approval-refused"):
    approval_id: UUID
    verb: str
    requested_by: str
    reason: Personal[str]
