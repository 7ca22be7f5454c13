"""Pages of lists, at a cost that does not grow with the list, whatever is asked for.

Where an index has what is wanted, in order, the page is all that is read. Else there are two ways. Rows are
*walked*: read in their order and checked, which is soon done where many are kept; where the index tells by
signs who need not be looked up, it goes far for few pages. Or *gathered*: what one filter keeps is read
whole, checked and sorted, which is soon done where that is little. Nobody knows beforehand which it is, and
statistics guess wrong where values cluster. So both are tried in turns, each time some times as far, until
one of them gets there. What an index can only find as a whole is first counted in a sample.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, LiteralString, Protocol, TypeVar
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct

from infra.pages.filters import Aid, Filter
from infra.pages.orders import Order, Part, asked_for, decode_cursor, encode_cursor
from infra.pages.queries import page_query, probe_query
from infra.pages.rows import Answer, Page, fetch, read_one
from infra.pages.ways import Walk, Way, gathering, walking

T = TypeVar("T")
Place = tuple[Any, Any]
"""The key and the id of a row."""

ROUNDS = (250, 1_000, 2_500)
"""How many pages of 8 kB to read, about: one for a row that is gathered, or walked over and looked at."""
ENTRIES = 20
"""How many entries of an index are walked over for one, where signs tell who need not be looked up."""
LOOKED_UP = 4
"""How many are read to look up a row by its id."""


class Listing(Struct, Generic[T], frozen=True):
    """A list: whose checkpoint goes with it, its items, where they come from, how they are sorted.

    `scope` names what is asked without being chosen, such as what a role may see.
    """

    follower: str
    item_type: type[T]
    columns: LiteralString
    table: LiteralString
    orders: Mapping[str, Order]
    scope: Sequence[str] = ()


class Wanted(Protocol):
    """A struct of what is asked for: filters, and these."""

    @property
    def sort(self) -> str: ...
    @property
    def limit(self) -> int: ...
    @property
    def cursor(self) -> str | None: ...


async def read_page(
    connection: psycopg.AsyncConnection[Any],
    listing: Listing[T],
    aids: Sequence[Aid],
    arguments: Mapping[str, object],
    wanted: Wanted,
) -> Page[T]:
    """One page of the items that all filters among the aids keep.

    Raises:
        BadCursor: the cursor is none of this list with this sort and these filters.
        Unavailable: the view was never prepared.
    """
    order, limit = listing.orders[wanted.sort], wanted.limit
    asked = asked_for(wanted, wanted.sort, listing.scope)
    start = decode_cursor(wanted.cursor, asked, order) if wanted.cursor is not None else None
    reading = _Reading(connection, listing, arguments, order, limit + 1)
    found = await _found(reading, aids, _begun(order, start))
    items, ended = list(found.items[:limit]), found.after
    if len(found.items) > limit:
        ended = getattr(items[-1], order.key), getattr(items[-1], order.id)
    return Page(items, encode_cursor(asked, *ended) if ended else None, found.position or 0)


async def asked_page(
    connection: psycopg.AsyncConnection[Any],
    listing: Listing[T],
    filters: Mapping[str, Filter],
    wanted: Wanted,
) -> Page[T]:
    """A page of the items that meet every filter whose field is given.

    Raises:
        BadCursor, Unavailable
    """
    given = {name: value for name in filters if (value := getattr(wanted, name, None)) is not None}
    return await read_page(connection, listing, [filters[name] for name in given], given, wanted)


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


class _Found(Struct, Generic[T], frozen=True):
    """What was found so far, and what is left to look through: these parts, the first from `after` on."""

    parts: Sequence[Part]
    after: Place | None
    items: Sequence[T] = ()
    position: int | None = None
    """How far the view had read at the first look."""


def _begun(order: Order, start: Place | None) -> _Found[Any]:
    """Nothing found yet. What has no key is in the last part."""
    return _Found(order.parts[-1:] if start and start[0] is None else order.parts, start)


class _Reading(Struct, Generic[T], frozen=True):
    """What a page is read with; `wanted` is one more than it takes, so as to know whether there are more."""

    connection: psycopg.AsyncConnection[Any]
    listing: Listing[T]
    arguments: Mapping[str, object]
    order: Order
    wanted: int

    def done(self, found: _Found[T]) -> bool:
        """Whether the page is full or the list at its end."""
        return len(found.items) >= self.wanted or not found.parts

    async def least(self, leads: Sequence[Aid], few: int) -> Aid | None:
        """The lead that finds least, if that is few; they are counted no further."""
        if not leads:
            return None
        given = {**self.arguments, "follower": self.listing.follower, "few": few}
        (counts,) = await fetch(self.connection, probe_query(self.listing.table, leads), given)
        least = min(range(len(leads)), key=counts.__getitem__)
        return leads[least] if counts[least] <= few else None

    async def follow(self, way: Way, found: _Found[T], pages: int) -> _Found[T]:
        """Go on in a way until the page is full, the list at its end, or about so many pages were read."""
        while not self.done(found):
            found, stopped = await self._look(way, found, pages)
            if stopped:
                break
        return found

    async def _look(self, way: Way, found: _Found[T], pages: int) -> tuple[_Found[T], bool]:
        """Look through a part, and whether that stopped before its end."""
        listing, part, after = self.listing, found.parts[0], found.after
        signed = isinstance(way, Walk) and way.signs
        query = page_query(listing.columns, listing.table, self.order, way, part, after=after is not None)
        given = {
            **self.arguments,
            "follower": listing.follower,
            "few": 2 * pages,  # more may be kept by now than were counted
            "bound": pages * ENTRIES if signed else pages,
            "likely": max(pages // LOOKED_UP, self.wanted),
            "page_size": self.wanted - len(found.items),
            "after_key": after and after[0],
            "after_id": after and after[1],
        }
        position, page, reached = await fetch(self.connection, query, given)
        items = msgspec.json.decode(page, type=list[listing.item_type]) if page else []  # type: ignore[name-defined]  # known at run time only
        return _Found(
            found.parts if reached else found.parts[1:],
            self._place(reached) if reached else None,
            [*found.items, *items],
            position if found.position is None else found.position,
        ), reached is not None

    def _place(self, reached: str) -> Place:
        key, item_id = msgspec.json.decode(reached, type=tuple[msgspec.Raw, msgspec.Raw])
        return (
            msgspec.json.decode(key, type=self.order.key_type),
            msgspec.json.decode(item_id, type=self.order.id_type),
        )


async def _found(reading: _Reading[T], aids: Sequence[Aid], begun: _Found[T]) -> _Found[T]:
    """The page: straight from an index, or else gathered or walked for, whichever gets there first."""
    walk, walked = walking(aids, reading.order), begun
    if not walk.checks:
        return await reading.follow(walk, begun, reading.wanted)
    leads = [each for each in aids if each.lead]
    for pages in ROUNDS:
        if lead := await reading.least(leads, pages):
            return await reading.follow(gathering(aids, lead), begun, pages)
        walked = await reading.follow(walk, walked, pages)
        if reading.done(walked):
            break
    return walked
