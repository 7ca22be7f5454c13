"""Commands: other complaints that it has to do with."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.complaint import values
from domain.fields import FreeText
from domain.messages import Command


class MarkDuplicate(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "mark-duplicate"
    names: ClassVar[str | None] = "of"
    of: UUID


class UnmarkDuplicate(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "unmark-duplicate"
    reason: FreeText | None = None


class Link(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "link"
    names: ClassVar[str | None] = "to"
    to: UUID
    relation: values.Relation


class Unlink(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "unlink"
    to: UUID
    relation: values.Relation
