"""Streams end when they should, and when the database is away they go on where they were."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api import streams
from tests.api.serving import Service, serving
from tests.api.sse import streaming
from tests.api.stream.padding import append, pad, positions


def test_a_revoked_key_ends_its_streams(own_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "CHECK_SECONDS", 0.2)
    key_id, token = own_service.key_and_id("leaving", "integrator")
    with streaming(own_service, token=token) as leaving, streaming(own_service) as staying:
        leaving.next()
        staying.next()
        own_service.revoke(key_id)
        leaving.rest()
        own_service.register()
        assert staying.event().id == 1


def test_a_service_that_stops_ends_its_streams_at_once(database: str, tmp_path: Path) -> None:
    with serving(database, tmp_path) as own, ThreadPoolExecutor() as threads, streaming(own) as stream:
        stream.next()
        ended = threads.submit(stream.rest)
        own._server.config.timeout_graceful_shutdown = 3600  # for requests under way
        own.stop()
        ended.result(60)


def test_what_is_recorded_while_the_hub_cannot_read_is_told_afterwards(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = own_service.services.hub
    plain, away = found._read, True

    async def failing(*asked: Any) -> Any:
        if away:
            raise psycopg.OperationalError("away")
        return await plain(*asked)

    with streaming(own_service) as whole, streaming(own_service, "types=note-added") as some:
        whole.next()
        some.next()
        own_service.register()
        assert whole.event().id == 1
        monkeypatch.setattr(found, "_read", failing)
        for _ in range(3):
            pad(own_service, 2)
            own_service.register()
        time.sleep(0.3)
        away = False
        assert positions(whole.events(9)) == list(range(2, 11))
        notes = some.events(6)
        assert positions(notes) == [2, 3, 5, 6, 8, 9]
        assert [int((each.data or {})["coversfrom"]) for each in notes] == [1, 3, 4, 6, 7, 9]


def test_an_outage_of_the_database_ends_no_stream(own_service: Service) -> None:
    """The connections of the process are cut; the stream goes on where it was."""
    with streaming(own_service) as stream:
        stream.next()
        own_service.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                        " AND datname = current_database()")  # fmt: skip
        for _ in range(3):
            pad(own_service, 1)
        assert positions(stream.events(3)) == [1, 2, 3]


def test_what_is_recorded_while_the_log_cannot_be_read_is_not_passed_over(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, failed = own_service.services.hub._read, threading.Event()

    async def failing(*asked: Any) -> Any:
        if not failed.is_set():
            await append(own_service, 3)
            failed.set()
            raise psycopg.OperationalError
        return await plain(*asked)

    with streaming(own_service) as stream:
        stream.next()
        monkeypatch.setattr(own_service.services.hub, "_read", failing)
        assert failed.wait(30)
        for _ in range(4):
            time.sleep(0.5)  # some before the log can be read again, some after
            pad(own_service, 1)
        assert stream.event().id == 1
        assert positions(stream.events(6)) == [2, 3, 4, 5, 6, 7]
