"""Commands: what customers and sectors are asked."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.fields import FreeText, Label, Moment
from domain.messages import Command


class RequestInformation(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "request-information"
    question: FreeText
    due_at: Moment | None = None
    channel: Label | None = None


class ConsultSector(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "consult-sector"
    sector: Label
    question: FreeText
    due_at: Moment | None = None


class RecordSectorAnswer(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "record-sector-answer"
    answer: FreeText
    ask_id: UUID | None = None
    sector: Label | None = None


class CancelAsk(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "cancel-ask"
    reason: FreeText
    ask_id: UUID | None = None
    sector: Label | None = None
