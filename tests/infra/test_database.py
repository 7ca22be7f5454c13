"""Roles, schemas and migrations: who serves can read and append, and nothing else."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from infra.database import (
    DatabaseNotReady,
    Link,
    app_role,
    check_append_only,
    check_migrated,
    connect,
    owner_conninfo,
    serving_conninfo,
)
from infra.log import head
from infra.migrating import migrate
from tests.databases import SCHEMA
from tests.infra.logs import append_on, fetch, lock_held, owned, request, run, served, serving

pytestmark = pytest.mark.anyio

FORBIDDEN = [
    "UPDATE events SET actor = 'x'",
    "UPDATE events SET position = position + 1",
    "DELETE FROM events",
    "TRUNCATE events",
    "TRUNCATE events CASCADE",
    "INSERT INTO events SELECT * FROM events ON CONFLICT (position) DO UPDATE SET actor = 'x'",
    "MERGE INTO events USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
    "SELECT * FROM events FOR UPDATE",
    "UPDATE claims SET stream_id = gen_random_uuid()",
    "DELETE FROM claims",
    "TRUNCATE claims",
    "UPDATE stream_keys SET wrapped = ''",
    "TRUNCATE stream_keys",
    "UPDATE idempotency SET digest = ''",
    "TRUNCATE idempotency",
    "UPDATE access_keys SET roles = ARRAY['supervisor']",
    "DELETE FROM access_keys",
    "DROP TABLE events",
    "DROP SCHEMA ouvidoria CASCADE",
    "DROP FUNCTION append",
    "ALTER TABLE events ADD COLUMN more text",
    "ALTER TABLE events DISABLE TRIGGER ALL",
    "ALTER TABLE events OWNER TO CURRENT_USER",
    "ALTER FUNCTION append RENAME TO other",
    "CREATE TABLE ouvidoria.mine (a int)",
    "CREATE FUNCTION ouvidoria.append() RETURNS int LANGUAGE sql RETURN 1",
    "CREATE OR REPLACE FUNCTION ouvidoria.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
    "CREATE TRIGGER mine BEFORE INSERT ON events EXECUTE FUNCTION refuse_change()",
    "CREATE RULE mine AS ON INSERT TO events DO INSTEAD NOTHING",
    "CREATE INDEX ON events (actor)",
    "COMMENT ON TABLE events IS 'mine'",
    "SET session_replication_role = replica",
    "ALTER SEQUENCE protocol_numbers RESTART",
    "SELECT setval('protocol_numbers', 1)",
    "UPDATE alembic_version SET version_num = 'x'",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine",
]
STOPPED_BY_TRIGGERS = [
    "UPDATE events SET actor = 'x'",
    "DELETE FROM events",
    "DELETE FROM events WHERE false",
    "TRUNCATE events",
    "INSERT INTO events SELECT * FROM events ON CONFLICT (position) DO UPDATE SET actor = 'x'",
    "UPDATE claims SET stream_id = gen_random_uuid()",
    "DELETE FROM claims",
    "TRUNCATE claims",
    "UPDATE stream_keys SET wrapped = ''",
    "TRUNCATE stream_keys",
]


async def test_the_app_role_may_do_nothing_that_changes_the_log(database: str) -> None:
    async with served(database) as connection:
        await append_on(connection, request(claim="c"))
        before = await fetch(connection, "SELECT * FROM events")
        for statement in FORBIDDEN:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement.encode())
        assert await fetch(connection, "SELECT * FROM events") == before


async def test_the_app_role_reads_the_log_and_owns_its_views_schema(database: str) -> None:
    async with served(database) as connection:
        for table in ("events", "claims", "stream_keys", "idempotency", "access_keys"):
            await connection.execute(f"SELECT * FROM {table}".encode())
        await connection.execute("CREATE TABLE ouvidoria_views.mine (a int)")
        await connection.execute("DROP TABLE mine")


@pytest.mark.parametrize("role", ["origin", "replica"])
async def test_the_owner_too_is_stopped(database: str, role: str) -> None:
    async with served(database) as connection:
        await append_on(connection, request(claim="c"))
    async with owned(database) as connection:
        await connection.execute(f"SET session_replication_role = {role}".encode())
        for statement in STOPPED_BY_TRIGGERS:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
                await connection.execute(statement.encode())


async def test_serving_is_refused_to_a_connection_that_could_change_the_log(database: str) -> None:
    async with served(database) as connection:
        await check_append_only(connection)
    async with owned(database) as connection:
        with pytest.raises(DatabaseNotReady, match="SUPERUSER"):
            await check_append_only(connection)


@pytest.mark.parametrize(
    ("grant", "told"),
    [
        ("GRANT DELETE ON events TO ouvidoria_app", "DELETE ON events"),
        ("GRANT UPDATE (actor) ON events TO ouvidoria_app", "UPDATE ON events"),
        ("GRANT TRIGGER ON claims TO ouvidoria_app", "TRIGGER ON claims"),
        ("GRANT CREATE ON SCHEMA ouvidoria TO ouvidoria_app", "CREATE ON SCHEMA"),
    ],
)
async def test_serving_is_refused_after_a_grant_too_many(database: str, grant: str, told: str) -> None:
    await run(database, grant)
    async with served(database) as connection:
        with pytest.raises(DatabaseNotReady, match=told):
            await check_append_only(connection)


async def test_serving_an_unmigrated_schema_is_refused(empty_database: str) -> None:
    async with await connect(owner_conninfo(empty_database, SCHEMA)) as connection:
        with pytest.raises(DatabaseNotReady, match="ouvidoria migrate"):
            await check_append_only(connection)


async def test_serving_connections_are_durable_and_read_committed(database: str) -> None:
    async with served(database) as connection:
        shown = [
            (await fetch(connection, f"SHOW {name}"))[0][0]
            for name in ("synchronous_commit", "transaction_isolation", "timezone", "search_path")
        ]
    assert shown == ["on", "read committed", "UTC", "ouvidoria,ouvidoria_views"]


# ---- migrations


async def test_migrating_again_and_at_once_from_many_places_is_safe(empty_database: str) -> None:
    schema = f"tenant_{uuid4().hex[:8]}"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate(empty_database, schema), range(4)))
    migrate(empty_database, schema)
    async with await connect(serving_conninfo(empty_database, schema)) as connection:
        await check_append_only(connection)
    drop_role(empty_database, schema)


@pytest.mark.parametrize(
    "older",
    [
        "UPDATE alembic_version SET version_num = '0008_staff'",
        "REVOKE ALL ON alembic_version FROM ouvidoria_app",  # as before anybody looked at it
    ],
)
async def test_serving_a_log_that_lacks_migrations_is_refused(database: str, older: str) -> None:
    await run(database, older)
    async with served(database) as connection:
        with pytest.raises(
            DatabaseNotReady, match="lacks migrations of this version; run `ouvidoria migrate`"
        ):
            await check_migrated(connection)


async def test_a_log_that_was_migrated_may_be_served_from(database: str) -> None:
    await run(database, "REVOKE ALL ON alembic_version FROM ouvidoria_app")
    migrate(database, SCHEMA)
    async with served(database) as connection:
        await check_migrated(connection)


async def test_a_log_that_a_newer_version_has_migrated_is_served_and_left_as_it_is(database: str) -> None:
    await run(database, "UPDATE alembic_version SET version_num = '9999_later'")
    migrate(database, SCHEMA)
    async with served(database) as connection:
        await check_migrated(connection)
        assert await fetch(connection, "SELECT version_num FROM alembic_version") == [("9999_later",)]


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


@pytest.fixture
def ordinary(postgres: str, empty_database: str) -> Iterator[str]:
    """URL of an empty database for its owner, who is no superuser."""
    name = f"owner_{uuid4().hex[:8]}"
    database = urlsplit(empty_database).path[1:]
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), sql.Identifier(name))
        )
    parts = urlsplit(empty_database)
    host = parts.netloc.rpartition("@")[2]
    yield parts._replace(netloc=f"{name}@{host}").geturl()
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} OWNER TO CURRENT_USER").format(sql.Identifier(database))
        )
        connection.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(sql.Identifier(name)))
    drop_role(empty_database, name.replace("owner", "tenant"))
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def drop_role(database: str, schema: str) -> None:
    role = sql.Identifier(app_role(schema))
    with psycopg.connect(database, autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [app_role(schema)]).fetchone():
            connection.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(role))
            connection.execute(sql.SQL("DROP ROLE {}").format(role))


def user_of(url: str) -> str:
    return str(urlsplit(url).username)


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


# ---- connections


async def test_a_link_is_opened_again_after_it_broke(database: str) -> None:
    link = Link(serving(database))
    async with link.use() as connection:
        ((first,),) = await fetch(connection, "SELECT pg_backend_pid()")
    async with owned(database) as killer:
        await fetch(killer, "SELECT pg_terminate_backend(%s, 10000)", first)
    with pytest.raises(psycopg.OperationalError):
        async with link.use() as connection:
            await connection.execute("SELECT 1")
    async with link.use() as connection:
        ((second,),) = await fetch(connection, "SELECT pg_backend_pid()")
    assert first != second
    await link.close()
    await link.close()


async def test_a_connection_is_closed_though_its_task_is_cancelled_as_it_is_left(database: str) -> None:
    opened: list[psycopg.AsyncConnection[Any]] = []
    leaving = asyncio.Event()

    async def use() -> None:
        async with await connect(serving(database)) as connection:
            opened.append(connection)
            await connection.lock.acquire()  # leaving takes a turn of the loop, as it does on a busy machine
            leaving.set()

    using = asyncio.create_task(use())
    await leaving.wait()
    using.cancel()
    await asyncio.wait([using])
    assert using.cancelled()
    assert [connection.closed for connection in opened] == [True]


async def test_a_link_that_was_closed_stays_closed_also_while_it_was_being_opened(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[psycopg.AsyncConnection[Any]] = []
    link = Link(serving(database))

    async def closed_meanwhile(conninfo: str) -> psycopg.AsyncConnection[Any]:
        opened.append(await connect(conninfo))
        await link.close()
        return opened[-1]

    monkeypatch.setattr("infra.database.connect", closed_meanwhile)
    for _ in range(2):
        with pytest.raises(psycopg.InterfaceError, match="closed"):
            async with link.use():
                pass
    assert all(connection.closed for connection in opened)


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
