"""Folding a batch of events into the rows it concerns."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import reduce
from typing import Any, LiteralString, TypeVar, cast
from uuid import UUID

import psycopg
from msgspec import Struct

from domain.messages import Event
from infra.events import Recorded
from infra.rows.memory import Finish, Memory, Written, memory_of
from infra.rows.tables import table_of

R = TypeVar("R", bound=Struct)
Fold = Callable[[R | None, Recorded[Event]], R]
FoldMany = Callable[[R | None, Sequence[Recorded[Event]]], R]
"""Folds some events of one stream; it gives the same object where nothing changes."""

PIECE = 250
"""So many events of a stream are folded before others have their turn, such as the pulse of what leads."""


async def fold_rows(
    connection: psycopg.AsyncConnection[Any],
    events: Sequence[Recorded[Event]],
    *,
    table: LiteralString,
    key: LiteralString,
    row_type: type[R],
    fold: FoldMany[R],
    finish: Finish[R] | None = None,
    written: Written[R] | None = None,
) -> None:
    """Fold events into the rows of `table`, one row a stream, whose id is in column `key`.

    The struct's fields are the table's columns. The rows that changed are given, once for all batches of a
    transaction, to `finish` before they are written, which gives them with all that follows from the rest of
    the row, and to `written` afterwards.
    """
    if not events:
        return
    kept = memory_of(connection)
    memory = kept or Memory(0)
    known = memory.known(table_of(table, key, row_type), finish, written)
    streams = by_stream(events)
    if not memory.fresh:
        await known.load(connection, _begun_before(streams.values()))
    for stream, its_events in streams.items():
        before = known.rows.get(stream)
        after = await _folded(before, its_events, fold)
        if after is not None and after is not before:
            known.put(stream, after)
    if kept is None:
        await memory.flush(connection)


async def _folded(row: R | None, events: Sequence[Recorded[Event]], fold: FoldMany[R]) -> R | None:
    for first in range(0, len(events), PIECE):
        if first:
            await asyncio.sleep(0)
        row = fold(row, events[first : first + PIECE])
    return row


def one_by_one(fold: Fold[R]) -> FoldMany[R]:
    """Folds events one after the other."""
    return lambda row, events: cast("R", reduce(fold, events, row))


async def with_rows(
    connection: psycopg.AsyncConnection[Any],
    streams: Collection[UUID],
    *,
    table: LiteralString,
    key: LiteralString,
    row_type: type[R],
) -> set[UUID]:
    """Which of these streams have a row."""
    memory = memory_of(connection) or Memory(0)
    known = memory.known(table_of(table, key, row_type))
    if not memory.fresh:
        await known.load(connection, streams)
    return {stream for stream in streams if known.rows.get(stream.int) is not None}


def _begun_before(streams: Iterable[Sequence[Recorded[Event]]]) -> list[UUID]:
    """Those that may have a row: the others begin here."""
    return [events[0].stream_id for events in streams if events[0].version > 1]


def by_stream(events: Iterable[Recorded[Event]]) -> dict[int, list[Recorded[Event]]]:
    """The events of each stream, in their order, by its id as a number: a UUID is slow to be hashed."""
    streams: dict[int, list[Recorded[Event]]] = {}
    for event in events:
        key = event.stream_id.int
        if key in streams:
            streams[key].append(event)
        else:
            streams[key] = [event]
    return streams
