"""Every wrong request gets its clear answer, and nothing of it is recorded."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.serving import Service


@pytest.fixture(autouse=True)
def _nothing_is_recorded(service: Service, request: pytest.FixtureRequest) -> Iterator[None]:
    """Of what a test asks for; complaints that it needs are made by the fixture `made`."""
    made = request.getfixturevalue("made")
    head = service.head()
    yield
    assert (made["version"], service.head()) == (1, head)


@pytest.fixture(scope="module")
def made(service: Service) -> dict[str, Any]:
    return service.register()
