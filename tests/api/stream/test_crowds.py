"""Of many clients of the stream nobody pays for the slowness of another."""

import asyncio
import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from api import streams
from infra import hub
from tests.api.serving import Service, eventually, serving
from tests.api.sse import Ended, Stream, streaming
from tests.api.stream.padding import pad, positions


def test_all_clients_of_a_process_share_one_look_at_the_log(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_service.register()
    opened = [Stream(own_service, "after=1") for _ in range(50)]
    for stream in opened:
        stream.next()
    reads: list[int] = []
    plain = own_service.services.hub._read

    async def counted(*asked: Any) -> Any:
        reads.append(asked[1])
        return await plain(*asked)

    monkeypatch.setattr(own_service.services.hub, "_read", counted)
    for _ in range(5):
        own_service.register()
    for stream in opened:
        assert positions(stream.events(5)) == [2, 3, 4, 5, 6]
        stream.close()
    assert len(reads) < 20


def test_a_client_who_takes_nothing_is_cut_off_and_holds_nobody_up(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "STUCK_SECONDS", 3600.0)
    monkeypatch.setattr(streams, "LAST_WORD_SECONDS", 0.1)
    with (
        streaming(own_service, receive_buffer=4096) as stuck,
        streaming(own_service) as quick,
        ThreadPoolExecutor() as threads,
    ):
        stuck.next()
        reading = threads.submit(quick.events, 400)
        for _ in range(40):
            pad(own_service, 10, 30_000)
        assert positions(reading.result(60)) == list(range(1, 401))
        monkeypatch.setattr(streams, "STUCK_SECONDS", 0.5)
        eventually(lambda: len(own_service.services.streams._open) == 1)
        monkeypatch.setattr(streams, "STUCK_SECONDS", 3600.0)
        with pytest.raises(Ended):
            stuck.events(400)
        pad(own_service, 1)
        assert quick.event().id == 401


def test_what_is_remembered_for_slow_clients_is_bounded(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "KEPT_BYTES", 100_000)
    with streaming(own_service, receive_buffer=4096) as slow:
        slow.next()
        for _ in range(40):
            pad(own_service, 10, 30_000)
            time.sleep(0.02)
        (channel,) = own_service.services.hub._channels.values()
        assert sum(len(piece.text) for piece in channel._pieces) <= 400_000
        # Too far behind for what is remembered, it is served from the log, without a hole.
        assert positions(slow.events(400)) == list(range(1, 401))


def test_too_many_streams_are_told_to_come_back(database: str, tmp_path: Path) -> None:
    with serving(database, tmp_path, stream_clients=2) as own:
        with streaming(own), streaming(own), streaming(own) as refused:
            assert refused.answer.status == 503
            assert refused.answer.headers["retry-after"] == "1"
            assert refused.body()["type"] == "/problems/unavailable"
        eventually(lambda: not own.services.streams._open)
        with streaming(own) as again:
            assert again.answer.status == 200


def test_who_leaves_is_forgotten(own_service: Service) -> None:
    for _ in range(3):
        with streaming(own_service) as stream:
            stream.next()
    eventually(lambda: not (own_service.services.streams._open or own_service.services.hub._channels))
    assert own_service.services.hub.clients == 0


def test_who_leaves_is_forgotten_though_a_wake_up_swallows_that(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, begun, gone_on = own_service.services.hub._read, threading.Event(), threading.Event()

    async def swallowing(*asked: Any) -> Any:
        if not begun.is_set():
            begun.set()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            asyncio.get_running_loop().call_later(0.3, gone_on.set)  # by then it has joined
        return await read(*asked)

    monkeypatch.setattr(own_service.services.hub, "_read", swallowing)
    with streaming(own_service) as stream:
        stream.next()
        assert begun.wait(60)
    assert gone_on.wait(60)
    eventually(lambda: not (own_service.services.streams._open or own_service.services.hub._channels))
    assert own_service.services.hub.clients == 0
