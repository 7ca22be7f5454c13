"""Migrations: by whom, from where and how often they are run, each tenant has what it needs, and no more."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from infra.database import (
    DatabaseNotReady,
    app_role,
    check_append_only,
    connect,
    owner_conninfo,
    serving_conninfo,
)
from infra.log import head
from infra.migrating import migrate
from tests.databases import SCHEMA
from tests.infra.database.roles import drop_role, user_of
from tests.infra.logs import append_on, fetch, lock_held, owned, request, served

pytestmark = pytest.mark.anyio


async def test_migrating_again_and_at_once_from_many_places_is_safe(empty_database: str) -> None:
    schema = f"tenant_{uuid4().hex[:8]}"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate(empty_database, schema), range(4)))
    migrate(empty_database, schema)
    async with await connect(serving_conninfo(empty_database, schema)) as connection:
        await check_append_only(connection)
    drop_role(empty_database, schema)


def test_a_server_that_is_too_old_is_refused_before_anything_is_made(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.migrating.OLDEST_POSTGRESQL", 99)
    schema = f"tenant_{uuid4().hex[:8]}"
    with pytest.raises(DatabaseNotReady, match=r"the server is PostgreSQL \d.*; 99 or newer is needed"):
        migrate(empty_database, schema)
    with psycopg.connect(empty_database) as connection:
        assert not connection.execute("SELECT FROM pg_namespace WHERE nspname = %s", [schema]).fetchall()


def test_migrations_are_found_from_wherever_the_service_is_started(empty_database: str) -> None:
    script = "import sys; from infra.migrating import migrate; migrate(*sys.argv[1:])"
    schema = f"tenant_{uuid4().hex[:8]}"
    subprocess.run(
        [sys.executable, "-c", script, empty_database, schema],
        cwd="/",
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )
    drop_role(empty_database, schema)


async def test_nothing_is_made_in_public(database: str) -> None:
    async with owned(database) as connection:
        found = await fetch(
            connection,
            """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
               UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace""",
        )
    assert found == []


async def test_two_tenants_in_one_database_have_logs_and_locks_of_their_own(database: str) -> None:
    schema = f"tenant_{uuid4().hex[:8]}"
    migrate(database, schema)
    async with lock_held(database), await connect(serving_conninfo(database, schema)) as other:
        await other.execute("SET lock_timeout = '10ms'")
        (answer,) = await append_on(other, request(events=2))
        assert answer.first_position == 1
        for table in ("events", "stream_keys"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await other.execute(f"SELECT * FROM {SCHEMA}.{table}".encode())
    async with served(database) as first:
        assert await head(first) == 0
    drop_role(database, schema)


async def test_the_owner_of_the_database_migrates_and_the_app_role_serves(
    empty_database: str, ordinary: str
) -> None:
    schema = user_of(ordinary).replace("owner", "tenant")
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER ROLE {} CREATEROLE").format(sql.Identifier(user_of(ordinary))))
    migrate(ordinary, schema)
    migrate(ordinary, schema)
    async with await connect(serving_conninfo(ordinary, schema)) as connection:
        await check_append_only(connection)
        assert (await fetch(connection, "SELECT current_user"))[0] == (app_role(schema),)
        await append_on(connection, request())
    async with await connect(owner_conninfo(ordinary, schema)) as connection:
        with pytest.raises(DatabaseNotReady, match="OWNER"):
            await check_append_only(connection)
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            await connection.execute("DELETE FROM events")


async def test_without_the_right_to_create_roles_migrate_tells_the_statements_which_then_suffice(
    empty_database: str, ordinary: str
) -> None:
    schema = user_of(ordinary).replace("owner", "tenant")
    with pytest.raises(DatabaseNotReady) as refusal:
        migrate(ordinary, schema)
    message, *statements = str(refusal.value).splitlines()
    assert "superuser" in message
    assert statements[:2] == [
        f"CREATE ROLE {app_role(schema)} NOLOGIN;",
        f"GRANT {app_role(schema)} TO {user_of(ordinary)};",
    ]
    with psycopg.connect(empty_database, autocommit=True) as superuser:
        for statement in statements:
            superuser.execute(statement.encode())
    migrate(ordinary, schema)
    async with await connect(serving_conninfo(ordinary, schema)) as connection:
        await check_append_only(connection)


async def test_without_the_right_to_create_schemas_migrate_tells_the_statements_too(
    empty_database: str, ordinary: str
) -> None:
    schema = user_of(ordinary).replace("owner", "tenant")
    database = urlsplit(empty_database).path[1:]
    with psycopg.connect(empty_database, autocommit=True) as superuser:
        superuser.execute(sql.SQL("ALTER DATABASE {} OWNER TO CURRENT_USER").format(sql.Identifier(database)))
        with pytest.raises(DatabaseNotReady) as refusal:
            migrate(ordinary, schema)
        for statement in str(refusal.value).splitlines()[1:]:
            superuser.execute(statement.encode())
    migrate(ordinary, schema)
    async with await connect(serving_conninfo(ordinary, schema)) as connection:
        await check_append_only(connection)
