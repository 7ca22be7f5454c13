"""What became of the messages that tell what happened: said by whoever sends them, at least once."""

from __future__ import annotations

from domain.aggregate import Context
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.state import Complaint
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
    """Nothing where the last that is known of the message, up to then, is the same."""
    if event.about_version > state.version:
        raise Refused("unknown-event", f"the complaint has no version {event.about_version}")
    told = state.timeline.sendings(event.notification_id, event.about_version)
    before = sorted((mark for mark in told if mark.at <= ctx.occurred_at), key=lambda mark: mark.at)
    return [] if before and before[-1].tag == tag_of(type(event)) else [event]
