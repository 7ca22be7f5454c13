"""What became of the messages that tell what happened: said by whoever sends them, at least once."""

from __future__ import annotations

from domain.aggregate import Context
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.state import Complaint
from domain.fields import RESOLUTION
from domain.messages import Refused, tag_of


def record_sent(state: Complaint, command: c.RecordNotificationSent, ctx: Context) -> list[e.ComplaintEvent]:
    sent = e.NotificationSent(
        notification_id=command.notification_id,
        about_version=command.about_version,
        channel=command.channel,
        audience=command.audience,
    )
    return _news(state, command, sent, ctx)


def record_failed(
    state: Complaint, command: c.RecordNotificationFailed, ctx: Context
) -> list[e.ComplaintEvent]:
    failed = e.NotificationFailed(
        notification_id=command.notification_id,
        about_version=command.about_version,
        channel=command.channel,
        audience=command.audience,
        reason=command.reason,
    )
    return _news(state, command, failed, ctx)


def _news(
    state: Complaint,
    command: c.RecordNotificationSent | c.RecordNotificationFailed,
    event: e.NotificationSent | e.NotificationFailed,
    ctx: Context,
) -> list[e.ComplaintEvent]:
    """Nothing where the same is the last of the message up to then, or is told again within a second.

    A time that is said tells an attempt after a failure of the same second from a receipt delivered again.
    """
    if event.about_version > state.version:
        raise Refused("unknown-event", f"the complaint has no version {event.about_version}")
    message, tag = (event.notification_id, event.about_version), tag_of(type(event))
    inside = event.audience == "staff"
    told = sorted(state.timeline.sendings(*message, inside=inside), key=lambda mark: mark.at)
    at = state.timeline.told_at(*message, ctx.occurred_at, inside=inside)
    last = next((mark for mark in reversed(told) if mark.at <= at), None)
    if last is None:
        return [event]
    told_later = command.occurred_at is not None and last.at < ctx.occurred_at
    of_that_second = (mark.tag for mark in told if abs(mark.at - ctx.occurred_at) < RESOLUTION)
    return [] if last.tag == tag or (tag in of_that_second and not told_later) else [event]
