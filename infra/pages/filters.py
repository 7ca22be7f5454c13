"""What is asked of a list, and what indexes do for it: gather what a filter keeps, or have it in order."""

from collections.abc import Container
from typing import Any, LiteralString

from msgspec import Struct


class Index(Struct, frozen=True, kw_only=True):
    """An index that has rows in order: by one of the keys in `sorts`, then by the id.

    It may begin with a `column`, of which one `value` is wanted, may hold no rows but those that meet `only`,
    and may end with a column, `last`, the other way round: whoever sorts by that too is given no other index.
    """

    sorts: tuple[str, ...]
    column: LiteralString | None = None
    value: LiteralString = ""
    only: LiteralString | None = None
    last: str | None = None

    @property
    def meets(self) -> frozenset[str]:
        """The conditions that whatever is found in it meets."""
        return frozenset(filter(None, (self.only, self.column and f"{self.column} = {self.value}")))


class Range(Struct, frozen=True):
    """A stretch of an order: the key from `lower` to below `upper`."""

    key: str
    lower: LiteralString | None = None
    upper: LiteralString | None = None


class Whole(Struct, frozen=True):
    """What an index finds all at once or not at all: `found`, a table and where in it.

    Of the `sample`, a thousandth of the table, there is such an index too.
    """

    found: LiteralString
    sample: LiteralString


class Aid(Struct, frozen=True, kw_only=True):
    """What indexes do for a filter, or for several together: nothing that they keep is left out by it.

    `lead`: a condition of which an index finds all; `whole` says how to count that, where an index cannot
    stop on the way. `index` has it in order.
    """

    lead: LiteralString | None = None
    whole: Whole | None = None
    index: Index | None = None


class Filter(Aid, frozen=True, kw_only=True):
    """A condition of a list, and what indexes do for it by itself: what leads keeps the same.

    In the order of its `range`, what it keeps is a stretch. `sign` is what every index that is walked tells
    of it: it holds wherever the condition does, and elsewhere seldom.
    """

    condition: LiteralString
    range: Range | None = None
    sign: LiteralString | None = None


def argument(name: LiteralString, given: Container[str]) -> LiteralString | None:
    """The argument as a value, if it is given."""
    return "%(" + name + ")s" if name in given else None


def equals(
    column: LiteralString, name: LiteralString | None = None, *, sorts: tuple[str, ...] = ()
) -> Filter:
    """The column equals an argument, of its name or another; an index begins with it, then as in `sorts`."""
    value: LiteralString = "%(" + (name or column) + ")s"
    index = Index(sorts=sorts, column=column, value=value) if sorts else None
    return leading(column + " = " + value, index=index)


def leading(condition: LiteralString, **more: Any) -> Filter:
    """A condition that leads as it stands."""
    return Filter(condition=condition, lead=condition, **more)


def period(
    expression: LiteralString,
    lower: LiteralString | None,
    upper: LiteralString | None,
    *,
    along: str | None = None,
    sign: LiteralString | None = None,
) -> list[Filter]:
    """The expression is in a range: one filter for both ends, which may keep few together; none without."""
    ends = [
        *([f"{expression} >= {lower}"] if lower else []),
        *([f"{expression} < {upper}"] if upper else []),
    ]
    stretch = Range(along, lower, upper) if along else None
    return [leading(" AND ".join(ends), range=stretch, sign=sign)] if ends else []
