"""A database of as many complaints as wanted, in minutes: the demo's year, multiplied.

The demo is told to the log and folded into the views as ever. Its rows are then copied within the database,
each copy with ids, protocol, customer, staff and times of its own: a house so many times larger over two
years, with as many complaints an analyst, and what is open among the newest. What a row holds as JSON is
copied as it is, with the old ids in it. Copied events keep their leaves, which are those of the first.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from api.parts import VIEWS
from infra import demo
from infra.database import connect, serving_conninfo
from infra.log import Log
from infra.projector import Rebuild, prepare
from infra.vault import Vault
from projections.complaints.traits import TRAITS

MASTER = bytes(32)
TRAIL_SHARE = 20
"""One copy in so many has its events in the log and the audit trail too: there are fifteen a complaint."""

# Ids begin with the time of registration, as those of the service do (UUIDv7).
FUNCTIONS: LiteralString = """
CREATE FUNCTION pg_temp.moved(at timestamptz, id uuid, copy integer, state text) RETURNS timestamptz
LANGUAGE sql IMMUTABLE RETURN at - make_interval(secs =>
    abs(hashtextextended(id::text, copy)) / 1e6 %
    CASE WHEN state IN ('resolved', 'closed', 'withdrawn', 'dismissed', 'forwarded', 'duplicate')
         THEN 31536000 ELSE 86400 END);
CREATE TEMPORARY TABLE beginnings AS
SELECT complaint_id AS id, registered_at AS at, state FROM complaints_4
 UNION ALL SELECT customer_id, registered_at, 'closed' FROM customers_2;
ALTER TABLE beginnings ADD PRIMARY KEY (id);
ANALYZE beginnings;
CREATE FUNCTION pg_temp.copied(original uuid, copy integer) RETURNS uuid LANGUAGE sql STABLE
RETURN overlay(md5(original::text || copy) PLACING coalesce((
    SELECT lpad(to_hex((extract(epoch FROM pg_temp.moved(at, id, copy, state)) * 1000)::bigint), 12, '0')
      FROM beginnings WHERE id = original), '') || '7' FROM 1)::uuid"""


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
    "traits": f"""(traits & ~{TRAITS["team"].mask | TRAITS["week"].mask})
        | ((coalesce(crc32(convert_to(team || '-' || copy / 10, 'UTF8')), 0) & 255) << {TRAITS["team"].shift})
        | ((((({_moved("registered_at")} AT TIME ZONE 'UTC')::date - date '2001-01-01') / 7) & 63)::bigint
          << {TRAITS["week"].shift})""",
}
TEXT: Mapping[str, LiteralString] = {
    "complaint_id": "pg_temp.copied(complaint_id, copy)",
    "document": """CASE WHEN number > 100 THEN document
                   ELSE document || to_tsvector('simple', (copy * 10000 + number)::text) END""",
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
Copied = tuple[LiteralString, LiteralString, LiteralString, Mapping[str, LiteralString], int]
COPIED: Sequence[Sequence[Copied]] = (
    [("complaints_4", "registered_at", _moved("registered_at"), COMPLAINT, 1)],
    [
        ("complaints_text_4", "complaint_id", "pg_temp.copied(complaint_id, copy)", TEXT, 1),
        ("customers_2", "registered_at", "number, copy", CUSTOMER, 1),
        ("audit_2", "position", "copy, number", EVENT, TRAIL_SHARE),
        ("events", "position", "copy, number", EVENT, TRAIL_SHARE),
    ],
)
"""Tables, and how their rows are numbered, ordered and changed; two connections take about as long."""

FIRST = sql.SQL(
    """CREATE TEMPORARY TABLE first AS
       SELECT *, row_number() OVER (ORDER BY {order}) AS number, count(*) OVER () AS many FROM {table};
       ALTER TABLE first ADD PRIMARY KEY (number)"""
)
# What is sorted is narrow; rows are looked up after that, one by one, in their order.
MULTIPLY = sql.SQL(
    """WITH sorted AS MATERIALIZED (
            SELECT number AS nth, copy FROM first, generate_series(1, %(copies)s) AS copy ORDER BY {sequence})
       INSERT INTO {table} ({columns})
       SELECT {values}
         FROM sorted CROSS JOIN LATERAL (SELECT * FROM first WHERE number = nth OFFSET 0) first"""
)


def filling(url: str, schema: str) -> str:
    """How to connect to fill a database: in large steps, on disk at the end of all."""
    return serving_conninfo(
        url, schema, synchronous_commit="off", work_mem="256MB", maintenance_work_mem="512MB"
    )


async def fill(url: str, schema: str, complaints: int) -> int:
    """Fill an empty, migrated database with about so many complaints; how many of them are copies."""
    conninfo = filling(url, schema)
    await _tell_demo(conninfo)
    async with await connect(conninfo) as connection:
        first = await _count(connection, "complaints_4")
        copies = max(0, round(complaints / first) - 1)
        await asyncio.gather(*(_copy(conninfo, tables, copies) for tables in COPIED))
        await connection.execute("UPDATE checkpoints SET position = (SELECT max(position) FROM events)")
    async with await connect(url) as owner:
        await owner.execute("VACUUM (ANALYZE)")
        await owner.execute("CHECKPOINT")
    return copies * first


async def _copy(conninfo: str, tables: Sequence[Copied], copies: int) -> None:
    async with await connect(conninfo) as connection:
        await connection.execute(FUNCTIONS)
        for table, order, sequence, changed, share in tables:
            await _multiply(connection, table, order, sequence, changed, copies // share)


async def _tell_demo(conninfo: str) -> None:
    log = Log(conninfo, Vault(MASTER))
    try:
        async with await connect(conninfo) as connection:
            await prepare(connection, VIEWS)
        await demo.run(demo.make_plan(), demo.DemoCommands(log))
        for view in VIEWS:
            await Rebuild(conninfo, log.vault, view).run()
    finally:
        await log.close()


async def _multiply(  # noqa: PLR0917 - as they stand in COPIED
    connection: psycopg.AsyncConnection[Any],
    table: LiteralString,
    order: LiteralString,
    sequence: LiteralString,
    changed: Mapping[str, LiteralString],
    copies: int,
) -> None:
    """Add copies of every row; its indexes are made after that."""
    cursor = await connection.execute(
        """SELECT attname FROM pg_attribute
            WHERE attrelid = %s::regclass AND attnum > 0 AND attgenerated = ''""",
        [table],
    )
    names = [name for (name,) in await cursor.fetchall()]
    values = [sql.SQL(changed[name]) if name in changed else sql.Identifier(name) for name in names]
    await connection.execute(FIRST.format(table=sql.Identifier(table), order=sql.Identifier(order)))
    statement = MULTIPLY.format(
        table=sql.Identifier(table),
        columns=sql.SQL(", ").join(map(sql.Identifier, names)),
        values=sql.SQL(", ").join(values),
        sequence=sql.SQL(sequence),
    )
    async with indexes_last(connection, table):
        await connection.execute(statement, {"copies": copies})
    await connection.execute("DROP TABLE first")


@asynccontextmanager
async def indexes_last(connection: psycopg.AsyncConnection[Any], table: str) -> AsyncIterator[None]:
    """Drop the table's indexes that are ours and guard nothing; make them again afterwards."""
    cursor = await connection.execute(
        """SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
             FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
            WHERE i.indrelid = %s::regclass AND NOT i.indisunique AND pg_has_role(c.relowner, 'USAGE')""",
        [table],
    )
    found = await cursor.fetchall()
    for name, _ in found:
        await connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    for _, definition in found:
        await connection.execute(definition.encode())


async def _count(connection: psycopg.AsyncConnection[Any], table: LiteralString) -> int:
    row = await (
        await connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
    ).fetchone()
    return int(row[0]) if row else 0
