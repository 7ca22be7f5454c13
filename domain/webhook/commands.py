"""What can be asked of a webhook."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from domain.fields import LIST_LENGTH, FreeText, Label, Slug, Url
from domain.messages import Command
from domain.webhook.events import Cause, Payload

Types = Annotated[tuple[Slug, ...], Meta(max_length=LIST_LENGTH * 4)]
Position = Annotated[int, Meta(ge=1, le=2**53 - 1)]
OverlapHours = Annotated[int, Meta(ge=0, le=720)]


class CreateWebhook(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "create"
    url: Url
    types: Types = ()
    """Types of events; none named are all of them."""
    payload: Payload = "full"
    description: Label | None = None


class ChangeWebhook(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "change"
    url: Url | None = None
    types: Types | None = None
    payload: Payload | None = None
    description: Label | None = None
    remove: Annotated[tuple[Literal["description"], ...], Meta(max_length=LIST_LENGTH)] = ()


class PauseWebhook(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "pause"
    reason: FreeText | None = None


class ResumeWebhook(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "resume"


class DeleteWebhook(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "delete"
    reason: FreeText | None = None


class RotateSecret(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "rotate-secret"
    overlap_hours: OverlapHours = 24
    """For how long the secret before it goes on signing beside it."""


class RetireSecret(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "retire-secret"


class Replay(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "replay"
    from_position: Position
    reason: FreeText | None = None


class ResumeParked(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "resume-parked"
    stream_id: UUID | None = None
    """The complaint or customer; not given, all that is parked."""


class SkipDelivery(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "skip"
    position: Position
    reason: FreeText


class WarnWebhook(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "warn"
    failing_since: datetime
    disabled_at: datetime


class DisableWebhook(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "disable"
    cause: Cause
    failing_since: datetime | None = None


WebhookCommand = (
    CreateWebhook
    | ChangeWebhook
    | PauseWebhook
    | ResumeWebhook
    | DeleteWebhook
    | RotateSecret
    | RetireSecret
    | Replay
    | ResumeParked
    | SkipDelivery
)
SystemCommand = WarnWebhook | DisableWebhook
