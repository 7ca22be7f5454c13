"""What has to be known of a complaint to read its clocks: small, and without a word of what was said.

Needs no policy: the same timeline is read under whatever documents, which is what simulations do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from domain.complaint.values import ExternalBody
from domain.fields import RESOLUTION
from domain.sla.pinning import PinnedPolicy

SENT, FAILED = "notification-sent", "notification-failed"
SENDINGS = frozenset({SENT, FAILED})
"""What became of a message."""


class Mark(Struct, frozen=True, array_like=True, gc=False):
    """Something happened that may start, stop, pause or end a clock."""

    at: datetime
    tag: str
    """Of the event."""
    how: str | None = None
    """What the event says of it: the outcome of a contact, the basis of a resolution, the message sent."""
    refs: tuple[UUID, ...] = ()
    """The asks, the proposal or the outside case that it is about."""
    uncertain: bool = False
    """Its time is the last one known before it happened."""
    message: int | None = None
    """The version of an answer that a message takes to the customer: of itself, or of what was sent."""


class Case(Struct, frozen=True, array_like=True, gc=False):
    """A case with an outside body, as it was told last."""

    case_id: UUID
    body: ExternalBody
    opened_at: datetime
    due_at: datetime | None = None


class Application(Struct, frozen=True, array_like=True):
    """The policies that hold from then on."""

    at: datetime
    policies: tuple[PinnedPolicy, ...]
    cause: str


class Record(Struct, frozen=True, array_like=True, gc=False):
    """What was recorded about a clock."""

    what: Literal["warning", "breach", "correction", "escalation"]
    clock_id: str
    cycle: int
    at: datetime
    after: int
    """How many marks were known when it was recorded."""
    due_at: datetime | None = None
    share: float | None = None
    level: int | None = None


class Timeline(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A complaint before it is registered has an empty one."""

    received_at: datetime | None = None
    received_uncertain: bool = False
    marks: tuple[Mark, ...] = ()
    """In the order in which they were recorded."""
    inside: tuple[Mark, ...] = ()
    """What was told of messages to those inside, to whom nothing is owed: no clock moves."""
    cases: tuple[Case, ...] = ()
    applications: tuple[Application, ...] = ()
    records: tuple[Record, ...] = ()

    @property
    def imported(self) -> bool:
        """Whether its policies are those of an import, which may not know what was sent."""
        return bool(self.applications) and self.applications[0].cause == "imported"

    def told_at(self, notification_id: str, about: int, at: datetime, *, inside: bool = False) -> datetime:
        """When what is told of a message counts as having happened.

        Of two times within a second, what was recorded later is later.
        """
        told = (mark.at for mark in self.sendings(notification_id, about, inside=inside))
        return max((known for known in told if at < known < at + RESOLUTION), default=at)

    def sendings(self, notification_id: str, about: int, *, inside: bool = False) -> Iterator[Mark]:
        """What was told of a message about a version, to the customer or inside, as it was recorded."""
        marks = self.inside if inside else self.marks
        known = (mark for mark in marks if mark.message == about and mark.tag in SENDINGS)
        return (mark for mark in known if mark.how == notification_id)
