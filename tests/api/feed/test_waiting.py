"""Who waits is answered when an event comes, at little cost."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import aiohttp
import httpx
import pytest

from infra import feed
from tests.api.feed.reading import positions, ranges, read
from tests.api.serving import Service, serving


def test_who_waits_is_answered_when_an_event_comes(service: Service) -> None:
    service.register()
    head = service.head()
    with ThreadPoolExecutor() as threads, httpx.Client(base_url=service.url, timeout=60) as other:
        headers = {"authorization": f"Bearer {service.keys['integrator']}"}
        asked = {"after": head, "wait": 30}
        waiting = threads.submit(other.get, "/v1/events", params=asked, headers=headers)
        time.sleep(0.2)
        assert not waiting.done()
        made = service.register()
        page = waiting.result(60).json()
    assert positions(page["events"]) == [head + 1]
    assert page["events"][0]["subject"] == made["id"]


def test_who_waits_with_a_filter_is_told_what_was_passed_over(service: Service) -> None:
    one = service.register()["id"]
    head = service.head()
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(read, service, after=head, wait=30, types="note-added")
        time.sleep(0.2)
        for _ in range(3):
            service.register()
        time.sleep(0.2)
        assert not waiting.done()
        service.do(one, "add-note", text="now")
        page = waiting.result(60)
    assert ranges(page) == [(head + 1, head + 4), (head + 5, head + 4)]


def test_who_waits_in_vain_is_told_so_with_the_cursor_moved(service: Service) -> None:
    service.register()
    head = service.head()
    assert read(service, after=head, wait=1)["events"] == []
    page = read(service, after=head - 1, wait=1, types="complaint-closed")
    assert (page["events"], page["next"]) == ([], head)


def test_who_waits_holds_no_connection_to_the_database(database: str, tmp_path: Path) -> None:
    with serving(database, tmp_path, pool_size=1) as own, ThreadPoolExecutor(20) as threads:
        own.register()
        head = own.head()
        waiting = [threads.submit(read, own, after=head, wait=30) for _ in range(10)]
        time.sleep(0.3)
        assert read(own)["events"]
        own.register()
        assert {len(each.result(60)["events"]) for each in waiting} == {1}


def test_hundreds_who_wait_for_the_same_cost_one_read(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_service.register()
    reads: list[int] = []
    plain = feed.read

    async def counted(*args: Any, **asked: Any) -> feed.Stretch:
        reads.append(asked["after"])
        return await plain(*args, **asked)

    async def wait_for_one(client: aiohttp.ClientSession) -> int:
        async with client.get("/v1/events", params={"after": 1, "wait": 30}) as answer:
            return len((await answer.json())["events"])

    async def all_wait() -> list[int]:
        headers = {"authorization": f"Bearer {own_service.keys['integrator']}"}
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(own_service.url, headers=headers, connector=connector) as client:
            waiting = asyncio.gather(*(wait_for_one(client) for _ in range(300)))
            await asyncio.sleep(1)
            reads.clear()
            await asyncio.to_thread(own_service.register)
            return await waiting

    monkeypatch.setattr(feed, "read", counted)
    assert asyncio.run(all_wait()) == [1] * 300
    assert reads.count(1) < 20


def test_who_waits_when_the_service_stops_does_not_hold_it_up(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came, plain = Event(), feed.read

    async def noted(*args: Any, **asked: Any) -> feed.Stretch:
        came.set()
        return await plain(*args, **asked)

    monkeypatch.setattr(feed, "read", noted)
    with serving(database, tmp_path) as own:
        own.register()
        with ThreadPoolExecutor() as threads, httpx.Client(base_url=own.url, timeout=60) as other:
            headers = {"authorization": f"Bearer {own.keys['integrator']}"}
            asked = {"after": own.head(), "wait": 30}
            waiting = threads.submit(other.get, "/v1/events", params=asked, headers=headers)
            assert came.wait(60)
            own.stop()
            assert waiting.result(60).json()["events"] == []
