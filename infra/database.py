"""Connections to PostgreSQL: as the owner to migrate, as the app role to serve; and what each may do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

CONNECT_SECONDS = 5
LOST = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,  # which psycopg counts among its own errors
)
"""What says that a connection was lost, or the server cannot do just now what it was asked."""


def passes(error: BaseException) -> bool:
    """Whether an error says so, and not that a value is too long for its index."""
    return isinstance(error, LOST) and not isinstance(error, psycopg.errors.ProgramLimitExceeded)


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


def rebuild_schema(schema: str) -> str:
    """Name of the schema in which views of the log in `schema` are built before they serve."""
    return f"{schema}_rebuild"


def owner_conninfo(url: str, schema: str) -> str:
    """Connection string of the migrating owner, with the log's schema as the search path."""
    return _conninfo(url, f"-c search_path={schema}")


def serving_conninfo(url: str, schema: str, **more: str) -> str:
    """Connection string of a serving connection: app role, log before views, UTC, UTF-8, durable.

    `more` are further settings of the session, such as `statement_timeout`.
    """
    options = {
        "role": app_role(schema),
        "search_path": f"{schema},{views_schema(schema)}",
        "timezone": "UTC",
        "client_encoding": "utf8",
        "synchronous_commit": "on",
        "default_transaction_isolation": "read\\ committed",
        **more,
    }
    return _conninfo(url, " ".join(f"-c {name}={value}" for name, value in options.items()))


def hasty(conninfo: str) -> str:
    """A serving connection string without the wait for the disk, for what can be made again."""
    return _with(conninfo, "synchronous_commit=off")


def mortal(conninfo: str) -> str:
    """A serving connection string: when this process dies or hangs, a statement of its own and its locks end.

    The server looks for a client that died in the middle of a statement; between statements it knows at once.
    One that hangs says nothing for five seconds: to live on, such a connection must be used, or `pulsing`.
    """
    return _with(
        conninfo,
        "client_connection_check_interval=500ms",
        "idle_session_timeout=5s",
        "idle_in_transaction_session_timeout=5s",
    )


def _with(conninfo: str, *settings: str) -> str:
    options = [conninfo_to_dict(conninfo)["options"], *(f"-c {setting}" for setting in settings)]
    return make_conninfo(conninfo, options=" ".join(map(str, options)))


def _conninfo(url: str, options: str) -> str:
    given = conninfo_to_dict(url)
    if given.get("options"):
        options = f"{given['options']} {options}"
    given.setdefault("connect_timeout", CONNECT_SECONDS)
    return make_conninfo("", **{**given, "options": options})


class _Closed(psycopg.AsyncConnection[Any]):
    """One that is closed when its context is left, also where a cancellation comes in that very moment."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            await self.close()


async def connect(conninfo: str) -> psycopg.AsyncConnection[Any]:
    """Open an autocommitting connection; never waits longer than five seconds.

    Raises:
        psycopg.OperationalError: the server cannot be reached or refuses.
    """
    return await _Closed.connect(conninfo, autocommit=True)


class Link:
    """One connection for one task after another, opened when first needed and again after it broke."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._cursor: psycopg.AsyncCursor[Any] | None = None
        self._free = asyncio.Lock()
        self._closed = False

    @contextlib.asynccontextmanager
    async def use(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """The open connection, to nobody else meanwhile; a broken or cancelled use closes it.

        Raises:
            psycopg.OperationalError: the server cannot be reached or refuses.
            psycopg.InterfaceError: the link was closed.
        """
        async with self._free:
            if self._connection is None or self._connection.closed:
                self._connection = await connect(self._conninfo)
            if self._closed:  # perhaps while this was connecting
                await self._connection.close()
                raise psycopg.InterfaceError("the link is closed")
            try:
                yield self._connection
            except (*LOST, asyncio.CancelledError):
                await self._connection.close()
                raise

    @contextlib.asynccontextmanager
    async def cursor(self) -> AsyncIterator[psycopg.AsyncCursor[Any]]:
        """As `use`, with a cursor for binary results, always the same: to make one costs a fifth of a commit.

        Raises:
            psycopg.OperationalError: the server cannot be reached or refuses.
            psycopg.InterfaceError: the link was closed.
        """
        async with self.use() as connection:
            if self._cursor is None or self._cursor.connection is not connection:
                self._cursor = connection.cursor(binary=True)
            yield self._cursor

    async def close(self) -> None:
        """Close the connection, if one is open, for ever."""
        self._closed = True
        if self._connection is not None:
            await self._connection.close()


VERSIONS = Path(__file__).parent / "migrations" / "versions"


def revisions() -> list[str]:
    """The migrations that this version of the service knows, oldest first."""
    return sorted(path.stem for path in VERSIONS.glob("0*.py"))


async def check_migrated(connection: psycopg.AsyncConnection[Any]) -> None:
    """Refuse to serve from a log that lacks migrations. One that a newer version has migrated is served.

    Raises:
        DatabaseNotReady: there are migrations to be run first.
    """
    try:
        row = await (await connection.execute("SELECT version_num FROM alembic_version")).fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
        row = None  # nobody may read it in a log of the time when it was not looked at
    at = row[0] if row else None
    if at is None or at in revisions()[:-1]:
        raise DatabaseNotReady("the log lacks migrations of this version; run `ouvidoria migrate`")


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
