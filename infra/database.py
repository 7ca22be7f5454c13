"""Connections to PostgreSQL: as the owner to migrate, as the app role to serve, and the check that the two differ."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
import sqlalchemy
import structlog
from alembic import command
from alembic.config import Config
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

MIGRATIONS = Path(__file__).parent / "migrations"
CONNECT_SECONDS = 5

log = structlog.get_logger()


class DatabaseNotReady(Exception):
    """The database cannot be served from as it stands; the message says what to do."""


class Unavailable(Exception):
    """The database did not answer in time. What was asked may be asked again."""


def app_role(schema: str) -> str:
    """Name of the role that serves: it reads and appends the log of `schema` and owns its views."""
    return f"{schema}_app"


def views_schema(schema: str) -> str:
    """Name of the schema that holds the views of the log in `schema`."""
    return f"{schema}_views"


def owner_conninfo(url: str, schema: str) -> str:
    """Connection string of the migrating owner, with the log's schema as the search path."""
    return _conninfo(url, f"-c search_path={schema}")


def serving_conninfo(url: str, schema: str, **more: str) -> str:
    """Connection string of a serving connection: app role, log before views in the search path, UTC, durable.

    `more` are further settings of the session, such as `statement_timeout`.
    """
    options = {
        "role": app_role(schema),
        "search_path": f"{schema},{views_schema(schema)}",
        "timezone": "UTC",
        "synchronous_commit": "on",
        "default_transaction_isolation": "read\\ committed",
        **more,
    }
    return _conninfo(url, " ".join(f"-c {name}={value}" for name, value in options.items()))


def _conninfo(url: str, options: str) -> str:
    given = conninfo_to_dict(url)
    if given.get("options"):
        options = f"{given['options']} {options}"
    given.setdefault("connect_timeout", CONNECT_SECONDS)
    return make_conninfo("", **{**given, "options": options})


async def connect(conninfo: str) -> psycopg.AsyncConnection[Any]:
    """Open an autocommitting connection; never waits longer than five seconds.

    Raises:
        psycopg.OperationalError: the server cannot be reached or refuses.
    """
    return await psycopg.AsyncConnection.connect(conninfo, autocommit=True)


class Link:
    """One connection for one task after another, opened when first needed and again after it broke."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._free = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def use(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """The open connection, to nobody else meanwhile; a broken or cancelled use closes it."""
        async with self._free:
            if self._connection is None or self._connection.closed:
                self._connection = await connect(self._conninfo)
            try:
                yield self._connection
            except (psycopg.OperationalError, psycopg.InterfaceError, asyncio.CancelledError):
                await self._connection.close()
                raise

    async def close(self) -> None:
        """Close the connection, if one is open."""
        if self._connection is not None:
            await self._connection.close()


def migrate(url: str, schema: str) -> None:
    """Bring role, schemas and tables of `schema` to the newest revision; safe to call at once from many places.

    Raises:
        DatabaseNotReady: the user may not create what is missing; the message carries the SQL to run.
    """
    with psycopg.connect(owner_conninfo(url, schema), autocommit=True) as connection:
        _create_role(connection, schema)
        _create_schemas(connection, schema)
    # The pool class makes SQLAlchemy hand over psycopg's own connection and forget it.
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(owner_conninfo(url, schema)),
        poolclass=sqlalchemy.NullPool,
    )
    with engine.begin() as bound:
        bound.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended('migrate ' || current_schema(), 0))")
        bound.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes.update(connection=bound, schema=schema, app_role=app_role(schema))
        command.upgrade(config, "head")


def _create_role(connection: psycopg.Connection[Any], schema: str) -> None:
    role = app_role(schema)
    exists, member, may = _row(
        connection,
        """SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %(role)s),
                  EXISTS (SELECT FROM pg_roles WHERE rolname = %(role)s AND pg_has_role(oid, 'MEMBER')),
                  rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user""",
        {"role": role},
    )
    statements = []
    if not exists:
        statements.append(sql.SQL("CREATE ROLE {role} NOLOGIN"))
    if not member:
        statements.append(sql.SQL("GRANT {role} TO CURRENT_USER"))
    made = [s.format(role=sql.Identifier(role)) for s in statements]
    if made and not may:
        user = connection.info.user
        lines = "\n".join(s.as_string(connection).replace("CURRENT_USER", f'"{user}"') + ";" for s in made)
        raise DatabaseNotReady(f"{user} may not create roles; let a superuser run this, then migrate again:\n{lines}")
    for statement in made:
        with contextlib.suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            connection.execute(statement)


def _create_schemas(connection: psycopg.Connection[Any], schema: str) -> None:
    names = {
        "log": sql.Identifier(schema),
        "views": sql.Identifier(views_schema(schema)),
        "app": sql.Identifier(app_role(schema)),
        "database": sql.Identifier(connection.info.dbname),
    }
    present = {name for (name,) in connection.execute("SELECT nspname::text FROM pg_namespace")}
    wanted = {
        schema: "CREATE SCHEMA IF NOT EXISTS {log}",
        views_schema(schema): "CREATE SCHEMA IF NOT EXISTS {views} AUTHORIZATION {app}",
    }
    missing = [sql.SQL(text).format(**names) for name, text in wanted.items() if name not in present]
    try:
        for statement in missing:
            with contextlib.suppress(psycopg.errors.DuplicateSchema, psycopg.errors.UniqueViolation):
                connection.execute(statement)
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {log} TO {app}").format(**names))
        # The views' schema belongs to the app role; its owner may still look at it.
        connection.execute(sql.SQL("REVOKE CREATE ON SCHEMA {log} FROM {app}").format(**names))
    except psycopg.errors.InsufficientPrivilege as error:
        lines = "\n".join(s.as_string(connection) + ";" for s in missing)
        raise DatabaseNotReady(f"{error.diag.message_primary}; let a superuser run this, then migrate again:\n{lines}")


def _row(connection: psycopg.Connection[Any], query: LiteralString, arguments: dict[str, str]) -> tuple[Any, ...]:
    row = connection.execute(query, arguments).fetchone()
    if row is None:
        raise DatabaseNotReady("the current user has no row in pg_roles")
    return cast("tuple[Any, ...]", row)


FORBIDDEN = """
SELECT privilege FROM unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS privilege
 WHERE has_table_privilege('events', privilege)
UNION ALL SELECT 'SUPERUSER' FROM pg_roles WHERE rolname = current_user AND rolsuper
UNION ALL SELECT 'OWNER' FROM pg_class WHERE oid = 'events'::regclass AND pg_has_role(current_user, relowner, 'USAGE')
"""


async def check_append_only(connection: psycopg.AsyncConnection[Any]) -> None:
    """Refuse to serve from a connection that could change what is in the log.

    Raises:
        DatabaseNotReady: the log is not migrated, or the role may do more than read and append.
    """
    try:
        rows = await (await connection.execute(FORBIDDEN)).fetchall()
    except psycopg.errors.UndefinedTable as error:
        raise DatabaseNotReady("the log does not exist yet; run `ouvidoria migrate`") from error
    if rows:
        powers = ", ".join(power for (power,) in rows)
        raise DatabaseNotReady(f"the serving role could change the log ({powers}); it must only read and append")


async def wait_until_up(conninfo: str, seconds: float) -> None:
    """Return once a connection succeeds.

    Raises:
        Unavailable: none did within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            await (await connect(conninfo)).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise Unavailable(f"the database did not answer within {seconds:g} seconds") from error
            await asyncio.sleep(0.2)
        else:
            return
