"""Lists whose filters are fields of the question: one of the items by its id, and a page of what is asked."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar
from uuid import UUID

import psycopg

from infra.pages import Answer, Filter, Listing, Page, read_one, read_page

T = TypeVar("T")


class Question(Protocol):
    """Which page of a list is wanted; other fields are filters, None where they are not asked for."""

    @property
    def sort(self) -> str: ...
    @property
    def limit(self) -> int: ...
    @property
    def cursor(self) -> str | None: ...


async def by_id(connection: psycopg.AsyncConnection[Any], listing: Listing[T], item_id: UUID) -> Answer[T]:
    """The item with this id; None where there is none.

    Raises:
        Unavailable: the view was never prepared.
    """
    order = next(iter(listing.orders.values()))  # each of them ends with the id
    return await read_one(
        connection,
        listing.follower,
        listing.item_type,
        select="SELECT " + listing.columns + " FROM " + listing.table,  # noqa: S608 - constants of a view
        conditions=[order.id_column + " = %(id)s"],
        arguments={"id": item_id},
    )


async def asked_page(
    connection: psycopg.AsyncConnection[Any],
    listing: Listing[T],
    filters: Mapping[str, Filter],
    asked: Question,
) -> Page[T]:
    """A page of the items that meet every filter whose field is given.

    Raises:
        BadCursor, Unavailable
    """
    given = {name: value for name in filters if (value := getattr(asked, name, None)) is not None}
    return await read_page(
        connection,
        listing,
        [filters[name] for name in given],
        given,
        sort=asked.sort,
        limit=asked.limit,
        cursor=asked.cursor,
    )
