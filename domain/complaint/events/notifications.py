"""Events: what became of the messages that tell what happened. `about_version` names what they tell of."""

from __future__ import annotations

from domain.complaint.values import Audience
from domain.messages import Event, Personal


class NotificationSent(Event, frozen=True, kw_only=True, tag="notification-sent"):
    notification_id: str
    about_version: int
    channel: str
    audience: Audience


class NotificationFailed(Event, frozen=True, kw_only=True, tag="notification-failed"):
    notification_id: str
    about_version: int
    channel: str
    audience: Audience
    reason: Personal[str]
