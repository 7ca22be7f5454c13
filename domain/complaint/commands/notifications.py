"""Commands: what became of the messages that tell what happened."""

from __future__ import annotations

from typing import ClassVar

from domain.complaint.values import Audience
from domain.fields import FreeText, Label, VersionNumber
from domain.messages import Command


class RecordNotificationSent(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "record-notification-sent"
    notification_id: Label
    about_version: VersionNumber
    channel: Label
    audience: Audience = "customer"


class RecordNotificationFailed(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "record-notification-failed"
    notification_id: Label
    about_version: VersionNumber
    channel: Label
    reason: FreeText
    audience: Audience = "customer"
