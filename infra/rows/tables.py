"""Tables whose columns are the fields of a struct: read by key, written a few at a time or many."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, Generic, LiteralString, TypeVar
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from psycopg import sql
from psycopg.rows import tuple_row

from infra.log import arguments
from infra.rows.writing import bundles, write

R = TypeVar("R", bound=Struct)

FEW = 32
"""Up to here one statement with the rows as JSON is faster than three around a COPY."""

SELECT = sql.SQL("SELECT json_agg(t)::text FROM {table} t WHERE {key} = ANY(%s)")
UPSERT_FEW = sql.SQL(
    """INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s)
       ON CONFLICT ({key}) DO UPDATE SET ({columns}) = ROW ({excluded})"""
)
STAGE = sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {staged} (LIKE {table}) ON COMMIT DELETE ROWS")
UPSERT_STAGED = sql.SQL(
    """INSERT INTO {table} ({columns}) SELECT {columns} FROM {staged}
       ON CONFLICT ({key}) DO UPDATE SET ({columns}) = ROW ({excluded})"""
)
COPY = sql.SQL("COPY {table} ({columns}) FROM STDIN (FORMAT binary)")
TYPES = sql.SQL("SELECT {columns} FROM {table} WHERE false")

# Replaying must give the same text: sets have no order of their own.
_encoder = msgspec.json.Encoder(order="deterministic")


def _jsonb(value: object) -> bytes:
    return b"\1" + _encoder.encode(value)  # the version of jsonb's binary form


BYTEA = 17
AS_IT_IS = {"bool", "int2", "int4", "int8", "float8", "text", "uuid", "date", "timestamptz"}
CONVERTED: dict[str, tuple[int, Callable[[Any], bytes]]] = {
    "json": (BYTEA, _encoder.encode),
    "jsonb": (BYTEA, _jsonb),
    "_text": (BYTEA, arguments.texts),
    "_uuid": (BYTEA, arguments.ids),
}
"""By the name of a column's type: the type whose binary form it is sent in, and how its value gets there."""


class Table(Generic[R]):
    """Reads and writes rows of one table, in whichever schema the connection finds it."""

    def __init__(self, name: LiteralString, key: LiteralString, row_type: type[R]) -> None:
        self.name = name
        self.key_of: Callable[[R], UUID] = attrgetter(key)
        self._fields = row_type.__struct_fields__
        self._rows_type: Any = list[row_type]  # type: ignore[valid-type]  # a type argument known at run time only
        columns = [sql.Identifier(name) for name in self._fields]
        names: dict[str, sql.Composable] = {
            "table": sql.Identifier(name),
            "staged": sql.Identifier(f"staged_{name}"),
            "key": sql.Identifier(key),
            "columns": sql.SQL(", ").join(columns),
            "excluded": sql.SQL(", ").join(sql.SQL("excluded.{}").format(column) for column in columns),
        }
        self._select, self._upsert_few, self._stage, self._upsert_staged, self._ask_types = (
            statement.format(**names).as_bytes()
            for statement in (SELECT, UPSERT_FEW, STAGE, UPSERT_STAGED, TYPES)
        )
        self._copy = {
            into: COPY.format(table=names[into], columns=names["columns"]).as_bytes()
            for into in ("table", "staged")
        }
        self._types: list[int] = []
        self._conversions: list[tuple[int, Callable[[Any], Any]]] = []

    async def read(self, connection: psycopg.AsyncConnection[Any], keys: Sequence[UUID]) -> Sequence[R]:
        """The rows with these keys, as far as there are any."""
        async with connection.cursor(row_factory=tuple_row) as cursor:
            found = await (await cursor.execute(self._select, [list(keys)])).fetchone()
        rows: list[R] = msgspec.json.decode(found[0], type=self._rows_type) if found and found[0] else []
        return rows

    async def write(self, connection: psycopg.AsyncConnection[Any], rows: Sequence[R]) -> None:
        """Insert the rows, or put them in the place of those with the same keys."""
        await self._learn(connection)
        if len(rows) <= FEW or bundles(connection):
            await write(connection, self._upsert_few, [_encoder.encode(rows).decode()])
            return
        await connection.execute(self._stage)
        await self.copy(connection, rows, "staged")
        await connection.execute(self._upsert_staged)

    async def copy(
        self, connection: psycopg.AsyncConnection[Any], rows: Iterable[R], into: str = "table"
    ) -> None:
        """Insert rows that are not there yet."""
        await self._learn(connection)
        values = attrgetter(*self._fields)
        async with connection.cursor() as cursor, cursor.copy(self._copy[into]) as writing:
            writing.set_types(self._types)
            for row in rows:
                record = list(values(row))
                for place, convert in self._conversions:
                    if record[place] is not None:
                        record[place] = convert(record[place])
                await writing.write_row(record)

    async def _learn(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Ask once for the types of the columns."""
        if self._types:
            return
        cursor = await connection.execute(self._ask_types)
        types, conversions = [], []
        for place, column in enumerate(cursor.description or ()):
            name = _type_name(connection, column.type_code)
            oid, convert = CONVERTED.get(name, (None, None))
            if convert is None and name not in AS_IT_IS:
                raise TypeError(f"{self.name}.{column.name}: rows with a {name} cannot be copied")
            types.append(oid or column.type_code)
            if convert is not None:
                conversions.append((place, convert))
        self._types, self._conversions = types, conversions  # at once: others may ask at the same time


def _type_name(connection: psycopg.AsyncConnection[Any], oid: int) -> str:
    info = connection.adapters.types.get(oid)
    if info is None:
        return f"type {oid}"
    return info.name if info.oid == oid else f"_{info.name}"


@cache
def table_of(name: LiteralString, key: LiteralString, row_type: type[R]) -> Table[R]:
    """The table of this name, whose rows are of this type."""
    return Table(name, key, row_type)
