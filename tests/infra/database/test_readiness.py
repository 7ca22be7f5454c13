"""Nothing serves that could change the log, lacks migrations, or loses what it acknowledged."""

import psycopg
import pytest

from infra.database import DatabaseNotReady, check_append_only, check_migrated, connect, owner_conninfo
from infra.migrating import migrate
from tests.databases import SCHEMA
from tests.infra.logs import fetch, owned, run, served

pytestmark = pytest.mark.anyio


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


async def test_serving_connections_take_every_text_whatever_the_database_is_set_to(database: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    for setting in ("client_encoding = 'LATIN1'", "standard_conforming_strings = off"):
        await run(database, f'ALTER DATABASE "{name}" SET {setting}')
    async with served(database) as connection:
        cursor = psycopg.AsyncClientCursor(connection)
        await cursor.execute("SELECT %s", ["ação 😀 \\"])
        assert await cursor.fetchone() == ("ação 😀 \\",)


async def test_serving_connections_are_durable_and_read_committed(database: str) -> None:
    async with served(database) as connection:
        shown = [
            (await fetch(connection, f"SHOW {name}"))[0][0]
            for name in ("synchronous_commit", "transaction_isolation", "timezone", "search_path")
        ]
    assert shown == ["on", "read committed", "UTC", "ouvidoria,ouvidoria_views"]


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
