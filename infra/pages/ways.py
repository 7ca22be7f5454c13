"""The ways to a page: along an index that has the order, or through all that one filter keeps."""

from collections.abc import Sequence
from typing import LiteralString

from msgspec import Struct

from infra.pages.filters import Filter, Index, Range
from infra.pages.orders import Order

ITS_OWN = Index(sorts=())
"""The index of an order itself: it begins with the key, and holds all rows."""


class Walk(Struct, frozen=True):
    """Along an index, within ranges of its key; what lies there is put to the checks, in the order wanted.

    Where there are `signs`, the index is read alone, and only what has them is looked up.
    """

    index: Index
    ranges: Sequence[Range]
    checks: Sequence[LiteralString]
    signs: Sequence[LiteralString]

    @property
    def told(self) -> Sequence[LiteralString]:
        """What is asked of each that is walked over."""
        return self.signs or self.checks

    @property
    def untold(self) -> Sequence[LiteralString]:
        """What is asked of those that are looked up."""
        return self.checks if self.signs else ()


class Gathering(Struct, frozen=True):
    """All that `lead` keeps; it is put to the checks, then sorted."""

    lead: LiteralString
    checks: Sequence[LiteralString]


Way = Walk | Gathering


def walking(filters: Sequence[Filter], order: Order) -> Walk:
    """Along the first index that a filter has in this order, or else along that of the order itself."""
    indexes = (each.index for each in filters if each.index and order.key in each.index.sorts)
    index = next(indexes, ITS_OWN)
    within = [each for each in filters if each.range and each.range.key == order.key]
    met = index.meets | {each.condition for each in within}
    ranges = [each.range for each in within if each.range]
    checked = [each for each in filters if each.condition not in met]
    return Walk(index, ranges, _conditions(checked), [each.sign for each in checked if each.sign])


def gathering(filters: Sequence[Filter], lead: Filter) -> Gathering:
    """Through everything that the lead keeps."""
    return Gathering(lead.leading, _conditions([each for each in filters if each != lead]))


def _conditions(filters: Sequence[Filter]) -> list[LiteralString]:
    return [each.condition for each in filters if each.condition]
