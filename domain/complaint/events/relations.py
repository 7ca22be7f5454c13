"""Events: other complaints that it has to do with."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.complaint.values import Relation
from domain.messages import Event, Personal


class DuplicateMarked(Event, frozen=True, kw_only=True, tag="duplicate-marked"):
    of: UUID
    of_registered_at: datetime | None = None
    customer_id: UUID | None = None


class DuplicateUnmarked(Event, frozen=True, kw_only=True, tag="duplicate-unmarked"):
    of: UUID
    reason: Personal[str | None] = None


class ComplaintLinked(Event, frozen=True, kw_only=True, tag="complaint-linked"):
    to: UUID
    relation: Relation


class ComplaintUnlinked(Event, frozen=True, kw_only=True, tag="complaint-unlinked"):
    to: UUID
    relation: Relation
