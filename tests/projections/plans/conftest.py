"""One filled database, asked as the API asks it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from infra.pages import lists
from tests.projections.house import House
from tests.projections.plans.filling import MANY, asked_as_the_api_does, filled_database


@pytest.fixture(scope="session")
def database(postgres: str, template: str) -> Iterator[str]:
    """One that all tests here read, and none changes."""
    yield from filled_database(postgres, template, MANY)


@pytest.fixture
async def filled(database: str) -> AsyncIterator[House]:
    async with asked_as_the_api_does(database) as at:
        yield at


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds that hold for a million rows, for a few thousand: a thirtieth."""
    monkeypatch.setattr(lists, "ROUNDS", (8, 32, 80))
