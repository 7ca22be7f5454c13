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
HASH: LiteralString = "coalesce(hashtext({}), 0)"
WEEK: LiteralString = "((({})::timestamptz AT TIME ZONE 'UTC')::date - date '2001-01-01') / 7"
SECTOR: LiteralString = "coalesce(1 << (hashtext({}) & 7), 0)"
ASKED: LiteralString = (
    "CASE WHEN cardinality({0}) > 4 THEN 255 ELSE "
    + " | ".join(SECTOR.format("({0})[" + str(each) + "]") for each in range(1, 5))
    + " END"
)
"""One bit of eight for each sector; all of them where there are more than four sectors."""


class Trait(NamedTuple):
    """`bits` of the number that `code` makes of a column, or of a value put for `{}`; from bit `shift` on."""

    column: LiteralString
    code: LiteralString
    shift: int
    bits: int

    def of(self, value: LiteralString) -> LiteralString:
        """The trait of a value, in its place."""
        return f"((({self.code.format(value)}) & {2**self.bits - 1})::bigint << {self.shift})"

    @property
    def found(self) -> LiteralString:
        """The trait of a complaint, in its place."""
        return f"(traits & {(2**self.bits - 1) << self.shift})"


TRAITS: Mapping[str, Trait] = {
    "state": Trait("state", STATE, 0, 4),
    "kind": Trait("kind", KIND, 4, 3),
    "severity": Trait("severity", RANK, 7, 3),
    "due": Trait("due_at", "({} IS NOT NULL)::integer", 10, 1),
    "channel": Trait("channel", HASH, 11, 8),
    "team": Trait("team", HASH, 19, 8),
    "category": Trait("category", HASH, 27, 8),
    "product": Trait("product", HASH, 35, 8),
    "origin": Trait("origin", HASH.format("split_part({}, '/', 1)"), 43, 6),
    "asked": Trait("asked_sectors", ASKED, 49, 8),
    "week": Trait("registered_at", WEEK, 57, 6),
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
    trait = TRAITS["asked"]
    return f"traits & ({SECTOR.format(sector)}::bigint << {trait.shift}) <> 0"


def between_weeks(lower: LiteralString, upper: LiteralString) -> LiteralString:
    """That a complaint has the trait of a week from one time to another; weeks have the same every 64."""
    first, last = WEEK.format(lower), WEEK.format(upper)
    found = f"((traits >> {TRAITS['week'].shift}) - ({first})) & 63"
    return f"{found} <= {last} - {first}"
