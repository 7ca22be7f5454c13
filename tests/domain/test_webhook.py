"""Webhooks: what their commands make of them, and which secrets sign when."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.messages import Refused
from domain.webhook import (
    WEBHOOK,
    SystemCommand,
    Webhook,
    WebhookCommand,
    WebhookEvent,
    check_url,
    check_waiting,
    decide,
    evolve,
    generations,
)
from domain.webhook import commands as c
from domain.webhook import events as e
from tests.domain.spec import NOW, context

URL = "https://crm.example.com/hook"
CREATE = c.CreateWebhook(url=URL, types=("note-added", "note-added"), description="CRM")
STREAM = UUID(int=7)


def when(
    state: Webhook | None, command: WebhookCommand | SystemCommand, **changes: Any
) -> list[WebhookEvent]:
    return decide(state, command, context(command, **changes))


def fold(state: Webhook | None, events: Iterable[WebhookEvent]) -> Webhook:
    for event in events:
        state = evolve(state, event, NOW)
    assert state is not None
    return state


def play(*commands: WebhookCommand | SystemCommand, **changes: Any) -> Webhook:
    state: Webhook | None = None
    for command in (CREATE, *commands):
        state = fold(state, when(state, command, **changes))
    assert state is not None
    return state


def refusal(state: Webhook | None, command: WebhookCommand | SystemCommand) -> str:
    try:
        when(state, command)
    except Refused as refused:
        return refused.slug
    return ""


DISABLE = c.DisableWebhook(cause="failing", failing_since=NOW)
WARN = c.WarnWebhook(failing_since=NOW, disabled_at=NOW + timedelta(days=5))
CHANGES: list[WebhookCommand] = [
    c.ChangeWebhook(payload="thin"),
    c.PauseWebhook(),
    c.ResumeWebhook(),
    c.DeleteWebhook(),
    c.RotateSecret(),
    c.RetireSecret(),
    c.Replay(from_position=1),
    c.ResumeParked(),
    c.SkipDelivery(position=1, reason="Unreadable."),
]


def test_a_webhook_begins_with_where_it_leads_and_what_it_wants() -> None:
    assert when(None, CREATE) == [
        e.WebhookCreated(
            url=URL, host="crm.example.com", types=("note-added",), payload="full", description="CRM"
        )
    ]
    assert play() == Webhook(
        url=URL, host="crm.example.com", types=("note-added",), payload="full", description="CRM"
    )


def test_it_is_created_once() -> None:
    assert refusal(play(), CREATE) == "already-registered"


@pytest.mark.parametrize("command", CHANGES, ids=lambda each: each.verb)
def test_nothing_happens_to_what_was_never_created_or_is_deleted(command: WebhookCommand) -> None:
    assert refusal(None, command) == "unknown-webhook"
    assert refusal(play(c.DeleteWebhook()), command) == "unknown-webhook"


def test_only_what_changes_is_in_the_event() -> None:
    other = "https://new.example.com:8443/x"
    change = c.ChangeWebhook(url=other, types=(), payload="full", remove=("description",))
    assert when(play(), change) == [
        e.WebhookChanged(url=other, host="new.example.com", types=(), removed=("description",))
    ]
    changed = play(change)
    assert (changed.url, changed.host, changed.types, changed.description) == (
        other, "new.example.com", (), None,
    )  # fmt: skip
    assert when(changed, change) == []


def test_a_change_of_nothing_is_refused() -> None:
    assert refusal(play(), c.ChangeWebhook()) == "nothing-to-change"


def test_it_is_paused_and_resumed_once_each() -> None:
    pause, resume = c.PauseWebhook(reason="Moving."), c.ResumeWebhook()
    assert when(play(), resume) == []
    assert when(play(), pause) == [e.WebhookPaused(reason="Moving.")]
    assert when(play(pause), pause) == []
    assert when(play(pause), resume) == [e.WebhookResumed()]
    assert play(pause, resume).state == "active"


def test_what_the_service_disabled_somebody_resumes_and_does_not_pause() -> None:
    disabled = play(WARN, DISABLE)
    assert (disabled.state, disabled.cause, disabled.warned_since) == ("disabled", "failing", NOW)
    assert refusal(disabled, c.PauseWebhook()) == "webhook-disabled"
    resumed = fold(disabled, when(disabled, c.ResumeWebhook()))
    assert (resumed.state, resumed.cause, resumed.warned_since) == ("active", None, None)


def test_the_service_disables_and_warns_once_and_only_what_is_active() -> None:
    assert when(play(), WARN) == [e.WebhookWarned(failing_since=NOW, disabled_at=WARN.disabled_at)]
    assert when(play(WARN), WARN) == []
    assert when(play(DISABLE), DISABLE) == []
    assert when(play(c.PauseWebhook()), DISABLE) == []
    assert when(play(c.PauseWebhook()), WARN) == []


def test_two_secrets_sign_while_the_older_one_is_not_retired() -> None:
    rotated = play(c.RotateSecret(overlap_hours=2))
    assert generations(play(), NOW) == (1,)
    assert generations(rotated, NOW) == (2, 1)
    assert generations(rotated, NOW + timedelta(hours=2)) == (2,)
    assert generations(play(c.RotateSecret(overlap_hours=0)), NOW) == (2,)


def test_a_third_secret_ends_the_first() -> None:
    assert generations(play(c.RotateSecret(), c.RotateSecret()), NOW) == (3, 2)


def test_a_secret_is_retired_while_there_is_another() -> None:
    assert refusal(play(), c.RetireSecret()) == "one-secret"
    rotated = play(c.RotateSecret())
    assert when(rotated, c.RetireSecret()) == [e.SecretRetired(generation=1)]
    assert generations(play(c.RotateSecret(), c.RetireSecret()), NOW) == (2,)


def test_what_is_asked_about_deliveries_is_recorded_every_time() -> None:
    state = play()
    assert when(state, c.Replay(from_position=3)) == [e.ReplayRequested(from_position=3)]
    assert when(state, c.ResumeParked(stream_id=STREAM)) == [e.ParkedResumed(stream_id=STREAM)]


def test_an_event_is_skipped_once_until_it_is_replayed() -> None:
    skip = c.SkipDelivery(position=9, reason="Unreadable.")
    assert when(play(), skip) == [e.DeliverySkipped(position=9, reason="Unreadable.")]
    assert when(play(skip), skip) == []
    assert when(play(skip, c.Replay(from_position=10)), skip) == []
    assert when(play(skip, c.Replay(from_position=9)), skip) != []


def test_only_what_waits_is_skipped() -> None:
    check_waiting(9, waits=True)
    with pytest.raises(Refused) as refused:
        check_waiting(9, waits=False)
    assert refused.value.slug == "not-waiting"


def test_a_url_is_refused_by_name() -> None:
    check_url(URL, http=False, networks=())
    with pytest.raises(Refused) as refused:
        check_url("http://crm.example.com", http=False, networks=())
    assert (refused.value.slug, refused.value.reason) == ("url-refused", "it must begin with https://")


def test_a_stream_begins_with_its_creation_and_has_no_second_one() -> None:
    (event,) = when(None, CREATE)
    with pytest.raises(ValueError, match="once"):
        evolve(play(), event, NOW)
    with pytest.raises(ValueError, match="begins"):
        evolve(None, e.WebhookPaused(), NOW)


def test_times_follow_the_same_rules_as_those_of_complaints() -> None:
    late = c.PauseWebhook(occurred_at=NOW - timedelta(hours=1))
    assert refusal(play(), late) == "backdating-reason-missing"


def test_what_the_service_asks_of_itself_is_offered_to_nobody() -> None:
    assert {command.verb for command in WEBHOOK.system_commands} == {"warn", "disable"}
    assert not set(WEBHOOK.system_commands) & set(WEBHOOK.commands)
