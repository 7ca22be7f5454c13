"""Which rows differ between the view that serves and the one just built, both at the same position."""

from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import sql

from infra.projector.followers import Connection
from infra.projector.rebuilding.shadow import Shadow

SHOWN = 20
"""So many rows of each table are named; the rest are counted."""

KEY = """
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
 WHERE i.indisprimary AND i.indrelid = format('%%I.%%I', %s::text, %s::text)::regclass
 ORDER BY array_position(i.indkey::smallint[], a.attnum)"""
DERIVED = """
SELECT attname FROM pg_attribute
 WHERE attgenerated <> '' AND attrelid = format('%%I.%%I', %s::text, %s::text)::regclass"""
DIFFERING = sql.SQL(
    """SELECT count(*) OVER (), row_to_json(old), row_to_json(new)
         FROM {serving}.{table} old FULL JOIN {shadow}.{table} new USING ({key})
        WHERE old::text IS DISTINCT FROM new::text
        ORDER BY {key} LIMIT {shown}"""
)


@dataclass(frozen=True)
class Difference:
    """A row, by its key, that the two views do not have alike.

    `columns` are those with other values, where both have the row, but for those that PostgreSQL derives from
    others; else `only_in` says which has it: the `old` one or the `new`.
    """

    table: str
    key: tuple[Any, ...]
    only_in: str | None
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Differences:
    """How many rows differ, and the first of each table."""

    count: int = 0
    shown: tuple[Difference, ...] = ()


async def differences(connection: Connection, shadow: Shadow) -> Differences:
    """All differences, as the connection's transaction sees both views."""
    count, shown = 0, []
    for table in shadow.view.tables:
        key, derived = [await _names(connection, query, shadow, table) for query in (KEY, DERIVED)]
        query = DIFFERING.format(
            serving=sql.Identifier(shadow.serving),
            shadow=sql.Identifier(shadow.schema),
            table=sql.Identifier(table),
            key=sql.SQL(", ").join(map(sql.Identifier, key)),
            shown=SHOWN,
        )
        rows = await (await connection.execute(query)).fetchall()
        count += rows[0][0] if rows else 0
        shown += [_difference(table, key, derived, old, new) for _, old, new in rows]
    return Differences(count, tuple(shown))


async def _names(connection: Connection, query: LiteralString, shadow: Shadow, table: str) -> list[str]:
    return [name for (name,) in await (await connection.execute(query, [shadow.serving, table])).fetchall()]


def _difference(
    table: str, key: list[str], derived: list[str], old: dict[str, Any] | None, new: dict[str, Any] | None
) -> Difference:
    row = old or new or {}
    only_in = "new" if old is None else "old" if new is None else None
    columns = [name for name in row.keys() - derived if old and new and old[name] != new[name]]
    return Difference(table, tuple(row[name] for name in key), only_in, tuple(sorted(columns)))
