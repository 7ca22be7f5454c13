"""All connections are busy: who reads waits as long as the settings say, then is told to come back."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.reading import Pool
from tests.api.serving import Service, problem, serving


@contextmanager
def busy(service: Service) -> Iterator[None]:
    """Others read over every connection meanwhile."""
    pool: Pool = service.services.reader._pool
    taken: list[Any] = [service.run(pool.getconn()) for _ in range(pool.max_size)]
    try:
        yield
    finally:
        for connection in taken:
            service.run(pool.putconn(connection))


def test_who_would_read_is_told_to_come_back_once_it_has_waited_so_long(
    database: str, tmp_path: Path
) -> None:
    with serving(database, tmp_path, pool_size=2, longest_wait=0.1) as service:
        service.get("/v1/me")
        with busy(service):
            answer = service.get("/v1/customers")
        problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "1"
        assert service.get("/v1/customers").status_code == 200


def test_until_then_it_waits(database: str, tmp_path: Path) -> None:
    with serving(database, tmp_path, longest_wait=60.0) as service, ThreadPoolExecutor(1) as threads:
        with busy(service):
            waiting = threads.submit(service.get, "/v1/customers")
            time.sleep(2.5)
            assert not waiting.done()
        assert waiting.result().status_code == 200
