"""Connections to PostgreSQL: as the owner to migrate, as the app role to serve; and what each may do."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy
import structlog
from alembic import command
from alembic.config import Config
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
    """Bring role, schemas and tables of `schema` to the newest revision; safe to call at once and again.

    Raises:
        DatabaseNotReady: the user may not create what is missing; the message carries the SQL to run.
    """
    with psycopg.connect(owner_conninfo(url, schema), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtextextended('migrate ' || %s, 0))", [schema])
        _create_role_and_schemas(connection, schema)
        _upgrade(url, schema)


def _upgrade(url: str, schema: str) -> None:
    # The pool class makes SQLAlchemy hand over psycopg's own connection and forget it.
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(owner_conninfo(url, schema)),
        poolclass=sqlalchemy.NullPool,
    )
    with engine.begin() as bound:
        bound.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes.update(connection=bound, schema=schema, app_role=app_role(schema))
        command.upgrade(config, "head")


# Statements, each with the condition under which it is needed. SET: from PostgreSQL 16 on, the creator of a
# role is its member without being allowed to act as it.
NEEDED = """
WITH me AS (SELECT current_user AS name),
     app AS (SELECT oid FROM pg_roles WHERE rolname = %(app)s::text),
     log AS (SELECT nspowner, nspacl FROM pg_namespace WHERE nspname = %(log)s::text)
SELECT statement FROM (VALUES
    (1, format('CREATE ROLE %%I NOLOGIN', %(app)s::text), NOT EXISTS (TABLE app)),
    (2, format('GRANT %%I TO %%I', %(app)s::text, (SELECT name FROM me)),
        NOT EXISTS (SELECT FROM app WHERE pg_has_role(oid, %(acting)s::text))),
    (3, format('CREATE SCHEMA IF NOT EXISTS %%I AUTHORIZATION %%I', %(log)s::text, (SELECT name FROM me)),
        NOT EXISTS (TABLE log)),
    (4, format('ALTER SCHEMA %%I OWNER TO %%I', %(log)s::text, (SELECT name FROM me)),
        EXISTS (SELECT FROM log WHERE NOT pg_has_role(nspowner, 'MEMBER'))),
    (5, format('CREATE SCHEMA IF NOT EXISTS %%I AUTHORIZATION %%I', %(views)s::text, %(app)s::text),
        NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = %(views)s::text)),
    (6, format('GRANT USAGE ON SCHEMA %%I TO %%I', %(log)s::text, %(app)s::text),
        NOT EXISTS (SELECT FROM log, app, aclexplode(nspacl)
                     WHERE grantee = app.oid AND privilege_type = 'USAGE'))
) AS needed (step, statement, missing) WHERE missing ORDER BY step
"""


def _create_role_and_schemas(connection: psycopg.Connection[Any], schema: str) -> None:
    names = {
        "app": app_role(schema),
        "log": schema,
        "views": views_schema(schema),
        "acting": "SET" if connection.info.server_version >= 160000 else "MEMBER",
    }
    needed = [statement for (statement,) in connection.execute(NEEDED, names)]
    for done, statement in enumerate(needed):
        try:
            connection.execute(statement.encode())
        except psycopg.errors.InsufficientPrivilege as error:
            raise DatabaseNotReady(
                f"{error.diag.message_primary}; let a superuser run this in the database "
                f"{connection.info.dbname}, then migrate again:\n" + "\n".join(f"{s};" for s in needed[done:])
            ) from error
        except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            pass  # roles belong to the whole server: a migration of another database was faster


FORBIDDEN = """
SELECT privilege || ' ON ' || held FROM unnest(ARRAY['events', 'claims']) AS held,
       unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS privilege
 WHERE has_table_privilege(held, privilege)
    OR privilege = 'UPDATE' AND has_any_column_privilege(held, privilege)
UNION ALL SELECT 'CREATE ON SCHEMA' WHERE has_schema_privilege(current_schema(), 'CREATE')
UNION ALL SELECT 'SUPERUSER' FROM pg_roles WHERE rolname = current_user AND rolsuper
UNION ALL SELECT 'OWNER' FROM pg_class
           WHERE oid = 'events'::regclass AND pg_has_role(current_user, relowner, 'USAGE')
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
        raise DatabaseNotReady(
            f"the serving role could change the log ({powers}); it must only read and append"
        )


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
                raise Unavailable(f"no connection within {seconds:g} seconds: {error}") from error
            await asyncio.sleep(0.2)
        else:
            return
