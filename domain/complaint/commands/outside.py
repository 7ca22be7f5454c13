"""Commands: cases that outside bodies open."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.complaint import values
from domain.fields import FreeText, Label, Moment, Rating
from domain.messages import Command


class OpenExternalCase(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "open-external-case"
    body: values.ExternalBody
    reference: Label
    opened_at: Moment | None = None
    due_at: Moment | None = None


class AnswerExternalCase(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "answer-external-case"
    case_id: UUID | None = None
    """None: the only one."""
    answer: FreeText | None = None
    declared_timely: bool | None = None


class DecideExternalCase(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "decide-external-case"
    case_id: UUID
    outcome: Label
    rating: Rating | None = None
