"""Rows of keyed views: read the ones a batch concerns, fold, write those that changed, each in one statement."""

from collections.abc import Callable, Sequence
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from psycopg import sql

from domain.aggregate import Event
from infra.events import Recorded

R = TypeVar("R", bound=Struct)


async def fold_rows(
    connection: psycopg.AsyncConnection[Any],
    table: LiteralString,
    key: LiteralString,
    row_type: type[R],
    fold: Callable[[R | None, Recorded[Event]], R],
    events: Sequence[Recorded[Event]],
) -> None:
    """Fold events into the rows of `table`, one row a stream, whose id is in column `key`.

    The struct's fields are the table's columns, in the table's order.
    """
    if not events:
        return
    names = {"table": sql.Identifier(table), "key": sql.Identifier(key)}
    ids = list({event.stream_id for event in events})
    select = sql.SQL("SELECT json_agg(t)::text FROM {table} t WHERE {key} = ANY(%s)").format(**names)
    found = await (await connection.execute(select, [ids])).fetchone()
    stored = msgspec.json.decode(found[0], type=list[row_type]) if found and found[0] else []  # type: ignore[valid-type]  # a type argument known at run time only
    rows: dict[UUID, R] = {getattr(row, key): row for row in stored}
    for event in events:
        rows[event.stream_id] = fold(rows.get(event.stream_id), event)
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in row_type.__struct_fields__)
    upsert = sql.SQL(
        """INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s)
           ON CONFLICT ({key}) DO UPDATE SET ({columns}) = ROW ({excluded})"""
    ).format(
        columns=columns,
        excluded=sql.SQL(", ").join(sql.SQL("excluded.{}").format(sql.Identifier(n)) for n in row_type.__struct_fields__),
        **names,
    )
    await connection.execute(upsert, [msgspec.json.encode(list(rows.values())).decode()])
