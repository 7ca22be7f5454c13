"""Migrations: role, schemas and tables of the log, brought to the newest revision by their owner."""

from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config

from infra.database import DatabaseNotReady, app_role, owner_conninfo, rebuild_schema, revisions, views_schema

MIGRATIONS = Path(__file__).parent / "migrations"
OLDEST_POSTGRESQL = 15


def migrate(url: str, schema: str) -> None:
    """Bring role, schemas and tables of `schema` to the newest revision; safe to call at once and again.

    What a newer version of the service has migrated is left as it is.

    Raises:
        DatabaseNotReady: the server is too old, or the user may not create what is missing; the message says
            which, or carries the SQL to run.
    """
    with psycopg.connect(owner_conninfo(url, schema), autocommit=True) as connection:
        _check_version(connection)
        connection.execute("SELECT pg_advisory_lock(hashtextextended('migrate ' || %s, 0))", [schema])
        _create_role_and_schemas(connection, schema)
        _upgrade(url, schema)


def _check_version(connection: psycopg.Connection[Any]) -> None:
    if connection.info.server_version < OLDEST_POSTGRESQL * 10_000:
        raise DatabaseNotReady(
            f"the server is PostgreSQL {connection.info.parameter_status('server_version')}; "
            f"{OLDEST_POSTGRESQL} or newer is needed"
        )


# An append locks the log's tables one after the other, and so does a migration, which would meet it half-way.
# Behind `append`'s own lock it meets nobody. Before the first migration there is no log.
HOLD = """
SELECT pg_advisory_xact_lock(c.oid::integer, 0) FROM pg_class c
 WHERE c.relname = 'events' AND c.relnamespace = current_schema()::regnamespace"""


def _upgrade(url: str, schema: str) -> None:
    # The pool class makes SQLAlchemy hand over psycopg's own connection and forget it.
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(owner_conninfo(url, schema)),
        poolclass=sqlalchemy.NullPool,
    )
    with engine.begin() as bound:
        bound.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
        bound.exec_driver_sql(HOLD)
        if _is_newer(bound):
            return
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes.update(connection=bound, schema=schema, app_role=app_role(schema))
        command.upgrade(config, "head")
        bound.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {app_role(schema)}")


def _is_newer(bound: sqlalchemy.Connection) -> bool:
    """Whether a newer version of the service has migrated the log: this one works with it as it is."""
    if bound.exec_driver_sql("SELECT to_regclass('alembic_version')").scalar() is None:
        return False
    at = bound.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return at is not None and at not in revisions()


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
                     WHERE grantee = app.oid AND privilege_type = 'USAGE')),
    (7, format('CREATE SCHEMA IF NOT EXISTS %%I AUTHORIZATION %%I', %(rebuild)s::text, %(app)s::text),
        NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = %(rebuild)s::text)),
    (8, format('GRANT TEMPORARY ON DATABASE %%I TO %%I', current_database(), %(app)s::text),
        NOT EXISTS (SELECT FROM app WHERE has_database_privilege(oid, current_database(), 'TEMPORARY')))
) AS needed (step, statement, missing) WHERE missing ORDER BY step
"""


def _create_role_and_schemas(connection: psycopg.Connection[Any], schema: str) -> None:
    names = {
        "app": app_role(schema),
        "log": schema,
        "views": views_schema(schema),
        "rebuild": rebuild_schema(schema),
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
