"""Commands: who works on it and what comes of the work."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from domain.complaint import values
from domain.fields import Amount, Currency, FreeText, Label, Level, MediaType, Minutes, Sha256, Size
from domain.messages import Command


class Assign(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "assign"
    analyst: Label | None = None
    team: Label | None = None
    reason: FreeText | None = None


class Unassign(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "unassign"
    reason: FreeText | None = None


class Investigate(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "investigate"


class Escalate(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "escalate"
    level: Level
    to: Label
    reason: FreeText


class IdentifyOrigin(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "identify-origin"
    sector: Label
    cause: Label
    explanation: FreeText
    problem_id: UUID | None = None
    product: Label | None = None


class RaiseFlag(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "raise-flag"
    flag: values.Flag
    reason: FreeText


class ClearFlag(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "clear-flag"
    flag: values.Flag
    reason: FreeText


class AddNote(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "add-note"
    text: FreeText


class Attach(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "attach"
    name: Label
    media_type: MediaType
    size: Size
    sha256: Sha256


class LogWork(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "log-work"
    minutes: Minutes
    activity: Label
    cost: Amount | None = None
    currency: Currency | None = None
