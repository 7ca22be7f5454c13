"""Pages of lists, at a cost that does not grow with the list, whatever is asked for.

Rows are *walked*: read in their order, from an index, and checked until the page is full. Or *gathered*: a
filter that keeps few is read whole, from an index of its own, checked and sorted. Which of the two is found
by counting, up to a limit, not guessed from statistics. A walk that finds too little ends with a short page.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, LiteralString, TypeVar

import msgspec
import psycopg
from msgspec import Struct

from infra.pages.filters import Filter
from infra.pages.orders import Order, Part, decode_cursor, encode_cursor
from infra.pages.queries import page_query, probe_query
from infra.pages.rows import Page, fetch
from infra.pages.ways import Way, gathering, walking

T = TypeVar("T")

FEW = 10_000
"""A filter that keeps no more than these may be read whole."""
FIRST, FURTHER = 1_000, 9_000
"""How far the first look of a walk goes, and each one after that."""
MOST_WALKED = 10_000
"""After a walk over so many rows the page is given as it is, with a cursor."""


class Listing(Struct, Generic[T], frozen=True):
    """A list: whose checkpoint goes with it, its items, where they come from, how they are sorted."""

    follower: str
    item_type: type[T]
    columns: LiteralString
    table: LiteralString
    orders: Mapping[str, Order]


async def read_page(
    connection: psycopg.AsyncConnection[Any],
    listing: Listing[T],
    filters: Sequence[Filter],
    arguments: Mapping[str, object],
    *,
    sort: str,
    limit: int,
    cursor: str | None,
) -> Page[T]:
    """One page of the items that all filters keep.

    Raises:
        BadCursor: `cursor` is none of this list with this sort.
        Unavailable: the view was never prepared.
    """
    order = listing.orders[sort]
    start = decode_cursor(cursor, sort, order) if cursor is not None else None
    reading = _Reading(connection, listing, arguments, order, start, limit + 1)
    found = await _found(reading, filters)
    ended, items = found.ended, found.items
    if len(items) > limit:
        items = items[:limit]
        ended = getattr(items[-1], order.key), getattr(items[-1], order.id)
    return Page(items, encode_cursor(sort, *ended) if ended else None, found.position)


class _Found(Struct, Generic[T]):
    """Items, one more than the page takes where there are more, and where a walk was given up before that."""

    position: int
    items: list[T]
    ended: tuple[Any, Any] | None = None


class _Reading(Struct, Generic[T], frozen=True):
    """What a page is read with, and after which key and id it begins."""

    connection: psycopg.AsyncConnection[Any]
    listing: Listing[T]
    arguments: Mapping[str, object]
    order: Order
    start: tuple[Any, Any] | None
    wanted: int

    async def few(self, leads: Sequence[Filter]) -> Filter | None:
        """The filter that keeps least, if that is few."""
        if not leads:
            return None
        given = {**self.arguments, "follower": self.listing.follower, "few": FEW}
        (counts,) = await fetch(self.connection, probe_query(self.listing.table, leads), given)
        least = min(range(len(leads)), key=counts.__getitem__)
        return leads[least] if counts[least] <= FEW else None

    async def follow(self, way: Way, most: int) -> _Found[T]:
        """Go a way until the page is full, the list is at its end, or about `most` rows were walked over."""
        items: list[T] = []
        position, walked = None, 0
        parts, after = list(self._parts()), self.start
        while parts and len(items) < self.wanted:
            bound = (FURTHER if walked else FIRST) if way.checks else self.wanted
            at, found, reached = await self._look(way, parts[0], after, bound, self.wanted - len(items))
            position = at if position is None else position
            items += found
            walked += bound
            if reached and walked >= most:
                return _Found(position, items, reached)
            after = reached
            if reached is None:
                parts.pop(0)
        return _Found(position or 0, items)

    def _parts(self) -> Sequence[Part]:
        """The parts that come into question: what has no key is in the last."""
        return self.order.parts[-1:] if self.start and self.start[0] is None else self.order.parts

    async def _look(
        self, way: Way, part: Part, after: tuple[Any, Any] | None, bound: int, page_size: int
    ) -> tuple[int, list[T], tuple[Any, Any] | None]:
        """One look: the checkpoint's position, items, and where the walk stopped before they were enough."""
        listing, order = self.listing, self.order
        query = page_query(listing.columns, listing.table, order, way, part, after=after is not None)
        given = {
            **self.arguments,
            "follower": listing.follower,
            "few": FEW,
            "bound": bound,
            "page_size": page_size,
        }
        if after:
            given["after_key"], given["after_id"] = after
        position, items, reached = await fetch(self.connection, query, given)
        decoded = msgspec.json.decode(items, type=list[listing.item_type]) if items else []  # type: ignore[name-defined]  # known at run time only
        return position, decoded, self._place(reached)

    def _place(self, reached: str | None) -> tuple[Any, Any] | None:
        if reached is None:
            return None
        key, item_id = msgspec.json.decode(reached, type=tuple[msgspec.Raw, msgspec.Raw])
        return (
            msgspec.json.decode(key, type=self.order.key_type),
            msgspec.json.decode(item_id, type=self.order.id_type),
        )


async def _found(reading: _Reading[T], filters: Sequence[Filter]) -> _Found[T]:
    """The page: straight from an index, or gathered, or else walked for."""
    walk = walking(filters, reading.order)
    if not walk.checks:
        return await reading.follow(walk, MOST_WALKED)
    if lead := await reading.few([each for each in filters if each.leads and not each.late]):
        return await reading.follow(gathering(filters, lead), MOST_WALKED)
    late = [each for each in filters if each.late]
    found = await reading.follow(walk, FIRST if late else MOST_WALKED)
    if found.ended is None or not late:
        return found
    if lead := await reading.few(late):
        return await reading.follow(gathering(filters, lead), MOST_WALKED)
    return await reading.follow(walk, MOST_WALKED)
