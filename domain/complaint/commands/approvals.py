"""Commands: four eyes."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.fields import FreeText
from domain.messages import Command


class Approve(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "approve"
    approval_id: UUID
    reason: FreeText | None = None


class Refuse(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "refuse"
    approval_id: UUID
    reason: FreeText
