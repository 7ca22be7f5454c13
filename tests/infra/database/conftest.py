"""An owner who is no superuser."""

from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.infra.database.roles import drop_role


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
