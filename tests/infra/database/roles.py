"""Roles that tests make."""

from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from infra.database import app_role


def drop_role(database: str, schema: str) -> None:
    role = sql.Identifier(app_role(schema))
    with psycopg.connect(database, autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [app_role(schema)]).fetchone():
            connection.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(role))
            connection.execute(sql.SQL("DROP ROLE {}").format(role))


def user_of(url: str) -> str:
    return str(urlsplit(url).username)
