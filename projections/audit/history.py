"""The history of one stream, from its events themselves."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.messages import Event
from infra.events import Origin, Recorded
from projections.audit.text import readable


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """An event: who, when it happened and when it was recorded, why; as a line of text and as data.

    `hash` is the hex SHA-256 leaf under which the event stands in the log. `correlation` is the request that
    caused it, `causation` the event (`<stream id>/<version>`) it answers.
    """

    position: int
    stream_id: UUID
    version: int
    type: str
    actor: str
    occurred_at: datetime
    recorded_at: datetime
    reason: str | None
    backdating_reason: str | None
    correlation: str
    causation: str | None
    origin: Origin
    hash: str
    text: str
    data: dict[str, Any]


def history(events: Sequence[Recorded[Event]]) -> list[HistoryEntry]:
    """One entry an event, in their order."""
    return [_entry(recorded) for recorded in events]


def until(
    events: Iterable[Recorded[Event]],
    *,
    version: int | None = None,
    position: int | None = None,
    at: datetime | None = None,
) -> list[Recorded[Event]]:
    """The events up to a version of the stream, a position, or a time at which the log held them."""
    return [
        event
        for event in events
        if (version is None or event.version <= version)
        and (position is None or event.position <= position)
        and (at is None or event.recorded_at <= at)
    ]


def _entry(recorded: Recorded[Event]) -> HistoryEntry:
    event = recorded.event
    data: dict[str, Any] = msgspec.to_builtins(event)
    return HistoryEntry(
        position=recorded.position,
        stream_id=recorded.stream_id,
        version=recorded.version,
        type=recorded.tag,
        actor=recorded.actor,
        occurred_at=recorded.occurred_at,
        recorded_at=recorded.recorded_at,
        reason=getattr(event, "reason", None),
        backdating_reason=event.backdating_reason,
        correlation=recorded.correlation,
        causation=recorded.causation,
        origin=recorded.origin,
        hash=recorded.leaf.hex(),
        text=readable(event),
        data=data,
    )
