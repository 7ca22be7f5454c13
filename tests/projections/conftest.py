"""Asynchronous tests (`pytest.mark.anyio`) run on asyncio, as the service does."""

import pytest


@pytest.fixture(scope="session")
def template(with_views: str) -> str:
    """The views need not be made for each test."""
    return with_views


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
