"""Databases of a test server: made from a template, and dropped. Imports little, for processes of tests."""

from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from psycopg import sql

SCHEMA = "ouvidoria"


def database_url(server: str, name: str) -> str:
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def make_database(server: str, template: str = "template1") -> str:
    name = f"test_{uuid4().hex}"
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    execute(server, statement.format(sql.Identifier(name), sql.Identifier(template)))
    return name


def drop_database(server: str, name: str) -> None:
    execute(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def execute(server: str, statement: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)
