"""The feed: the log after a position, whole or filtered, and how far it was looked through for that."""

from collections.abc import Callable, Iterator
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from msgspec import Struct
from psycopg import sql

from infra.cloudevents import CloudEvent
from infra.events import Row

SCAN = 50_000
"""Positions that one read by type looks through at most."""

END = 2**63 - 1
"""No position is beyond it."""

BY_INDEX = {"enable_seqscan": "off", "enable_bitmapscan": "off", "enable_sort": "off"}
"""Settings of a session that reads the feed: page by page in order, however little is known of the log."""


class Filter(Struct, frozen=True):
    """Which events a reader asks for: of any of the tags (none named: of all), of one stream or of all."""

    tags: frozenset[str] = frozenset()
    stream_id: UUID | None = None

    def matches(self, row: Row) -> bool:
        """Whether the reader asks for the event."""
        return (not self.tags or row.tag in self.tags) and self.stream_id in (None, row.stream_id)


EVERYTHING = Filter()


class Stretch(Struct, frozen=True):
    """The events that a reader asks for among the positions after `after` up to `covered`.

    `head` is the newest position at the time of reading.
    """

    after: int
    rows: list[Row]
    covered: int
    head: int

    @property
    def log_position(self) -> int:
        """How far the answer knows the log."""
        return self.head

    @property
    def behind(self) -> bool:
        """Whether there is more to read at once; what stands in such a stretch never changes."""
        return self.covered < self.head

    def events(self, render: Callable[[Row, int], CloudEvent]) -> Iterator[CloudEvent]:
        """The events, rendered from a row and the first position that the event covers."""
        first = self.after + 1
        for row in self.rows:
            yield render(row, first)
            first = row.position + 1


# The head and the rows come from one snapshot; without a row there is one of NULLs.
STRETCH = sql.SQL(
    """SELECT h.head, e.* FROM (SELECT coalesce(max(position), 0) AS head FROM events) h
         LEFT JOIN LATERAL (SELECT {columns}, {key} AS wrapped FROM {tables} WHERE {conditions}
                             ORDER BY {order} LIMIT %(limit)s) e ON true"""
)
COLUMNS = sql.SQL(", ").join(sql.Identifier("e", name) for name in Row._fields if name != "wrapped")
SEALED: tuple[LiteralString, LiteralString] = ("NULL::bytea", "events e")
OPENING: tuple[LiteralString, LiteralString] = (
    "k.wrapped",
    "events e LEFT JOIN stream_keys k USING (stream_id)",
)


async def read(
    connection: psycopg.AsyncConnection[Any],
    wanted: Filter,
    after: int,
    limit: int,
    *,
    until: int | None = None,
    keys: bool = False,
) -> Stretch:
    """The next events after a position, in order, at most `limit` and not beyond `until`.

    One that looks for types only may stop before the head with fewer, even none: its work is bounded. With
    `keys`, the rows have the keys of their streams.
    """
    until = END if until is None else until
    if wanted.tags and not wanted.stream_id:
        until = min(until, after + SCAN)
    arguments = {
        "after": after, "until": until, "limit": limit, "tags": list(wanted.tags), "stream": wanted.stream_id,
    }  # fmt: skip
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(_query(wanted, keys=keys), arguments)
        found = await cursor.fetchall()
    head = found[0][0]
    rows = [Row._make(values[1:]) for values in found if values[1] is not None]
    if rows and len(rows) == limit:
        return Stretch(after, rows, rows[-1].position, head)
    return Stretch(after, rows, max(after, min(until, head)), head)


def _query(wanted: Filter, *, keys: bool) -> sql.Composed:
    conditions: list[LiteralString] = ["e.position > %(after)s", "e.position <= %(until)s"]
    if wanted.stream_id:
        conditions.append("e.stream_id = %(stream)s")
    if wanted.tags:
        conditions.append("e.tag = ANY(%(tags)s)")
    key, tables = OPENING if keys else SEALED
    return STRETCH.format(
        columns=COLUMNS,
        key=sql.SQL(key),
        tables=sql.SQL(tables),
        conditions=sql.SQL(" AND ").join(map(sql.SQL, conditions)),
        # Within a stream, versions have the order of positions, and an index of their own.
        order=sql.SQL("e.version" if wanted.stream_id else "e.position"),
    )
