"""The schema in which a view is built unseen: its tables, their indexes, and the switch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg import sql

from infra.database import DatabaseNotReady, rebuild_schema, views_schema
from infra.projector.followers import Connection, View
from infra.projector.rebuilding.filling import together

SEARCH = "SELECT set_config('search_path', quote_ident(%s) || ',' || quote_ident(%s), %s)"

# Indexes are built over the filled table, in one go each, the one that takes longest first; those of
# constraints stay.
INDEXES = """
SELECT c.oid::regclass::text, pg_get_indexdef(c.oid)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_am a ON a.oid = c.relam
 WHERE t.relnamespace = %s::regnamespace AND t.relname = ANY(%s)
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid)
 ORDER BY a.amname <> 'gin', t.relname DESC, c.relname"""


@dataclass(frozen=True)
class Shadow:
    """The tables of a view in the schema where they are built, over the connection that builds them."""

    connection: Connection
    view: View
    log_schema: str

    @property
    def schema(self) -> str:
        """Where the view is built."""
        return rebuild_schema(self.log_schema)

    @property
    def serving(self) -> str:
        """Where the view serves."""
        return views_schema(self.log_schema)

    @property
    def checkpoints(self) -> sql.Identifier:
        """The table of the checkpoints."""
        return sql.Identifier(self.serving, "checkpoints")

    async def create(self) -> list[str]:
        """Make the tables anew, without indexes; gives the statements that make those.

        Raises:
            DatabaseNotReady: the schema is missing.
        """
        found = await self.connection.execute("SELECT to_regnamespace(%s)", [self.schema])
        if await found.fetchone() == (None,):
            raise DatabaseNotReady(f"the schema {self.schema} does not exist yet; run `ouvidoria migrate`")
        async with self.connection.transaction():
            await self.connection.execute(SEARCH, [self.schema, self.log_schema, True])
            await self.drop()
            await self.connection.execute(self.view.ddl.encode())
            return await self._set_indexes_aside()

    async def find(self, connection: Connection) -> None:
        """Let a connection find the tables that are built where serving ones find those that serve."""
        # What a crash of the server loses now is not in use yet; the switch makes all of it durable.
        await connection.execute("SET synchronous_commit = off")
        await connection.execute(SEARCH, [self.log_schema, self.schema, False])

    async def drop(self) -> None:
        """Drop what was built, or half built."""
        tables = sql.SQL(", ").join(sql.Identifier(self.schema, table) for table in self.view.tables)
        await self.connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(tables))

    async def _set_indexes_aside(self) -> list[str]:
        cursor = await self.connection.execute(INDEXES, [self.schema, list(self.view.tables)])
        indexes = await cursor.fetchall()
        for name, _ in indexes:
            await self.connection.execute(f"DROP INDEX {name}".encode())
        return [statement for _, statement in indexes]

    async def finish(self, indexes: Sequence[str], second: Connection) -> None:
        """Make the indexes and the planner's statistics of the filled tables, over two connections."""
        for statements in (indexes, [f"ANALYZE {table}" for table in self.view.tables]):
            left = iter(statements)
            await together(_execute_all(connection, left) for connection in (self.connection, second))

    async def serve(self) -> None:
        """Put the tables in the place of those that served."""
        for table in self.view.tables:
            old, new = sql.Identifier(self.serving, table), sql.Identifier(self.schema, table)
            await self.connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(old))
            await self.connection.execute(
                sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(new, sql.Identifier(self.serving))
            )


async def _execute_all(connection: Connection, statements: Iterator[str]) -> None:
    """Execute statements that others take from too."""
    for statement in statements:
        await connection.execute(statement.encode())
