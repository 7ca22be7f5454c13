"""Reads of views: rows and their position from one statement; pages that arrivals do not shift.

What is asked for is a set of `filters` in an order (`orders`, with cursors). `ways` says how to come by rows,
`queries` makes the statement for one look that way, `lists` looks until the page is full.
"""

from infra.pages.filters import Aid, Filter, Index, Range, Whole, argument, equals, leading, period
from infra.pages.lists import Listing, Wanted, asked_page, by_id, read_page
from infra.pages.orders import (
    Asked,
    BadCursor,
    Order,
    Part,
    asked_for,
    both_ways,
    decode_cursor,
    encode_cursor,
)
from infra.pages.rows import DEFAULT, MOST, Answer, Page, read_one

__all__ = [
    "DEFAULT",
    "MOST",
    "Aid",
    "Answer",
    "Asked",
    "BadCursor",
    "Filter",
    "Index",
    "Listing",
    "Order",
    "Page",
    "Part",
    "Range",
    "Wanted",
    "Whole",
    "argument",
    "asked_for",
    "asked_page",
    "both_ways",
    "by_id",
    "decode_cursor",
    "encode_cursor",
    "equals",
    "leading",
    "period",
    "read_one",
    "read_page",
]
