"""Events: who works on it and what comes of the work."""

from __future__ import annotations

from uuid import UUID

from domain.complaint.values import Flag
from domain.messages import Event, Personal
from domain.staff import Provider


class ComplaintAssigned(Event, frozen=True, kw_only=True, tag="complaint-assigned"):
    analyst: str | None = None
    team: str | None = None
    reason: Personal[str | None] = None
    provider: Provider | None = None
    """Whose team it was then, by the registry of teams; None: not registered."""
    provider_name: str | None = None


class ComplaintUnassigned(Event, frozen=True, kw_only=True, tag="complaint-unassigned"):
    analyst: str | None = None
    team: str | None = None
    reason: Personal[str | None] = None


class InvestigationStarted(Event, frozen=True, kw_only=True, tag="investigation-started"):
    pass


class ComplaintEscalated(Event, frozen=True, kw_only=True, tag="complaint-escalated"):
    level: int
    to: str
    reason: Personal[str]


class OriginIdentified(Event, frozen=True, kw_only=True, tag="origin-identified"):
    sector: str
    cause: str
    explanation: Personal[str]
    problem_id: UUID | None = None
    product: str | None = None


class FlagRaised(Event, frozen=True, kw_only=True, tag="flag-raised"):
    flag: Flag
    reason: Personal[str]


class FlagCleared(Event, frozen=True, kw_only=True, tag="flag-cleared"):
    flag: Flag
    reason: Personal[str]


class NoteAdded(Event, frozen=True, kw_only=True, tag="note-added"):
    text: Personal[str]


class AttachmentAdded(Event, frozen=True, kw_only=True, tag="attachment-added"):
    attachment_id: UUID
    name: Personal[str]
    media_type: str
    size: int
    sha256: str


class WorkLogged(Event, frozen=True, kw_only=True, tag="work-logged"):
    minutes: int
    activity: str
    cost: str | None = None
    currency: str | None = None
