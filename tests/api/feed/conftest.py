"""A log that nobody adds to."""

from collections.abc import Iterator

import pytest

from tests.api.feed.reading import EVENTS
from tests.api.serving import Service, serving
from tests.databases import database_url, drop_database, make_database


@pytest.fixture(scope="module")
def log(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a short log that nobody adds to: three complaints, notes on each."""
    name = make_database(postgres, template)
    with serving(database_url(postgres, name), tmp_path_factory.mktemp("home")) as running:
        complaints = [running.register()["id"] for _ in range(3)]
        for number in range(8):
            running.do(complaints[number % 3], "add-note", text=f"note {number}")
        for complaint in complaints[:2]:
            running.do(complaint, "classify", severity="high")
        assert running.head() == EVENTS
        yield running
    drop_database(postgres, name)
