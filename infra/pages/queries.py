"""The statements that look for a page: along an index in the order, or through all that a filter keeps."""

from collections.abc import Container, Sequence
from typing import LiteralString

from msgspec import Struct
from psycopg import sql

from infra.pages.orders import Order, Part
from infra.pages.rows import all_of


class Filter(Struct, frozen=True, kw_only=True):
    """A condition of a list, and what an index does for it.

    `leads`: an index finds what it keeps; `late`: at a cost that grows with how much that is. `lead` is the
    form in which it asks the index, where that is another. `sorts` are the keys in whose order an index has
    what it keeps: one that begins with `column`, which then equals `value`, or that ends with `last`. On the
    key `along` it is a range, from `lower` to below `upper`. Without a condition it follows from the others.
    """

    condition: LiteralString | None
    leads: bool = False
    late: bool = False
    lead: LiteralString | None = None
    sorts: tuple[str, ...] = ()
    column: str | None = None
    value: LiteralString = ""
    last: str | None = None
    along: str | None = None
    lower: LiteralString | None = None
    upper: LiteralString | None = None

    @property
    def leading(self) -> LiteralString:
        """The form in which an index is asked."""
        return self.lead or self.condition or "true"


def argument(name: LiteralString, given: Container[str]) -> LiteralString | None:
    """The argument as a value, if it is given."""
    return "%(" + name + ")s" if name in given else None


def equals(
    column: LiteralString, name: LiteralString | None = None, *, sorts: tuple[str, ...] = ()
) -> Filter:
    """The column equals an argument, of its name or another; an index begins with it, then as in `sorts`."""
    value: LiteralString = "%(" + (name or column) + ")s"
    condition = column + " = " + value
    return Filter(condition=condition, leads=True, sorts=sorts, column=column if sorts else None, value=value)


def period(
    expression: LiteralString,
    lower: LiteralString | None,
    upper: LiteralString | None,
    *,
    along: str | None = None,
) -> list[Filter]:
    """The expression is in a range: one filter for both ends, which may keep few together; none without."""
    ends = [
        *([f"{expression} >= {lower}"] if lower else []),
        *([f"{expression} < {upper}"] if upper else []),
    ]
    condition = " AND ".join(ends)
    return [Filter(condition=condition, leads=True, along=along, lower=lower, upper=upper)] if ends else []


class Way(Struct, frozen=True):
    """How rows are come by: those that `leading` filters lead to are put to the `checks`."""

    leading: Sequence[Filter]
    checks: Sequence[LiteralString]
    gathered: bool = False


def walking(filters: Sequence[Filter], order: Order) -> Way:
    """Along the index that the first filter with one in this order has, or else that of the order itself."""
    leading = [each for each in filters if order.key in each.sorts][:1]
    return _way([*leading, *(each for each in filters if each.along == order.key)], filters, gathered=False)


def gathering(filters: Sequence[Filter], lead: Filter) -> Way:
    """Everything that the lead keeps."""
    return _way([lead], filters, gathered=True)


def _way(leading: Sequence[Filter], filters: Sequence[Filter], *, gathered: bool) -> Way:
    checks = [each.condition for each in filters if each.condition and each not in leading]
    return Way(leading, checks, gathered)


PAGE = sql.SQL(
    """WITH page AS MATERIALIZED (
            SELECT {columns} FROM ({source}) {table} WHERE {checks} ORDER BY {sorted} LIMIT %(page_size)s)
       SELECT c.position, (SELECT json_agg(page) FROM page)::text, {reached}
         FROM checkpoints c WHERE c.follower = %(follower)s"""
)
WALKED = sql.SQL("SELECT *, {key} AS sort_key FROM {table} WHERE {led} ORDER BY {by} LIMIT %(bound)s")
GATHERED = sql.SQL("SELECT *, {key} AS sort_key FROM {table} WHERE {led} OFFSET 0")
# Where a walk stopped before the page was full; NULL where it came to an end.
REACHED = sql.SQL(
    """CASE WHEN (SELECT count(*) FROM page) < %(page_size)s THEN (
            SELECT json_build_array(reached.key, reached.id)::text
              FROM (SELECT {column} AS key, {id} AS id FROM {table} WHERE {led}
                     ORDER BY {by} OFFSET %(bound)s - 1 LIMIT 1) reached) END"""
)
KEPT = sql.SQL("(SELECT count(*) FROM (SELECT FROM {table} WHERE {led} LIMIT %(few)s + 1) kept)")
PROBE = sql.SQL("SELECT ARRAY[{counts}] FROM checkpoints WHERE follower = %(follower)s")


def page_query(
    columns: LiteralString, table: LiteralString, order: Order, way: Way, part: Part, *, after: bool
) -> sql.Composed:
    """The statement that looks for a page in one part of the order.

    It gives the checkpoint's position, the page, and where the walk stopped. Its arguments are the filters'
    own, `follower`, `page_size`, `bound`, `few`, and, with `after`, `after_key` and `after_id`.
    """
    key = sql.SQL(order.expression).format(sql.Identifier(order.key))
    bounds = _bounds(order, part, way, key, after=after)
    led = [sql.SQL(each.leading) for each in way.leading if way.gathered or not (each.column or each.along)]
    checks = [*map(sql.SQL, way.checks)]
    names = {
        "table": sql.Identifier(table),
        "key": key,
        "column": sql.Identifier(order.key),
        "id": sql.Identifier(order.id_column),
        "by": _by(order, part, way, key),
        "sorted": _by(order, part, way, sql.Identifier("sort_key")),
        "led": all_of(led if way.gathered else [*led, *bounds]),
    }
    return PAGE.format(
        columns=sql.SQL(columns),
        source=(GATHERED if way.gathered else WALKED).format(**names),
        checks=all_of([*checks, *bounds] if way.gathered else checks),
        reached=REACHED.format(**names) if checks and not way.gathered else sql.NULL,
        **names,
    )


def probe_query(table: LiteralString, filters: Sequence[Filter]) -> sql.Composed:
    """The statement that tells how many each filter keeps, counted no further than `few` + 1.

    Its arguments are the filters' own, `follower` and `few`.
    """
    counts = [KEPT.format(table=sql.Identifier(table), led=sql.SQL(each.leading)) for each in filters]
    return PROBE.format(counts=sql.SQL(", ").join(counts))


def _by(order: Order, part: Part, way: Way, key: sql.Composable) -> sql.Composable:
    """The order, told so that no index gives it but the one that is meant."""
    direction = sql.SQL(" DESC" if order.descending else " ASC")
    last = [sql.Identifier(each.last) for each in way.leading if each.last and not way.gathered]
    columns = [*_prefix(way)[0], *([key] if part.keyed else []), sql.Identifier(order.id_column), *last]
    return sql.SQL(", ").join(each + direction for each in columns)


def _prefix(way: Way) -> tuple[list[sql.Composable], list[sql.Composable]]:
    """The column that the index begins with, and its value; both empty where it begins with the key."""
    led = [each for each in way.leading if each.column and not way.gathered]
    return [sql.Identifier(each.column or "") for each in led], [sql.SQL(each.value) for each in led]


def _bounds(order: Order, part: Part, way: Way, key: sql.Composable, *, after: bool) -> list[sql.Composable]:
    """Where in the order to look: within its ranges, and beyond the cursor.

    One bound an end: an index is entered at the first one that it is given.
    """
    columns, values = _prefix(way)
    item_id, keys = sql.Identifier(order.id_column), [key] if part.keyed else []
    reached = [sql.SQL(order.expression).format(sql.SQL("%(after_key)s::" + order.sql_type)) for _ in keys]
    # The index may leave out rows without a value, and a comparison of rows does not tell that it does.
    known = [sql.SQL("{} IS NOT NULL").format(each) for each in columns]
    found: list[sql.Composable] = [sql.SQL(part.condition).format(key), *known]
    for beyond, within, ends in _ends(order, way):
        if after and order.descending == (beyond == "<"):
            found.append(
                _compared([*columns, *keys, item_id], beyond, [*values, *reached, sql.SQL("%(after_id)s")])
            )
        elif ends:
            found.append(_compared([*columns, key], within, [*values, *ends]))
        elif columns:
            found.append(_compared(columns, beyond + "=", values))
    return found


def _ends(order: Order, way: Way) -> list[tuple[str, str, list[sql.Composable]]]:
    """The lower and the upper end of the ranges along the order, if they have one."""
    ranges = [each for each in way.leading if each.along == order.key and not way.gathered]
    lower = [each.lower for each in ranges if each.lower]
    upper = [each.upper for each in ranges if each.upper]
    return [
        (">", ">=", [sql.SQL("greatest(" + ", ".join(lower) + ")")] if lower else []),
        ("<", "<", [sql.SQL("least(" + ", ".join(upper) + ")")] if upper else []),
    ]


def _compared(
    columns: Sequence[sql.Composable], sign: str, values: Sequence[sql.Composable]
) -> sql.Composable:
    left, right = (sql.SQL(", ").join(side) for side in (columns, values))
    return sql.SQL("({}) " + sign + " ({})").format(left, right)
