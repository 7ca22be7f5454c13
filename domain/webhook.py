"""The webhook: where another system wants events sent, which of them, and what was decided about them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, assert_never, get_args
from uuid import UUID

from msgspec import Meta, Struct
from msgspec.structs import replace

from domain.addresses import host_of
from domain.aggregate import Aggregate, Command, Context, Event, Personal, Refused
from domain.fields import LIST_LENGTH, FreeText, Label, Slug, Url
from domain.times import check_times, stamped

Payload = Literal["thin", "full"]
State = Literal["active", "paused", "disabled", "deleted"]
Cause = Literal["gone", "failing"]
Types = Annotated[tuple[Slug, ...], Meta(max_length=LIST_LENGTH * 4)]
Position = Annotated[int, Meta(ge=1, le=2**53 - 1)]
OverlapHours = Annotated[int, Meta(ge=0, le=720)]


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


def generations(webhook: Webhook, now: datetime) -> tuple[int, ...]:
    """The generations of the secrets that sign at a time, the newest first."""
    both = webhook.previous_until is not None and now < webhook.previous_until
    return (webhook.generation, webhook.generation - 1) if both else (webhook.generation,)


def evolve(state: Webhook | None, event: WebhookEvent, _at: datetime) -> Webhook:  # noqa: C901, PLR0911 - one branch an event
    """The webhook after an event; ValueError if the stream does not begin with its creation."""
    if isinstance(event, WebhookCreated):
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
        case WebhookChanged():
            return replace(state, **_changes(event, event.removed), **_host(event.host))
        case WebhookPaused():
            return replace(state, state="paused")
        case WebhookResumed():
            return replace(state, state="active", cause=None, warned_since=None)
        case WebhookWarned():
            return replace(state, warned_since=event.failing_since)
        case WebhookDisabled():
            return replace(state, state="disabled", cause=event.cause)
        case WebhookDeleted():
            return replace(state, state="deleted")
        case SecretRotated():
            return replace(state, generation=event.generation, previous_until=event.previous_until)
        case SecretRetired():
            return replace(state, previous_until=None)
        case ReplayRequested() | ParkedResumed() | DeliverySkipped():
            return state
        case _:
            assert_never(event)


def decide(
    state: Webhook | None, command: WebhookCommand | SystemCommand, ctx: Context
) -> list[WebhookEvent]:
    """The events that the command makes; [] where all is so already. Raises Refused."""
    check_times(command, ctx)
    return stamped(_decide(state, command, ctx), command, ctx)


def _decide(
    state: Webhook | None, command: WebhookCommand | SystemCommand, ctx: Context
) -> list[WebhookEvent]:
    if isinstance(command, CreateWebhook):
        if state is not None:
            raise Refused("already-registered", "the webhook was created before")
        return [_create(command)]
    if state is None or state.state == "deleted":
        raise Refused("unknown-webhook", "no webhook has this id")
    match command:
        case ChangeWebhook():
            return _change(state, command)
        case PauseWebhook() | ResumeWebhook() | DeleteWebhook() | WarnWebhook() | DisableWebhook():
            return _switch(state, command)
        case RotateSecret() | RetireSecret():
            return _exchange(state, command, ctx)
        case Replay():
            return [ReplayRequested(from_position=command.from_position, reason=command.reason)]
        case ResumeParked():
            return [ParkedResumed(stream_id=command.stream_id)]
        case SkipDelivery():
            return [DeliverySkipped(position=command.position, reason=command.reason)]
        case _:
            assert_never(command)


def _create(command: CreateWebhook) -> WebhookCreated:
    return WebhookCreated(
        url=command.url,
        host=host_of(command.url),
        types=tuple(dict.fromkeys(command.types)),
        payload=command.payload,
        description=command.description,
    )


def _change(state: Webhook, command: ChangeWebhook) -> list[WebhookEvent]:
    given = _changes(command, command.remove)
    if not given:
        raise Refused("nothing-to-change", "the command names nothing to change")
    if command.types is not None:
        given["types"] = tuple(dict.fromkeys(command.types))
    changed = {name: value for name, value in given.items() if value != getattr(state, name)}
    if not changed:
        return []
    if command.url is not None and "url" in changed:
        changed["host"] = host_of(command.url)
    if changed.get("description", "") is None:
        del changed["description"]
        changed["removed"] = ("description",)
    return [WebhookChanged(**changed)]


def _switch(
    state: Webhook, command: PauseWebhook | ResumeWebhook | DeleteWebhook | WarnWebhook | DisableWebhook
) -> list[WebhookEvent]:
    match command:
        case DeleteWebhook():
            return [WebhookDeleted(reason=command.reason)]
        case ResumeWebhook():
            return [] if state.state == "active" else [WebhookResumed()]
        case PauseWebhook():
            if state.state == "disabled":
                raise Refused("webhook-disabled", "the webhook is disabled; `resume` has it work again")
            return [] if state.state == "paused" else [WebhookPaused(reason=command.reason)]
        case WarnWebhook():
            told = state.state != "active" or state.warned_since == command.failing_since
            since, until = command.failing_since, command.disabled_at
            return [] if told else [WebhookWarned(failing_since=since, disabled_at=until)]
        case DisableWebhook():
            since, active = command.failing_since, state.state == "active"
            return [WebhookDisabled(cause=command.cause, failing_since=since)] if active else []


def _exchange(state: Webhook, command: RotateSecret | RetireSecret, ctx: Context) -> list[WebhookEvent]:
    if isinstance(command, RotateSecret):
        until = ctx.now + timedelta(hours=command.overlap_hours)
        return [SecretRotated(generation=state.generation + 1, previous_until=until)]
    if len(generations(state, ctx.now)) == 1:
        raise Refused("one-secret", "only one secret is live; `rotate-secret` gives a new one first")
    return [SecretRetired(generation=state.generation - 1)]


def _changes(source: WebhookChanged | ChangeWebhook, removed: tuple[str, ...]) -> dict[str, Any]:
    """The fields that the command or event gives, and None for those it removes."""
    fields = ("url", "types", "payload", "description")
    given = {name: value for name in fields if (value := getattr(source, name)) is not None}
    return dict.fromkeys(removed) | given


def _host(host: str | None) -> dict[str, str]:
    return {} if host is None else {"host": host}


WEBHOOK = Aggregate(
    "webhook",
    get_args(WebhookEvent),
    get_args(WebhookCommand),
    evolve,
    decide,
    get_args(SystemCommand),
)
