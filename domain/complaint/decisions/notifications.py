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
    return _news(state, sent, ctx)


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
    return _news(state, failed, ctx)


def _news(
    state: Complaint, event: e.NotificationSent | e.NotificationFailed, ctx: Context
) -> list[e.ComplaintEvent]:
    """Nothing where the same is known: of that time, or as the last of the message up to then."""
    if event.about_version > state.version:
        raise Refused("unknown-event", f"the complaint has no version {event.about_version}")
    message, tag = (event.notification_id, event.about_version), tag_of(type(event))
    inside = event.audience == "staff"
    told = sorted(state.timeline.sendings(*message, inside=inside), key=lambda mark: mark.at)
    if any(mark.tag == tag and abs(mark.at - ctx.occurred_at) < RESOLUTION for mark in told):
        return []
    at = state.timeline.told_at(*message, ctx.occurred_at, inside=inside)
    before = [mark for mark in told if mark.at <= at]
    return [] if before and before[-1].tag == tag else [event]
