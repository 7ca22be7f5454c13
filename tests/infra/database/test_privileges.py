"""Who serves can read and append, and nothing else; the owner too is stopped."""

import psycopg
import pytest

from tests.infra.logs import append_on, fetch, owned, request, served

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
