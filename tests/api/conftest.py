"""One service a module; tests that disturb it take one of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api import openapi
from tests.api.described import document
from tests.api.serving import Service, serving
from tests.databases import database_url, drop_database, make_database


@pytest.fixture(scope="session")
def template(with_views: str) -> str:
    """The views need not be made for each test."""
    return with_views


@pytest.fixture(scope="session", autouse=True)
def _one_document() -> Iterator[None]:
    """It is not described anew for each app."""
    described = document()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openapi, "describe", lambda _app: described)
        yield


@pytest.fixture(scope="module")
def service(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that the tests of a module share."""
    name = make_database(postgres, template)
    with serving(database_url(postgres, name), tmp_path_factory.mktemp("home")) as running:
        yield running
    drop_database(postgres, name)


@pytest.fixture
def own_service(database: str, tmp_path: Path) -> Iterator[Service]:
    """A service of the test's own."""
    with serving(database, tmp_path) as running:
        yield running
