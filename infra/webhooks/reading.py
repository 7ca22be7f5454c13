"""What is shown of deliveries: how far a webhook has come, what became of each event, what is parked."""

from datetime import datetime
from typing import Annotated, LiteralString, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from psycopg import sql

from infra.pages import DEFAULT, MOST, Answer, Asked, Order, Page, asked_for, decode_cursor, encode_cursor
from infra.webhooks.deliveries import Status
from infra.webhooks.targets import Connection

T = TypeVar("T", bound="DeliveryView")
Position = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class DeliveryView(Struct, frozen=True, kw_only=True):
    """An event on its way to a webhook; `covers_from` is the first position that the delivery tells about.

    `waiting`: behind another event of its stream. `retrying`: failed, or next, and tried at `next_try_at`.
    `parked`: failed to the end; somebody must resume or skip it. `response_status` and `response` (its
    beginning) are of the last try, `error` says why that was no success, `seconds` how long it took.
    """

    position: int
    stream_id: UUID
    type: str
    status: Status
    attempts: int
    covers_from: int
    next_try_at: datetime | None
    attempted_at: datetime | None
    response_status: int | None
    response: str | None
    error: str | None
    seconds: float | None


class ParkedView(DeliveryView, frozen=True, kw_only=True):
    """The delivery that holds up its stream; `waiting` more events are behind it."""

    waiting: int


class StandingView(Struct, frozen=True, kw_only=True):
    """How far a webhook has come: up to `position` of `head` the log was looked through.

    Of what matched, all is delivered but `waiting`, `retrying` and `parked` events. `failures` in a row,
    since `failing_since`. The position is 0 for the moment until it has begun.
    """

    position: int = 0
    head: int
    waiting: int = 0
    retrying: int = 0
    parked: int = 0
    failures: int = 0
    failing_since: datetime | None = None


class Deliveries(Struct, frozen=True, kw_only=True):
    """Which deliveries to list, the newest first."""

    status: Status | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST)] = DEFAULT
    cursor: str | None = None


class Parked(Struct, frozen=True, kw_only=True):
    """Which held-up streams to list, the longest held up first."""

    limit: Annotated[int, Meta(ge=1, le=MOST)] = DEFAULT
    cursor: str | None = None


COLUMNS: LiteralString = """d.position, d.stream_id, e.tag AS type, d.status, d.attempts, d.covers_from,
       d.next_try_at, d.attempted_at, d.response_status, d.response, d.error, d.seconds"""
PAGE = sql.SQL(
    """SELECT coalesce((SELECT max(position) FROM events), 0), (SELECT json_agg(page) FROM (
           SELECT {columns}
             FROM ({deliveries} ORDER BY position {direction} LIMIT %(page_size)s) d
             JOIN events e USING (position)
            ORDER BY d.position {direction}) page)::text"""
)
DELIVERIES = PAGE.format(
    columns=sql.SQL(COLUMNS),
    deliveries=sql.SQL(
        """SELECT * FROM webhook_deliveries
            WHERE webhook_id = %(webhook_id)s AND (%(status)s::text IS NULL OR status = %(status)s)
              AND position < %(after)s"""
    ),
    direction=sql.SQL("DESC"),
)
WAITING: LiteralString = """(SELECT count(*) FROM webhook_deliveries w
                 WHERE w.webhook_id = d.webhook_id AND w.stream_id = d.stream_id AND w.status = 'waiting')
           AS waiting"""
# A page of each status: those of both together no index has in order, and there are few among many delivered.
PARKED = PAGE.format(
    columns=sql.SQL(", ").join((sql.SQL(COLUMNS), sql.SQL(WAITING))),
    deliveries=sql.SQL(
        """SELECT page.* FROM (VALUES ('retrying'), ('parked')) AS of (status), LATERAL (
                  SELECT * FROM webhook_deliveries
                   WHERE webhook_id = %(webhook_id)s AND status = of.status AND position > %(after)s
                   ORDER BY position LIMIT %(page_size)s) page"""
    ),
    direction=sql.SQL("ASC"),
)
STANDING: LiteralString = """
SELECT h.head, (SELECT row_to_json(found) FROM (
       SELECT s.position, h.head, s.failures, s.failing_since,
              count(*) FILTER (WHERE d.status = 'waiting') AS waiting,
              count(*) FILTER (WHERE d.status = 'retrying') AS retrying,
              count(*) FILTER (WHERE d.status = 'parked') AS parked
         FROM webhook_standings s
         LEFT JOIN webhook_deliveries d ON d.webhook_id = s.webhook_id AND d.open
        WHERE s.webhook_id = %s GROUP BY s.webhook_id) found)::text
  FROM (SELECT coalesce(max(position), 0) AS head FROM events) h"""
IS_OPEN: LiteralString = """
SELECT count(*) FROM webhook_deliveries
 WHERE webhook_id = %s AND position = %s AND (open OR status = 'skipped')"""
ORDER = Order("position", "bigint", Position, id="position", id_column="position", id_type=Position)


async def deliveries(connection: Connection, webhook_id: UUID, wanted: Deliveries) -> Page[DeliveryView]:
    """A page of a webhook's deliveries, as far as they are kept.

    Raises:
        BadCursor
    """
    asked = _asked(webhook_id, wanted, "-position")
    after = decode_cursor(wanted.cursor, asked, ORDER)[0] if wanted.cursor is not None else 2**63 - 1
    arguments = {"webhook_id": webhook_id, "status": wanted.status, "after": after}
    return await _page(connection, DELIVERIES, arguments, DeliveryView, wanted.limit, asked)


async def parked(connection: Connection, webhook_id: UUID, wanted: Parked) -> Page[ParkedView]:
    """A page of what holds up the streams of a webhook: to be tried again, or to be resumed by somebody.

    Raises:
        BadCursor
    """
    asked = _asked(webhook_id, wanted, "position")
    after = decode_cursor(wanted.cursor, asked, ORDER)[0] if wanted.cursor is not None else 0
    arguments = {"webhook_id": webhook_id, "after": after}
    return await _page(connection, PARKED, arguments, ParkedView, wanted.limit, asked)


async def standing(connection: Connection, webhook_id: UUID) -> Answer[StandingView]:
    """How far a webhook has come."""
    row = await (await connection.execute(STANDING, [webhook_id])).fetchone()
    head, found = row or (0, None)
    begun = msgspec.json.decode(found, type=StandingView) if found else None
    return Answer(begun or StandingView(head=head), head)


async def is_open(connection: Connection, webhook_id: UUID, position: int) -> bool:
    """Whether an event waits to be delivered to a webhook, or did until it was skipped."""
    row = await (await connection.execute(IS_OPEN, [webhook_id, position])).fetchone()
    return bool(row and row[0])


def _asked(webhook_id: UUID, wanted: Deliveries | Parked, sort: str) -> Asked:
    """Each webhook has lists of its own."""
    asked = asked_for(wanted, sort)
    return asked._replace(list=f"{asked.list}/{webhook_id}")


async def _page(  # noqa: PLR0917 - all of them are needed
    connection: Connection,
    query: sql.Composed,
    arguments: dict[str, object],
    item_type: type[T],
    limit: int,
    asked: Asked,
) -> Page[T]:
    row = await (await connection.execute(query, {**arguments, "page_size": limit + 1})).fetchone()
    head, found = row or (0, None)
    items: list[T] = msgspec.json.decode(found, type=list[item_type]) if found else []  # type: ignore[valid-type]  # known at run time only
    following = None
    if len(items) > limit:
        items = items[:limit]
        following = encode_cursor(asked, items[-1].position, items[-1].position)
    return Page(items, following, head)
