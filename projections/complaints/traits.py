"""What an index tells of a complaint without looking it up: traits, which are 63 bits at its end.

A trait is a value of few, or a number made of one. Who has other traits than those wanted is passed over;
who has them is looked up, for another value may have the same number.
"""

from collections.abc import Mapping
from typing import LiteralString, NamedTuple

RANK: LiteralString = "coalesce(array_position(ARRAY['low', 'medium', 'high', 'critical'], {}), 0)"
STATE: LiteralString = """coalesce(array_position(ARRAY['registered', 'in_progress', 'awaiting_customer',
    'awaiting_sector', 'proposed', 'resolved', 'closed', 'withdrawn', 'dismissed', 'forwarded', 'duplicate'],
    {}), 0)"""
KIND: LiteralString = """coalesce(array_position(ARRAY['complaint', 'request', 'information', 'suggestion',
    'praise', 'report'], {}), 0)"""
ASKED_FROM, WEEK_FROM = 49, 57
WEEK: LiteralString = "((({})::timestamptz AT TIME ZONE 'UTC')::date - date '2001-01-01') / 7"
SECTOR: LiteralString = "coalesce(1 << (hashtext({}) & 7), 0)"
ASKED: LiteralString = f"""CASE WHEN cardinality({{0}}) > 2 THEN 255
    ELSE {SECTOR.format("({0})[1]")} | {SECTOR.format("({0})[2]")} END"""
"""One bit of eight for each sector; all of them where there are more than two sectors."""


class Trait(NamedTuple):
    """What `code` makes of a column, or of another value put for `{}`: some bits, in their place."""

    column: LiteralString
    code: LiteralString
    mask: int

    def of(self, value: LiteralString) -> LiteralString:
        """The trait of a value."""
        return f"({self.code.format(value)})"

    @property
    def found(self) -> LiteralString:
        """The trait of a complaint."""
        return f"(traits & {self.mask})"


def _mask(shift: int, bits: int) -> int:
    return ((1 << bits) - 1) << shift


def _coded(column: LiteralString, code: LiteralString, shift: int, bits: int) -> Trait:
    """A number of so many bits."""
    return Trait(column, f"({code})::bigint << {shift}", _mask(shift, bits))


def _hashed(column: LiteralString, shift: int, bits: int, part: LiteralString = "{}") -> Trait:
    """So many bits of a hash; none where there is no value."""
    mask = _mask(shift, bits)
    return Trait(column, f"coalesce(hashtextextended({part}, 0) & {mask}, 0)", mask)


TRAITS: Mapping[str, Trait] = {
    "state": _coded("state", STATE, 0, 4),
    "kind": _coded("kind", KIND, 4, 3),
    "severity": _coded("severity", RANK, 7, 3),
    "due": _coded("due_at", "({} IS NOT NULL)::integer", 10, 1),
    "channel": _hashed("channel", 11, 8),
    "team": _hashed("team", 19, 8),
    "category": _hashed("category", 27, 8),
    "product": _hashed("product", 35, 8),
    "origin": _hashed("origin", 43, 6, "split_part({}, '/', 1)"),
    "asked": _coded("asked_sectors", ASKED, ASKED_FROM, 8),
    "week": _coded("registered_at", f"{WEEK} & 63", WEEK_FROM, 6),
}
TRAITS_OF_ROW: LiteralString = " | ".join(each.of(each.column) for each in TRAITS.values())


def has(name: str, value: LiteralString) -> LiteralString:
    """That a complaint has the trait of this value."""
    return f"{TRAITS[name].found} = {TRAITS[name].of(value)}"


def has_any(name: str, values: LiteralString) -> LiteralString:
    """That a complaint has the trait of one of these values."""
    codes = f"SELECT {TRAITS[name].of('value')} FROM unnest({values}::text[]) AS value"  # noqa: S608 - of constants
    return f"{TRAITS[name].found} = ANY (ARRAY({codes}))"


def asked(sector: LiteralString) -> LiteralString:
    """That a complaint has the trait of being asked about with this sector, and perhaps others."""
    return f"traits & ({SECTOR.format(sector)}::bigint << {ASKED_FROM}) <> 0"


def between_weeks(lower: LiteralString, upper: LiteralString) -> LiteralString:
    """That a complaint has the trait of a week from one time to another; weeks have the same every 64."""
    first, last = WEEK.format(lower), WEEK.format(upper)
    found = f"((traits >> {WEEK_FROM}) - ({first})) & 63"
    return f"{found} <= {last} - {first}"
