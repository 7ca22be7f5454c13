"""A real NATS JetStream."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.nats_server import Missing, NatsServer, binary


@pytest.fixture(scope="session")
def program() -> Path:
    try:
        return binary()
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def server(program: Path, tmp_path: Path) -> Iterator[NatsServer]:
    running = NatsServer(program, tmp_path)
    running.start()
    yield running
    running.kill()
