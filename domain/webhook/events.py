"""What happens to a webhook."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.messages import Event, Personal

Payload = Literal["thin", "full"]
State = Literal["active", "paused", "disabled", "deleted"]
Cause = Literal["gone", "failing"]


class WebhookCreated(Event, frozen=True, kw_only=True, tag="webhook-created"):
    url: Personal[str]
    host: str
    types: tuple[str, ...]
    payload: Payload
    description: Personal[str | None] = None


class WebhookChanged(Event, frozen=True, kw_only=True, tag="webhook-changed"):
    url: Personal[str | None] = None
    host: str | None = None
    types: tuple[str, ...] | None = None
    payload: Payload | None = None
    description: Personal[str | None] = None
    removed: tuple[Literal["description"], ...] = ()


class WebhookPaused(Event, frozen=True, kw_only=True, tag="webhook-paused"):
    reason: Personal[str | None] = None


class WebhookResumed(Event, frozen=True, kw_only=True, tag="webhook-resumed"):
    pass


class WebhookWarned(Event, frozen=True, kw_only=True, tag="webhook-warned"):
    failing_since: datetime
    disabled_at: datetime


class WebhookDisabled(Event, frozen=True, kw_only=True, tag="webhook-disabled"):
    cause: Cause
    failing_since: datetime | None = None


class WebhookDeleted(Event, frozen=True, kw_only=True, tag="webhook-deleted"):
    reason: Personal[str | None] = None


class SecretRotated(Event, frozen=True, kw_only=True, tag="webhook-secret-rotated"):
    generation: int
    previous_until: datetime


class SecretRetired(Event, frozen=True, kw_only=True, tag="webhook-secret-retired"):
    generation: int


class ReplayRequested(Event, frozen=True, kw_only=True, tag="webhook-replay-requested"):
    from_position: int
    reason: Personal[str | None] = None


class ParkedResumed(Event, frozen=True, kw_only=True, tag="webhook-parked-resumed"):
    stream_id: UUID | None = None


class DeliverySkipped(Event, frozen=True, kw_only=True, tag="webhook-delivery-skipped"):
    position: int
    reason: Personal[str]


WebhookEvent = (
    WebhookCreated
    | WebhookChanged
    | WebhookPaused
    | WebhookResumed
    | WebhookWarned
    | WebhookDisabled
    | WebhookDeleted
    | SecretRotated
    | SecretRetired
    | ReplayRequested
    | ParkedResumed
    | DeliverySkipped
)
