"""Folding a batch of events into the rows it concerns."""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import psycopg
from msgspec import Struct

from domain.aggregate import Event
from infra.events import Recorded
from infra.rows.memory import Memory, memory_of
from infra.rows.tables import table_of

R = TypeVar("R", bound=Struct)
Fold = Callable[[R | None, Recorded[Event]], R]
FoldMany = Callable[[R | None, Sequence[Recorded[Event]]], R]


async def fold_rows(
    connection: psycopg.AsyncConnection[Any],
    events: Sequence[Recorded[Event]],
    *,
    table: LiteralString,
    key: LiteralString,
    row_type: type[R],
    fold: Fold[R],
    fold_many: FoldMany[R] | None = None,
) -> None:
    """Fold events into the rows of `table`, one row a stream, whose id is in column `key`.

    The struct's fields are the table's columns. `fold_many` is a faster way to fold the events of one stream.
    """
    if not events:
        return
    memory = memory_of(connection)
    known = (memory or Memory(0)).known(table_of(table, key, row_type))
    streams = by_stream(events)
    if memory is None or not memory.fresh:
        await known.load(connection, list(streams))
    for stream_id, its_events in streams.items():
        before = known.rows.get(stream_id)
        after = fold_many(before, its_events) if fold_many else reduce(fold, its_events, before)
        known.put(stream_id, after)
    if memory is None:
        await known.table.write(connection, list(known.rows.values()))


async def keys_there(
    connection: psycopg.AsyncConnection[Any],
    keys: Iterable[UUID],
    *,
    table: LiteralString,
    key: LiteralString,
    row_type: type[R],
) -> set[UUID]:
    """Which of these keys have a row, be it written yet or not."""
    wanted, memory = set(keys), memory_of(connection)
    known = (memory or Memory(0)).known(table_of(table, key, row_type))
    if memory is None or not memory.fresh:
        await known.load(connection, list(wanted))
    return wanted & known.rows.keys()


def by_stream(events: Iterable[Recorded[Event]]) -> dict[UUID, list[Recorded[Event]]]:
    """The events of each stream, in their order."""
    streams: dict[UUID, list[Recorded[Event]]] = {}
    for event in events:
        streams.setdefault(event.stream_id, []).append(event)
    return streams
