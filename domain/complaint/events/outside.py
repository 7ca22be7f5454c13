"""Events: cases that outside bodies open."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.complaint.values import ExternalBody
from domain.messages import Event, Personal


class ExternalCaseOpened(Event, frozen=True, kw_only=True, tag="external-case-opened"):
    case_id: UUID
    body: ExternalBody
    reference: str
    opened_at: datetime
    due_at: datetime | None = None


class ExternalCaseAnswered(Event, frozen=True, kw_only=True, tag="external-case-answered"):
    case_id: UUID
    body: ExternalBody
    reference: str
    answer: Personal[str | None] = None
    declared_timely: bool | None = None


class ExternalCaseDecided(Event, frozen=True, kw_only=True, tag="external-case-decided"):
    case_id: UUID
    body: ExternalBody
    reference: str
    outcome: str
    rating: int | None = None
