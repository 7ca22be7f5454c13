"""What an index tells of a complaint without looking it up: traits, which are 63 bits at its end.

A trait is a value of few, or a number made of one. Who has other traits than those wanted is passed over;
who has them is looked up, for another value may have the same number. How traits are made is part of the
view's version: rows keep those that they were written with.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache, reduce
from operator import or_
from typing import Any, LiteralString, NamedTuple, get_args
from zlib import crc32

from domain.complaint.lifecycle import State
from domain.complaint.values import Kind, Severity


class Trait(NamedTuple):
    """A number from 0 to `most`, which is made of a value, from bit `shift` on; what is more is left out."""

    shift: int
    most: int
    number: Callable[[Any], int]

    @property
    def mask(self) -> int:
        """All bits of the trait."""
        return self.most << self.shift

    def of(self, value: Any) -> int:
        """The trait of a value, in its place."""
        return (self.number(value) & self.most) << self.shift


def _place(values: tuple[str, ...]) -> Callable[[str | None], int]:
    """The place among these values; 0 for none."""
    places: dict[str | None, int] = {value: place for place, value in enumerate(values, start=1)}
    return {None: 0, **places}.__getitem__


@lru_cache(maxsize=10_000)
def _hash(text: str | None) -> int:
    return 0 if text is None else crc32(text.encode())


def _sector_of(origin: str | None) -> int:
    return _hash(origin and origin.partition("/")[0])


def _bit(sector: str) -> int:
    return 1 << (_hash(sector) & 7)


def _bits(sectors: Iterable[str]) -> int:
    return reduce(or_, map(_bit, sectors), 0)


FIRST_MONDAY = date(2001, 1, 1).toordinal()


def week(moment: datetime) -> int:
    """The number of the week of a time in UTC; traits are the same every 64 weeks."""
    return (moment.astimezone(UTC).toordinal() - FIRST_MONDAY) // 7


TRAITS: Mapping[str, Trait] = {
    "state": Trait(0, 15, _place(get_args(State))),
    "kind": Trait(4, 7, _place(get_args(Kind))),
    "severity": Trait(7, 7, _place(get_args(Severity))),
    "due": Trait(10, 1, int),
    "channel": Trait(11, 255, _hash),
    "team": Trait(19, 255, _hash),
    "category": Trait(27, 255, _hash),
    "product": Trait(35, 255, _hash),
    "origin": Trait(43, 63, _sector_of),
    "asked": Trait(49, 255, _bits),
    "week": Trait(57, 63, week),
}


def traits_of(**values: Any) -> int:
    """The traits of these values together, by the names in `TRAITS`."""
    return reduce(or_, (TRAITS[name].of(value) for name, value in values.items()))


def has(name: str, argument: LiteralString) -> LiteralString:
    """That a complaint has this trait."""
    return f"(traits & {TRAITS[name].mask}) = {argument}"


SOMETHING_DUE: LiteralString = f"(traits & {TRAITS['due'].mask}) <> 0"
ASKED: LiteralString = "(traits & %(sector_trait)s) <> 0"
"""That the sector, and perhaps others, was asked."""
REGISTERED_WITHIN: LiteralString = f"""
    (((traits >> {TRAITS["week"].shift}) - %(first_week)s) & 63) <= %(further_weeks)s"""
