"""What a command makes of a webhook."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from domain.addresses import Network, host_of, refusal_of_url
from domain.aggregate import Context
from domain.messages import Refused
from domain.times import check_times, stamped
from domain.webhook import commands as c
from domain.webhook import events as e
from domain.webhook.events import WebhookEvent
from domain.webhook.state import Webhook, generations, named


def decide(
    state: Webhook | None, command: c.WebhookCommand | c.SystemCommand, ctx: Context
) -> list[WebhookEvent]:
    """The events that the command makes; [] where all is so already. Raises Refused."""
    check_times(command, ctx)
    return stamped(_decide(state, command, ctx), command, ctx)


def check_url(url: str, *, http: bool, networks: tuple[Network, ...]) -> None:
    """Refuses a URL that no webhook may lead to; `networks` are allowed beside the public ones."""
    if refusal := refusal_of_url(url, http=http, networks=networks):
        raise Refused("url-refused", refusal)


def check_waiting(position: int, *, waits: bool) -> None:
    """Refuses to skip an event that does not wait to be delivered."""
    if not waits:
        raise Refused("not-waiting", f"the event at position {position} does not wait for this webhook")


def _decide(  # noqa: C901 - one branch a kind of command
    state: Webhook | None, command: c.WebhookCommand | c.SystemCommand, ctx: Context
) -> list[WebhookEvent]:
    if isinstance(command, c.CreateWebhook):
        if state is not None:
            raise Refused("already-registered", "the webhook was created before")
        return [_create(command)]
    if state is None or state.state == "deleted":
        raise Refused("unknown-webhook", "no webhook has this id")
    match command:
        case c.ChangeWebhook():
            return _change(state, command)
        case c.PauseWebhook() | c.ResumeWebhook() | c.DeleteWebhook():
            return _switch(state, command)
        case c.WarnWebhook() | c.DisableWebhook():
            return _tell(state, command)
        case c.RotateSecret() | c.RetireSecret():
            return _exchange(state, command, ctx)
        case c.Replay() | c.ResumeParked() | c.SkipDelivery():
            return _instruct(state, command)
        case _:
            assert_never(command)


def _instruct(state: Webhook, command: c.Replay | c.ResumeParked | c.SkipDelivery) -> list[WebhookEvent]:
    match command:
        case c.Replay():
            return [e.ReplayRequested(from_position=command.from_position, reason=command.reason)]
        case c.ResumeParked():
            return [e.ParkedResumed(stream_id=command.stream_id)]
        case c.SkipDelivery():
            skipped = command.position in state.skipped
            return [] if skipped else [e.DeliverySkipped(position=command.position, reason=command.reason)]


def _create(command: c.CreateWebhook) -> e.WebhookCreated:
    return e.WebhookCreated(
        url=command.url,
        host=host_of(command.url),
        types=tuple(dict.fromkeys(command.types)),
        payload=command.payload,
        description=command.description,
    )


def _change(state: Webhook, command: c.ChangeWebhook) -> list[WebhookEvent]:
    given = named(command, command.remove)
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
    return [e.WebhookChanged(**changed)]


def _switch(
    state: Webhook, command: c.PauseWebhook | c.ResumeWebhook | c.DeleteWebhook
) -> list[WebhookEvent]:
    match command:
        case c.DeleteWebhook():
            return [e.WebhookDeleted(reason=command.reason)]
        case c.ResumeWebhook():
            return [] if state.state == "active" else [e.WebhookResumed()]
        case c.PauseWebhook():
            if state.state == "disabled":
                raise Refused("webhook-disabled", "the webhook is disabled; `resume` has it work again")
            return [] if state.state == "paused" else [e.WebhookPaused(reason=command.reason)]


def _tell(state: Webhook, command: c.SystemCommand) -> list[WebhookEvent]:
    match command:
        case c.WarnWebhook():
            told = state.state != "active" or state.warned_since == command.failing_since
            since, until = command.failing_since, command.disabled_at
            return [] if told else [e.WebhookWarned(failing_since=since, disabled_at=until)]
        case c.DisableWebhook():
            if state.state != "active":
                return []
            return [e.WebhookDisabled(cause=command.cause, failing_since=command.failing_since)]


def _exchange(state: Webhook, command: c.RotateSecret | c.RetireSecret, ctx: Context) -> list[WebhookEvent]:
    if isinstance(command, c.RotateSecret):
        until = ctx.now + timedelta(hours=command.overlap_hours)
        return [e.SecretRotated(generation=state.generation + 1, previous_until=until)]
    if len(generations(state, ctx.now)) == 1:
        raise Refused("one-secret", "only one secret is live; `rotate-secret` gives a new one first")
    return [e.SecretRetired(generation=state.generation - 1)]
