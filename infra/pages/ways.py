"""The ways to a page: along an index that has the order, or through all that one filter keeps."""

from collections.abc import Iterable, Sequence
from typing import LiteralString

from msgspec import Struct

from infra.pages.filters import Aid, Filter, Index, Range
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


def walking(aids: Sequence[Aid], order: Order) -> Walk:
    """Along the first index that there is in this order, or else along that of the order itself."""
    indexes = (each.index for each in aids if each.index and order.key in each.index.sorts)
    index = next(indexes, ITS_OWN)
    filters = filters_among(aids)
    within = [each for each in filters if each.range and each.range.key == order.key]
    met = index.meets | {each.condition for each in within}
    ranges = [each.range for each in within if each.range]
    checked = [each for each in filters if each.condition not in met]
    return Walk(index, ranges, _conditions(checked), [each.sign for each in checked if each.sign])


def gathering(aids: Sequence[Aid], lead: Aid) -> Gathering:
    """Through everything that leads finds; a filter is met by what it finds itself."""
    return Gathering(lead.lead or "true", _conditions(each for each in filters_among(aids) if each != lead))


def filters_among(aids: Sequence[Aid]) -> list[Filter]:
    """Those that are conditions themselves."""
    return [each for each in aids if isinstance(each, Filter)]


def _conditions(filters: Iterable[Filter]) -> list[LiteralString]:
    return [each.condition for each in filters]
