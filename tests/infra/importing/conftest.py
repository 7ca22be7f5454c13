"""Every import goes into a log of its own."""

from collections.abc import AsyncIterator

import pytest

from infra.log import Log
from tests.infra.logs import opened, serving


@pytest.fixture
async def log(database: str) -> AsyncIterator[Log]:
    async with opened(serving(database)) as log:
        yield log
