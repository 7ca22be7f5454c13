"""Every event of every stream, to be found by actor, action, time and complaint; without personal data."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

import psycopg
from msgspec import Meta, Struct

from domain.fields import Label, Moment
from domain.messages import Event
from infra.events import SEALED, Origin, Recorded
from infra.pages import (
    DEFAULT,
    MOST,
    Filter,
    Listing,
    Order,
    Page,
    argument,
    both_ways,
    equals,
    period,
    read_page,
)
from infra.projector import View
from infra.rows import write

Sort = Literal["position", "-position"]
Position = Annotated[int, Meta(ge=0, le=2**63 - 1)]

DDL = """
CREATE TABLE IF NOT EXISTS audit_2 (
    position    bigint      PRIMARY KEY,
    stream_id   uuid        NOT NULL,
    kind        text        NOT NULL,
    version     integer     NOT NULL,
    type        text        NOT NULL,
    actor       text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    correlation text        NOT NULL,
    causation   text,
    origin      text        NOT NULL,
    changes     jsonb       NOT NULL
);
CREATE INDEX IF NOT EXISTS audit_2_actor ON audit_2 (actor, position);
CREATE INDEX IF NOT EXISTS audit_2_type ON audit_2 (type, position);
CREATE INDEX IF NOT EXISTS audit_2_stream ON audit_2 (stream_id, position);
CREATE INDEX IF NOT EXISTS audit_2_correlation ON audit_2 (correlation);
CREATE INDEX IF NOT EXISTS audit_2_recorded ON audit_2 (recorded_at, position);
CREATE INDEX IF NOT EXISTS audit_2_occurred ON audit_2 (occurred_at);
"""

# The personal fields of a body are sealed in one field; what is left names nobody.
COPY = b"""
INSERT INTO audit_2
SELECT position, stream_id, kind, version, tag, actor, occurred_at, recorded_at, correlation, causation,
       origin, convert_from(body, 'UTF8')::jsonb - %s - 'type'
  FROM events WHERE position BETWEEN %s AND %s"""


async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    """Copy a stretch of the log, in one statement."""
    if events:
        await copy(connection, events[0].position, events[-1].position)


async def copy(connection: psycopg.AsyncConnection[Any], first: int, last: int) -> None:
    """Copy what is from one position to another, both included."""
    await write(connection, COPY, [SEALED, first, last])


VIEW = View(name="audit", version=2, ddl=DDL, tables=("audit_2",), apply=apply, copy=copy)


class Trail(Struct, frozen=True, kw_only=True):
    """Which events to list; conditions hold together. `…_from` is inclusive, `…_to` exclusive."""

    actor: Label | None = None
    action: Label | None = None
    """An event's type, such as `complaint-assigned`."""
    complaint_id: UUID | None = None
    correlation: Label | None = None
    recorded_from: Moment | None = None
    recorded_to: Moment | None = None
    occurred_from: Moment | None = None
    occurred_to: Moment | None = None
    sort: Sort = "position"
    limit: Annotated[int, Meta(ge=1, le=MOST)] = DEFAULT
    cursor: str | None = None


class TrailEntry(Struct, frozen=True, kw_only=True):
    """An event of any stream; `changes` is what it says, without what is personal."""

    position: int
    stream_id: UUID
    kind: str
    version: int
    type: str
    actor: str
    occurred_at: datetime
    recorded_at: datetime
    correlation: str
    causation: str | None
    origin: Origin
    changes: dict[str, Any]


ORDERS = both_ways(
    Order("position", "bigint", Position, id="position", id_column="position", id_type=Position)
)
TRAIL = Listing(
    VIEW.follower,
    TrailEntry,
    columns="""position, stream_id, kind, version, type, actor, occurred_at, recorded_at, correlation,
               causation, origin, changes""",
    table="audit_2",
    orders=ORDERS,
)

# `recorded_at` never runs backwards: a period of recording is a stretch of positions.
SINCE: LiteralString = """(SELECT a.position FROM audit_2 a WHERE a.recorded_at >= %({})s
                            ORDER BY a.recorded_at, a.position LIMIT 1)"""
UNTIL: LiteralString = "coalesce({}, 9223372036854775807)"
# Of those that have an index in the order of positions, the first is gone along.
FILTERS: Mapping[str, Filter] = {
    "complaint_id": equals("stream_id", "complaint_id", sorts=("position",)),
    "actor": equals("actor", sorts=("position",)),
    "action": equals("type", "action", sorts=("position",)),
    "correlation": equals("correlation"),
}


def filters(wanted: Trail) -> tuple[list[Filter], dict[str, object]]:
    """The filters of a trail and their arguments."""
    given = {name: value for name in wanted.__struct_fields__ if (value := getattr(wanted, name)) is not None}
    recorded_from = SINCE.format("recorded_from") if "recorded_from" in given else None
    recorded_to = UNTIL.format(SINCE.format("recorded_to")) if "recorded_to" in given else None
    occurred = argument("occurred_from", given), argument("occurred_to", given)
    chosen = [
        *(FILTERS[name] for name in FILTERS if name in given),
        *period("position", recorded_from, recorded_to, along="position"),
        *period("occurred_at", *occurred),
    ]
    return chosen, given


async def trail(connection: psycopg.AsyncConnection[Any], wanted: Trail) -> Page[TrailEntry]:
    """A page of the events of all streams.

    Raises:
        BadCursor, Unavailable
    """
    chosen, arguments = filters(wanted)
    return await read_page(connection, TRAIL, chosen, arguments, wanted)
