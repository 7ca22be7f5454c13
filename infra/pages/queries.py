"""The statements that look for a page: along an index in the order, or through all that a filter keeps."""

from collections.abc import Container, Mapping, Sequence
from typing import LiteralString

from msgspec import Struct
from msgspec.structs import replace
from psycopg import sql

from infra.pages.orders import Order, Part
from infra.pages.rows import all_of


class Filter(Struct, frozen=True):
    """A condition of a list, and what an index does for it.

    `leads`: an index finds what it keeps; `late`: at a cost that grows with how much that is. `lead` is the
    form in which it asks the index, where that is another. `sorts` are the keys in whose order an index has
    what it keeps; `along` is the key on which it is a range. Without a condition it follows from the others.
    """

    condition: LiteralString | None
    leads: bool = False
    late: bool = False
    lead: LiteralString | None = None
    sorts: tuple[str, ...] = ()
    along: str | None = None

    @property
    def leading(self) -> LiteralString:
        """The form in which an index is asked."""
        return self.lead or self.condition or "true"


def period(
    bounds: Mapping[str, LiteralString], given: Container[str], *, along: str | None = None
) -> list[Filter]:
    """One filter of those bounds that are given, none without: together they may keep few."""
    parts = [bound for name, bound in bounds.items() if name in given]
    return [Filter(" AND ".join(parts), leads=True, along=along)] if parts else []


class Way(Struct, frozen=True):
    """How rows are come by: those that are `led` to, in order or all at once, are put to the `checks`."""

    led: Sequence[LiteralString]
    checks: Sequence[LiteralString]
    gathered: bool = False


def walking(filters: Sequence[Filter], order: Order) -> Way:
    """Along the index that the first filter with one in this order has, or else that of the order itself."""
    leading = [each for each in filters if order.key in each.sorts][:1]
    return _way([*leading, *(each for each in filters if each.along == order.key)], filters)


def gathering(filters: Sequence[Filter], lead: Filter) -> Way:
    """Everything that the lead keeps."""
    return replace(_way([lead], filters), gathered=True)


def _way(leading: Sequence[Filter], filters: Sequence[Filter]) -> Way:
    checks = [each.condition for each in filters if each.condition and each not in leading]
    return Way([each.leading for each in leading], checks)


PAGE = sql.SQL(
    """WITH page AS MATERIALIZED (
            SELECT {columns} FROM ({source}) {table} WHERE {checks}
             ORDER BY {sorted} LIMIT %(page_size)s)
       SELECT c.position, (SELECT json_agg(page) FROM page)::text, {reached}
         FROM checkpoints c WHERE c.follower = %(follower)s"""
)
WALKED = sql.SQL(
    """SELECT *, {key} AS sort_key FROM {table} WHERE {led}
        ORDER BY {by} LIMIT %(bound)s"""
)
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
    own, `follower`, `page_size`, `bound`, and, with `after`, `after_key` and `after_id`.
    """
    key = sql.SQL(order.expression).format(sql.Identifier(order.key))
    bounds = [sql.SQL(part.condition).format(key), *([_beyond(order, part, key)] if after else [])]
    led, checks = [*map(sql.SQL, way.led)], [*map(sql.SQL, way.checks)]
    names = {
        "table": sql.Identifier(table),
        "key": key,
        "column": sql.Identifier(order.key),
        "id": sql.Identifier(order.id_column),
        "by": _by(order, part, key),
        "sorted": _by(order, part, sql.Identifier("sort_key")),
        "led": all_of(led if way.gathered else [*led, *bounds]),
    }
    unfinished = checks and not way.gathered
    return PAGE.format(
        columns=sql.SQL(columns),
        source=(GATHERED if way.gathered else WALKED).format(**names),
        checks=all_of([*checks, *bounds] if way.gathered else checks),
        reached=REACHED.format(**names) if unfinished else sql.NULL,
        **names,
    )


def probe_query(table: LiteralString, filters: Sequence[Filter]) -> sql.Composed:
    """The statement that tells how many each filter keeps, counted no further than `few` + 1.

    Its arguments are the filters' own, `follower` and `few`.
    """
    counts = [KEPT.format(table=sql.Identifier(table), led=sql.SQL(each.leading)) for each in filters]
    return PROBE.format(counts=sql.SQL(", ").join(counts))


def _by(order: Order, part: Part, key: sql.Composable) -> sql.Composable:
    item_id = sql.Identifier(order.id_column)
    direction = sql.SQL(" DESC" if order.descending else " ASC")
    return sql.SQL(", ").join(each + direction for each in ([key, item_id] if part.keyed else [item_id]))


def _beyond(order: Order, part: Part, key: sql.Composable) -> sql.Composable:
    item_id = sql.Identifier(order.id_column)
    sign = sql.SQL("<" if order.descending else ">")
    if not part.keyed:
        return sql.SQL("{} {} %(after_id)s").format(item_id, sign)
    bound = sql.SQL(order.expression).format(sql.SQL("%(after_key)s::" + order.sql_type))
    return sql.SQL("({}, {}) {} ({}, %(after_id)s)").format(key, item_id, sign, bound)
