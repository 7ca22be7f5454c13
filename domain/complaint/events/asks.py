"""Events: what customers and sectors are asked."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.messages import Event, Personal


class InformationRequested(Event, frozen=True, kw_only=True, tag="information-requested"):
    ask_id: UUID
    question: Personal[str]
    due_at: datetime | None = None
    channel: str | None = None


class SectorConsulted(Event, frozen=True, kw_only=True, tag="sector-consulted"):
    ask_id: UUID
    sector: str
    question: Personal[str]
    due_at: datetime | None = None


class SectorAnswered(Event, frozen=True, kw_only=True, tag="sector-answered"):
    ask_id: UUID
    sector: str
    answer: Personal[str]
    late: bool


class AskCancelled(Event, frozen=True, kw_only=True, tag="ask-cancelled"):
    ask_id: UUID
    reason: Personal[str]
    sector: str | None = None
