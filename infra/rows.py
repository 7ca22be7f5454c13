"""Rows of keyed views: read the ones a batch concerns, fold, and write them, each in one statement."""

from collections.abc import Callable, Sequence
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from psycopg import sql
from psycopg.rows import tuple_row

from domain.aggregate import Event
from infra.events import Recorded

R = TypeVar("R", bound=Struct)

SELECT = sql.SQL("SELECT json_agg(t)::text FROM {table} t WHERE {key} = ANY(%s)")
UPSERT = sql.SQL(
    """INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s)
       ON CONFLICT ({key}) DO UPDATE SET ({columns}) = ROW ({excluded})"""
)

# Replaying must give the same text: sets have no order of their own.
_encoder = msgspec.json.Encoder(order="deterministic")


async def fold_rows(
    connection: psycopg.AsyncConnection[Any],
    events: Sequence[Recorded[Event]],
    *,
    table: LiteralString,
    key: LiteralString,
    row_type: type[R],
    fold: Callable[[R | None, Recorded[Event]], R],
) -> None:
    """Fold events into the rows of `table`, one row a stream, whose id is in column `key`.

    The struct's fields are the table's columns.
    """
    if not events:
        return
    names = {"table": sql.Identifier(table), "key": sql.Identifier(key)}
    ids = list({event.stream_id for event in events})
    async with connection.cursor(row_factory=tuple_row) as cursor:
        found = await (await cursor.execute(SELECT.format(**names), [ids])).fetchone()
    stored = msgspec.json.decode(found[0], type=list[row_type]) if found and found[0] else []  # type: ignore[valid-type]  # a type argument known at run time only
    rows: dict[UUID, R] = {getattr(row, key): row for row in stored}
    for event in events:
        rows[event.stream_id] = fold(rows.get(event.stream_id), event)
    columns = [sql.Identifier(name) for name in row_type.__struct_fields__]
    upsert = UPSERT.format(
        columns=sql.SQL(", ").join(columns),
        excluded=sql.SQL(", ").join(sql.SQL("excluded.{}").format(column) for column in columns),
        **names,
    )
    await connection.execute(upsert, [_encoder.encode(list(rows.values())).decode()])
