"""Reads of views: rows and their position from one statement; pages that arrivals do not shift."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Generic, LiteralString, TypeVar
from uuid import UUID

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
    """A page of a list; `next` leads to the page after it, `log_position` is how far the view has read."""

    items: list[T]
    next: str | None
    log_position: int


class Answer(Struct, Generic[T], frozen=True):
    """One row, or None where there is none, and how far the view has read."""

    value: T | None
    log_position: int


class BadCursor(Exception):
    """The cursor is none that a list with this sort gave."""


class Order(Struct, frozen=True):
    """One way to sort: by the column `key`, then by the id, both in one direction.

    `key` and `id` are also fields of the items. `expression` turns the column, put for `{}`, into what is
    compared, which is never NULL. A cursor holds a `key_type` and an `id_type`; `sql_type` is the column's.
    """

    key: str
    sql_type: LiteralString
    key_type: Any
    descending: bool = False
    expression: LiteralString = "{}"
    id: str = "id"
    id_column: str = "id"
    id_type: Any = UUID


def both_ways(order: Order, backwards: LiteralString | None = None) -> dict[str, Order]:
    """The order and its reverse, as `key` and `-key`; `backwards` is the reverse's expression, if another."""
    falling = msgspec.structs.replace(order, descending=True, expression=backwards or order.expression)
    return {order.key: order, f"-{order.key}": falling}


def encode_cursor(sort: str, key: object, item_id: object) -> str:
    """The opaque text that says where a page ended."""
    return base64.urlsafe_b64encode(msgspec.json.encode([sort, key, item_id])).decode().rstrip("=")


def decode_cursor(cursor: str, sort: str, order: Order) -> tuple[Any, Any]:
    """Key and id of the last item before the page.

    Raises:
        BadCursor: it was made for another sort, or by nobody.
    """
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        made_for, key, item_id = msgspec.json.decode(raw, type=tuple[str, msgspec.Raw, msgspec.Raw])
        if made_for == sort:
            return (
                msgspec.json.decode(key, type=order.key_type),
                msgspec.json.decode(item_id, type=order.id_type),
            )
    except (ValueError, msgspec.MsgspecError) as error:
        raise BadCursor("the cursor is not one that this list gave") from error
    raise BadCursor("the cursor belongs to another sort")


PAGE = sql.SQL(
    """SELECT c.position, (SELECT json_agg(page) FROM (
              {select} WHERE {conditions}
               ORDER BY {key} {direction}, {id} {direction} LIMIT %(page_size)s) page)::text
         FROM checkpoints c WHERE c.follower = %(follower)s"""
)
ONE = sql.SQL(
    """SELECT c.position, (SELECT row_to_json(found) FROM ({select} WHERE {conditions} LIMIT 1) found)::text
         FROM checkpoints c WHERE c.follower = %(follower)s"""
)


def page_query(
    select: LiteralString, conditions: Sequence[LiteralString], order: Order, *, after: bool
) -> sql.Composed:
    """The statement that reads a page.

    Its arguments are the conditions' own, `follower`, `page_size` and, with `after`, `after_key`, `after_id`.
    """
    key = sql.SQL(order.expression).format(sql.Identifier(order.key))
    item_id = sql.Identifier(order.id_column)
    parts: list[sql.Composable] = [sql.SQL(condition) for condition in conditions]
    if after:
        bound = sql.SQL(order.expression).format(sql.SQL("%(after_key)s::" + order.sql_type))
        beyond = sql.SQL("<" if order.descending else ">")
        parts.append(sql.SQL("({}, {}) {} ({}, %(after_id)s)").format(key, item_id, beyond, bound))
    return PAGE.format(
        select=sql.SQL(select),
        conditions=_all(parts),
        key=key,
        id=item_id,
        direction=sql.SQL("DESC" if order.descending else "ASC"),
    )


async def read_page(
    connection: psycopg.AsyncConnection[Any],
    follower: str,
    item_type: type[T],
    *,
    select: LiteralString,
    conditions: Sequence[LiteralString],
    arguments: Mapping[str, object],
    orders: Mapping[str, Order],
    sort: str,
    limit: int,
    cursor: str | None,
) -> Page[T]:
    """One page of the items that meet all conditions.

    Raises:
        BadCursor: `cursor` is none of this list with this sort.
        Unavailable: the view was never prepared.
    """
    order = orders[sort]
    given: dict[str, object] = {**arguments, "follower": follower, "page_size": limit + 1}
    if cursor is not None:
        given["after_key"], given["after_id"] = decode_cursor(cursor, sort, order)
    query = page_query(select, conditions, order, after=cursor is not None)
    position, found = await _fetch(connection, query, given)
    items: list[T] = msgspec.json.decode(found, type=list[item_type]) if found else []  # type: ignore[valid-type]  # known at run time only
    following = None
    if len(items) > limit:
        items = items[:limit]
        following = encode_cursor(sort, getattr(items[-1], order.key), getattr(items[-1], order.id))
    return Page(items, following, position)


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
    query = ONE.format(select=sql.SQL(select), conditions=_all([sql.SQL(c) for c in conditions]))
    position, found = await _fetch(connection, query, {**arguments, "follower": follower})
    return Answer(msgspec.json.decode(found, type=row_type) if found else None, position)


def _all(conditions: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("true")


async def _fetch(
    connection: psycopg.AsyncConnection[Any], query: sql.Composed, arguments: Mapping[str, object]
) -> tuple[int, str | None]:
    async with connection.cursor(row_factory=tuple_row) as cursor:
        row = await (await cursor.execute(query, arguments)).fetchone()
    if row is None:
        raise Unavailable("the view is not prepared yet")
    return row[0], row[1]
