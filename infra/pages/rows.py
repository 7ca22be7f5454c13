"""What a read answers, and the read of one row."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, LiteralString, TypeVar

import msgspec
import psycopg
from msgspec import Struct
from psycopg import sql
from psycopg.rows import tuple_row

from infra.database import Unavailable

T = TypeVar("T")

MOST = 200
DEFAULT = 50


class Page(Struct, Generic[T], frozen=True):
    """A page of a list; `next` leads to the page after it, `log_position` is how far the view has read.

    There may be less in it than was asked for, or nothing, and a `next` all the same.
    """

    items: list[T]
    next: str | None
    log_position: int


class Answer(Struct, Generic[T], frozen=True):
    """One row, or None where there is none, and how far the view has read."""

    value: T | None
    log_position: int


ONE = sql.SQL(
    """SELECT c.position, (SELECT row_to_json(found) FROM ({select} WHERE {conditions} LIMIT 1) found)::text
         FROM checkpoints c WHERE c.follower = %(follower)s"""
)


async def read_one(
    connection: psycopg.AsyncConnection[Any],
    follower: str,
    row_type: type[T],
    *,
    select: LiteralString,
    conditions: Sequence[LiteralString],
    arguments: Mapping[str, object],
) -> Answer[T]:
    """The row that meets all conditions.

    Raises:
        Unavailable: the view was never prepared.
    """
    query = ONE.format(select=sql.SQL(select), conditions=all_of([sql.SQL(each) for each in conditions]))
    position, found = await fetch(connection, query, {**arguments, "follower": follower})
    return Answer(msgspec.json.decode(found, type=row_type) if found else None, position)


def all_of(conditions: Sequence[sql.Composable]) -> sql.Composable:
    """The conditions together."""
    return sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("true")


async def fetch(
    connection: psycopg.AsyncConnection[Any], query: sql.Composed, arguments: Mapping[str, object]
) -> tuple[Any, ...]:
    """The row that a query gives beside a view's checkpoint.

    Raises:
        Unavailable: the view was never prepared.
    """
    async with connection.cursor(row_factory=tuple_row) as cursor:
        row = await (await cursor.execute(query, arguments)).fetchone()
    if row is None:
        raise Unavailable("the view is not prepared yet")
    return row
