"""A database of as many complaints as wanted, in minutes: the demo's year, multiplied.

The demo is told to the log and folded into the views as ever. Its rows are then copied within the database,
each copy with ids, protocol, customer, staff and times of its own: a house so many times larger over two
years, with as many complaints an analyst, and what is open among the newest. What a row holds as JSON is
copied as it is, with the old ids in it. Copied events keep their leaves, which are those of the first.
"""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from api.parts import VIEWS
from infra import demo
from infra.database import connect, serving_conninfo
from infra.log import Log, read
from infra.projector import View, prepare
from infra.vault import Vault

MASTER = bytes(32)
BATCH = 2_000
TRAIL_SHARE = 10
"""One copy in so many has its events in the log and the audit trail too: there are fifteen a complaint."""

FUNCTIONS: LiteralString = """
CREATE FUNCTION pg_temp.copied(id uuid, copy integer) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN md5(id::text || copy)::uuid;
CREATE FUNCTION pg_temp.moved(at timestamptz, id uuid, copy integer, state text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE RETURN at - make_interval(secs =>
    abs(hashtextextended(id::text, copy)) / 1e6 %
    CASE WHEN state IN ('resolved', 'closed', 'withdrawn', 'dismissed', 'forwarded', 'duplicate')
         THEN 31536000 ELSE 86400 END)"""


def _moved(column: LiteralString) -> LiteralString:
    return "pg_temp.moved(" + column + ", complaint_id, copy, state)"


COMPLAINT: Mapping[str, LiteralString] = {
    "complaint_id": "pg_temp.copied(complaint_id, copy)",
    "protocol": "protocol || lpad(copy::text, 5, '0')",
    "customer_id": "pg_temp.copied(customer_id, copy)",
    "analyst": "analyst || '-' || copy",
    "team": "team || '-' || copy / 10",
    "received_at": _moved("received_at"),
    "registered_at": _moved("registered_at"),
    "due_at": _moved("due_at"),
    "updated_at": _moved("coalesce(closed_at, registered_at + interval '9 days')"),
}
TEXT: Mapping[str, LiteralString] = {
    "complaint_id": "pg_temp.copied(complaint_id, copy)",
    "document": "document || to_tsvector('simple', (copy * 10000 + number)::text)",
}
CUSTOMER: Mapping[str, LiteralString] = {
    "customer_id": "pg_temp.copied(customer_id, copy)",
    "email": "copy || email",
    "external_ref": "external_ref || '-' || copy",
    "registered_at": "pg_temp.moved(registered_at, customer_id, copy, 'closed')",
}
EVENT: Mapping[str, LiteralString] = {
    "position": "position + copy * many",
    "stream_id": "pg_temp.copied(stream_id, copy)",
    "recorded_at": "recorded_at + copy * interval '9 minutes'",
    "actor": "actor || '-' || copy / 10",
    "correlation": "md5(stream_id::text || copy)",
}
KEY: Mapping[str, LiteralString] = {
    "key": "key || copy",
    "stream_id": "pg_temp.copied(stream_id, copy)",
    "recorded_at": "recorded_at - copy * interval '30 minutes'",
}
COPIED: Sequence[tuple[LiteralString, LiteralString, LiteralString, Mapping[str, LiteralString], int]] = (
    ("complaints_2", "registered_at", _moved("registered_at"), COMPLAINT, 1),
    ("complaints_text_2", "complaint_id", "number, copy", TEXT, 1),
    ("customers_2", "registered_at", "number, copy", CUSTOMER, 1),
    ("audit_2", "position", "copy, number", EVENT, TRAIL_SHARE),
    ("events", "position", "copy, number", EVENT, TRAIL_SHARE),
    ("idempotency", "recorded_at", "number, copy", KEY, 1),
)
MULTIPLY = sql.SQL(
    """INSERT INTO {table} ({columns})
       SELECT {values}
         FROM (SELECT *, row_number() OVER (ORDER BY {order}) AS number, count(*) OVER () AS many
                 FROM {table} ORDER BY {order}) t,
              generate_series(1, %(copies)s) AS copy
        ORDER BY {sequence}"""
)


async def fill(url: str, schema: str, complaints: int) -> None:
    """Fill an empty, migrated database with about so many complaints, and gather statistics of it."""
    conninfo = serving_conninfo(
        url, schema, synchronous_commit="off", work_mem="256MB", maintenance_work_mem="512MB"
    )
    await _tell_demo(conninfo)
    async with await connect(conninfo) as connection:
        copies = round(complaints / await _count(connection, "complaints_2")) - 1
        await connection.execute(FUNCTIONS)
        for table, order, sequence, changed, share in COPIED:
            await _multiply(connection, table, order, sequence, changed, copies // share)
        await connection.execute("UPDATE checkpoints SET position = (SELECT max(position) FROM events)")
    async with await connect(url) as owner:
        await owner.execute("VACUUM (ANALYZE)")
        await owner.execute("CHECKPOINT")


async def _tell_demo(conninfo: str) -> None:
    log = Log(conninfo, Vault(MASTER))
    try:
        await demo.run(demo.make_plan(), demo.DemoCommands(log))
        async with await connect(conninfo) as connection:
            await prepare(connection, VIEWS)
            for view in VIEWS:
                await _fold(connection, log.vault, view)
    finally:
        await log.close()


async def _fold(connection: psycopg.AsyncConnection[Any], vault: Vault, view: View) -> None:
    position = 0
    while events := await read(connection, vault, position, BATCH):
        async with connection.transaction():
            await view.apply(connection, events)
        position = events[-1].position


async def _multiply(  # noqa: PLR0917 - as they stand in COPIED
    connection: psycopg.AsyncConnection[Any],
    table: LiteralString,
    order: LiteralString,
    sequence: LiteralString,
    changed: Mapping[str, LiteralString],
    copies: int,
) -> None:
    """Add copies of every row; the view's indexes are made anew, sorted, after that."""
    cursor = await connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", [table]
    )
    names = [name for (name,) in await cursor.fetchall()]
    values = [sql.SQL(changed[name]) if name in changed else sql.Identifier(name) for name in names]
    statement = MULTIPLY.format(
        table=sql.Identifier(table),
        columns=sql.SQL(", ").join(map(sql.Identifier, names)),
        values=sql.SQL(", ").join(values),
        order=sql.Identifier(order),
        sequence=sql.SQL(sequence),
    )
    dropped = await _drop_indexes(connection, table)
    await connection.execute(statement, {"copies": copies})
    for definition in dropped:
        await connection.execute(definition.encode())


async def _drop_indexes(connection: psycopg.AsyncConnection[Any], table: str) -> list[str]:
    """Drop those that are ours and guard nothing; how to make them again."""
    cursor = await connection.execute(
        """SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
             FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE i.indrelid = %s::regclass AND NOT i.indisunique AND pg_has_role(c.relowner, 'USAGE')""",
        [table],
    )
    found = await cursor.fetchall()
    for name, _ in found:
        await connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return [definition for _, definition in found]


async def _count(connection: psycopg.AsyncConnection[Any], table: LiteralString) -> int:
    row = await (
        await connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
    ).fetchone()
    return int(row[0]) if row else 0
