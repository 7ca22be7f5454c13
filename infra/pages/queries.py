"""The statements that look for a page.

Each answers in one row: the view's position, the page as JSON, and where a walk stopped before the page was
full. The page of an analyst's open complaints by what is due, after a cursor, has an index of its own:

    SELECT … FROM complaints_4
     WHERE due_or_never < 'infinity' AND state IN (…) AND analyst IS NOT NULL
       AND (analyst, due_or_never, complaint_id)
         > (%(analyst)s, coalesce(%(after_key)s, 'infinity'), %(after_id)s)
       AND (analyst) <= (%(analyst)s)
     ORDER BY analyst, due_or_never, complaint_id, traits DESC LIMIT %(page_size)s

Three things make PostgreSQL's plan the one that is meant: an order that no other index gives (it begins with
the column, or ends with `last` the other way round), one bound at each end, and the settings of the session.
"""

from collections.abc import Iterator, Sequence
from typing import LiteralString

from psycopg import sql

from infra.pages.filters import Aid
from infra.pages.orders import Order, Part
from infra.pages.rows import all_of
from infra.pages.ways import Gathering, Walk, Way

Columns = Sequence[sql.Composable]

PAGE = sql.SQL(
    """WITH {page} SELECT c.position, (SELECT json_agg(page) FROM page)::text, {reached}
         FROM checkpoints c WHERE c.follower = %(follower)s"""
)
STRAIGHT = sql.SQL(
    """page AS MATERIALIZED (
            SELECT {columns} FROM {table} WHERE {bounds} ORDER BY {order} LIMIT %(page_size)s)"""
)
# Entries are walked over one by one, as far as the page asks for more; those that may be kept are looked up.
WALKED = sql.SQL(
    """likely AS MATERIALIZED (
            SELECT id, place FROM (
                   SELECT {id} AS id, {place} AS place, {told} AS kept
                     FROM {table} WHERE {bounds} ORDER BY {order} LIMIT %(bound)s) walked
             WHERE kept LIMIT %(likely)s),
       page AS MATERIALIZED (
            SELECT {columns}
              FROM (SELECT found.* FROM likely CROSS JOIN LATERAL (
                           SELECT * FROM {table} WHERE {place} = likely.place AND {untold} OFFSET 0) found
                     LIMIT %(page_size)s) {table}
             ORDER BY {sorted})"""
)
# Going there again takes less than to keep all that was walked over.
REACHED = sql.SQL(
    """CASE WHEN (SELECT count(*) FROM page) < %(page_size)s THEN (
            SELECT json_build_array({key}, {id})::text FROM {table} WHERE {id} = coalesce(
                   (SELECT id FROM likely OFFSET %(likely)s - 1 LIMIT 1),
                   (SELECT {id} FROM {table} WHERE {bounds}
                     ORDER BY {order} OFFSET %(bound)s - 1 LIMIT 1))) END"""
)
GATHERED = sql.SQL(
    """page AS MATERIALIZED (
            SELECT {columns} FROM (SELECT * FROM {table} WHERE {lead} OFFSET 0) {table}
             WHERE {checks} AND {bounds} ORDER BY {sorted} LIMIT %(page_size)s)"""
)
KEPT = sql.SQL("(SELECT count(*) FROM (SELECT FROM {found} LIMIT %(few)s + 1) kept)")
# What has more than 8 in a sample of a thousandth has more than a few thousand.
SAMPLED = sql.SQL(
    """CASE WHEN (SELECT count(*) FROM (SELECT FROM {found} AND {sample} LIMIT 9) sampled) > 8
            THEN %(few)s + 1 ELSE {kept} END"""
)
PROBE = sql.SQL("SELECT ARRAY[{counts}] FROM checkpoints WHERE follower = %(follower)s")


def page_query(
    columns: LiteralString, table: LiteralString, order: Order, way: Way, part: Part, *, after: bool
) -> sql.Composed:
    """The statement that looks for a page in one part of the order.

    Its arguments are the filters' own, `follower`, `page_size`, `bound` (how many to walk over), `likely`
    (how many of them to look up), `few`, and, with `after`, `after_key` and `after_id`.
    """
    names: dict[str, sql.Composable] = {
        "columns": sql.SQL(columns),
        "table": sql.Identifier(table),
        "key": sql.Identifier(order.key),
        "id": sql.Identifier(order.id_column),
        "sorted": _order(order, part),
    }
    if isinstance(way, Gathering):
        bounds = all_of([_within(order, part), *([_beyond(order, part)] if after else [])])
        page = GATHERED.format(lead=sql.SQL(way.lead), checks=_all(way.checks), bounds=bounds, **names)
        return PAGE.format(page=page, reached=sql.NULL)
    bounds = all_of([_within(order, part), *_along(order, part, way, after=after)])
    names |= {"bounds": bounds, "order": _order(order, part, way)}
    if not way.checks:
        return PAGE.format(page=STRAIGHT.format(**names), reached=sql.NULL)
    names["place"] = names["id"] if way.signs else sql.SQL("ctid")  # an index knows no places
    page = WALKED.format(told=_all(way.told), untold=_all(way.untold), **names)
    return PAGE.format(page=page, reached=REACHED.format(**names))


def probe_query(table: LiteralString, leads: Sequence[Aid]) -> sql.Composed:
    """The statement that tells how much each lead finds, counted no further than `few` + 1.

    Its arguments are the filters' own, `follower` and `few`.
    """
    return PROBE.format(counts=sql.SQL(", ").join(_counted(table, lead) for lead in leads))


def _counted(table: LiteralString, lead: Aid) -> sql.Composed:
    if lead.whole is None:
        return KEPT.format(
            found=sql.SQL("{} WHERE {}").format(sql.Identifier(table), sql.SQL(lead.lead or "true"))
        )
    found = sql.SQL(lead.whole.found)
    return SAMPLED.format(found=found, sample=sql.SQL(lead.whole.sample), kept=KEPT.format(found=found))


def _all(conditions: Sequence[LiteralString]) -> sql.Composable:
    return all_of([sql.SQL(each) for each in conditions])


def _key(order: Order) -> sql.Identifier:
    return sql.Identifier(order.sorted_by)


def _order(order: Order, part: Part, walk: Walk | None = None) -> sql.Composed:
    """By key and id; along an index, by all that it is sorted by."""
    way, back = ("DESC", "ASC") if order.descending else ("ASC", "DESC")
    before = [walk.index.column] if walk and walk.index.column else []
    behind = [walk.index.last] if walk and walk.index.last else []
    keys = [order.sorted_by] if part.keyed else []
    columns = [
        *((each, way) for each in (*before, *keys, order.id_column)),
        *((each, back) for each in behind),
    ]
    return sql.SQL(", ").join(sql.SQL("{} " + way).format(sql.Identifier(column)) for column, way in columns)


def _within(order: Order, part: Part) -> sql.Composed:
    return sql.SQL(part.condition).format(_key(order))


def _beyond(order: Order, part: Part, columns: Columns = (), values: Columns = ()) -> sql.Composed:
    """After the cursor, in this order."""
    keys = [_key(order)] if part.keyed else []
    reached = [sql.SQL(order.expression.format("%(after_key)s::" + order.sql_type)) for _ in keys]
    return _compared(
        [*columns, *keys, sql.Identifier(order.id_column)],
        "<" if order.descending else ">",
        [*values, *reached, sql.SQL("%(after_id)s")],
    )


def _along(order: Order, part: Part, walk: Walk, *, after: bool) -> Iterator[sql.Composable]:
    """Where in the index to look: at its rows with the wanted value, within the ranges, beyond the cursor.

    One bound an end: an index is entered at the first one that it is given.
    """
    index = walk.index
    columns = [sql.Identifier(index.column)] if index.column else []
    values = [sql.SQL(index.value)] if index.column else []
    if index.only:
        yield sql.SQL(index.only)
    # An index may leave out rows without a value, and a comparison of rows does not tell that it does.
    yield from (sql.SQL("{} IS NOT NULL").format(each) for each in columns)
    for sign, ends in ((">=", _lower(walk)), ("<", _upper(walk))):
        if after and order.descending == (sign == "<"):
            yield _beyond(order, part, columns, values)
        elif ends:
            yield _compared([*columns, _key(order)], sign, [*values, sql.SQL(ends)])
        elif columns:
            yield _compared(columns, sign[0] + "=", values)


def _lower(walk: Walk) -> LiteralString | None:
    ends = [each.lower for each in walk.ranges if each.lower]
    return "greatest(" + ", ".join(ends) + ")" if ends else None


def _upper(walk: Walk) -> LiteralString | None:
    ends = [each.upper for each in walk.ranges if each.upper]
    return "least(" + ", ".join(ends) + ")" if ends else None


def _compared(columns: Columns, sign: LiteralString, values: Columns) -> sql.Composed:
    left, right = (sql.SQL(", ").join(side) for side in (columns, values))
    return sql.SQL("({}) " + sign + " ({})").format(left, right)
