"""Databases for tests: one server a session, one migrated template, a copy of it for each test."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from api.parts import VIEWS
from infra.database import connect, serving_conninfo
from infra.embedded import EmbeddedPostgres
from infra.migrating import migrate
from infra.projector import prepare
from tests.databases import SCHEMA, database_url, drop_database, make_database

# With the locals of each frame, a traceback takes seconds of a slow machine, in which nothing else is done.
*_processors, _ = structlog.get_config()["processors"]
_plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*_processors, _plain])

SLOWEST = (
    "tests/faults/",
    "tests/test_readme.py",
    "tests/test_tutorials.py",
    "tests/api/test_schemathesis.py",
    "tests/infra/test_webhook_faults.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, and what is done at once last: no process works alone in the end."""
    items.sort(
        key=lambda item: (not item.nodeid.startswith(SLOWEST), item.nodeid.startswith("tests/domain/"))
    )


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server where databases may be made: OUVIDORIA_TEST_DATABASE_URL, or an embedded one."""
    given = os.environ.get("OUVIDORIA_TEST_DATABASE_URL")
    if given:
        yield given
        return
    home: Path = tmp_path_factory.mktemp("postgres")
    # The operating system keeps what a killed server wrote; only a power cut would need fsync.
    with EmbeddedPostgres(home, {"fsync": "off", "full_page_writes": "off"}) as server:
        yield server.url("postgres")


@pytest.fixture(scope="session")
def migrated(postgres: str) -> Iterator[str]:
    """Name of a migrated database, without views."""
    name = make_database(postgres)
    migrate(database_url(postgres, name), SCHEMA)
    yield name
    drop_database(postgres, name)


@pytest.fixture(scope="session")
def with_views(postgres: str, migrated: str) -> Iterator[str]:
    """Name of a migrated database with all views, as the first process that serves leaves it."""
    name = make_database(postgres, migrated)
    asyncio.run(_prepare(database_url(postgres, name)))
    yield name
    drop_database(postgres, name)


async def _prepare(url: str) -> None:
    async with await connect(serving_conninfo(url, SCHEMA)) as connection:
        await prepare(connection, VIEWS)


@pytest.fixture(scope="session")
def template(migrated: str) -> str:
    """Name of the database that those of the tests are copied from."""
    return migrated


@pytest.fixture
def database(postgres: str, template: str) -> Iterator[str]:
    """URL of a fresh, migrated database."""
    name = make_database(postgres, template)
    yield database_url(postgres, name)
    drop_database(postgres, name)


@pytest.fixture
def empty_database(postgres: str) -> Iterator[str]:
    """URL of a fresh database that is not migrated."""
    name = make_database(postgres)
    yield database_url(postgres, name)
    drop_database(postgres, name)
