"""What a webhook is, folded from its events."""

from __future__ import annotations

from datetime import datetime
from typing import Any, assert_never

from msgspec import Struct
from msgspec.structs import replace

from domain.webhook import events as e
from domain.webhook.commands import ChangeWebhook
from domain.webhook.events import Cause, Payload, State, WebhookEvent


class Webhook(Struct, frozen=True, kw_only=True):
    """A webhook. `generation` counts its secrets; the one before signs too until `previous_until`."""

    url: str
    host: str
    types: tuple[str, ...]
    payload: Payload
    description: str | None = None
    state: State = "active"
    cause: Cause | None = None
    generation: int = 1
    previous_until: datetime | None = None
    warned_since: datetime | None = None
    """Since when it was failing when that was last told."""
    skipped: tuple[int, ...] = ()
    """The positions of the events that it does not get, until they are replayed."""


def generations(webhook: Webhook, now: datetime) -> tuple[int, ...]:
    """The generations of the secrets that sign at a time, the newest first."""
    both = webhook.previous_until is not None and now < webhook.previous_until
    return (webhook.generation, webhook.generation - 1) if both else (webhook.generation,)


def evolve(state: Webhook | None, event: WebhookEvent, _at: datetime) -> Webhook:  # noqa: C901, PLR0911, PLR0912 - one branch an event
    """The webhook after an event; ValueError if the stream does not begin with its creation."""
    if isinstance(event, e.WebhookCreated):
        if state is not None:
            raise ValueError("a webhook is created once")
        return Webhook(
            url=event.url,
            host=event.host,
            types=event.types,
            payload=event.payload,
            description=event.description,
        )
    if state is None:
        raise ValueError("a webhook begins with its creation")
    match event:
        case e.WebhookChanged():
            return replace(state, **named(event, event.removed), **_host(event.host))
        case e.WebhookPaused():
            return replace(state, state="paused")
        case e.WebhookResumed():
            return replace(state, state="active", cause=None, warned_since=None)
        case e.WebhookWarned():
            return replace(state, warned_since=event.failing_since)
        case e.WebhookDisabled():
            return replace(state, state="disabled", cause=event.cause)
        case e.WebhookDeleted():
            return replace(state, state="deleted")
        case e.SecretRotated():
            return replace(state, generation=event.generation, previous_until=event.previous_until)
        case e.SecretRetired():
            return replace(state, previous_until=None)
        case e.DeliverySkipped():
            return replace(state, skipped=(*state.skipped, event.position))
        case e.ReplayRequested():
            return replace(state, skipped=tuple(n for n in state.skipped if n < event.from_position))
        case e.ParkedResumed():
            return state
        case _:
            assert_never(event)


def named(source: e.WebhookChanged | ChangeWebhook, removed: tuple[str, ...]) -> dict[str, Any]:
    """The fields that the command or event gives, and None for those it removes."""
    fields = ("url", "types", "payload", "description")
    given = {name: value for name in fields if (value := getattr(source, name)) is not None}
    return dict.fromkeys(removed) | given


def _host(host: str | None) -> dict[str, str]:
    return {} if host is None else {"host": host}
