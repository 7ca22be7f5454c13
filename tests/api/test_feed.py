"""The feed: every event in order from any position, filtered or whole, and how far it was looked through."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import aiohttp
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra import feed
from infra.events import EVENT_TYPES
from tests.api.serving import NOWHERE, REGISTER, Service, problem, serving, wrong
from tests.databases import database_url, drop_database, make_database

BATCH = "application/cloudevents-batch+json"
EVENTS = 13
TYPES = ["complaint-registered", "note-added", "complaint-classified", "complaint-closed"]


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


def read(service: Service, role: str = "integrator", **parameters: Any) -> dict[str, Any]:
    answer = service.get("/v1/events", params=parameters, role=role)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def positions(events: list[dict[str, Any]]) -> list[int]:
    return [int(event["sequence"]) for event in events]


def complaint_ids(service: Service) -> list[str]:
    registered = read(service, types="complaint-registered", limit=1000)["events"]
    return [str(event["subject"]) for event in registered]


# ---- what it shows


def test_a_reader_gets_every_event_in_order_page_by_page(log: Service) -> None:
    seen: list[int] = []
    cursor = 0
    while (page := read(log, after=cursor, limit=4))["events"]:
        seen += positions(page["events"])
        assert (page["covers_from"], page["head"]) == (cursor + 1, EVENTS)
        cursor = page["next"]
    assert seen == list(range(1, EVENTS + 1))
    assert page == {"events": [], "covers_from": EVENTS + 1, "next": EVENTS, "head": EVENTS}


def test_without_a_limit_a_page_has_a_hundred_events(service: Service) -> None:
    for _ in range(101):
        service.register()
    assert len(read(service)["events"]) == 100


def test_the_link_leads_to_the_page_that_follows_with_all_filters(log: Service) -> None:
    answer = log.get("/v1/events", params={"types": ["note-added", "complaint-closed"], "limit": 2})
    seen = positions(answer.json()["events"])
    for _ in range(3):
        answer = log.get(answer.links["next"]["url"])
        seen += positions(answer.json()["events"])
    assert len(seen) == len(set(seen)) == 8
    assert answer.links["next"]["url"].startswith("/v1/events?types=note-added&types=complaint-closed&")


def test_the_headers_say_what_the_answer_accounts_for(log: Service) -> None:
    headers = log.get("/v1/events?after=3&limit=4").headers
    assert (headers["log-covered"], headers["log-position"]) == ("4-7", str(EVENTS))
    headers = log.get(f"/v1/events?after={EVENTS}").headers
    assert headers["log-covered"] == f"{EVENTS + 1}-{EVENTS}"


def test_who_asks_for_a_batch_of_cloud_events_gets_a_bare_array(log: Service) -> None:
    answer = log.get("/v1/events?limit=5", headers={"accept": BATCH})
    assert answer.headers["content-type"] == BATCH
    assert answer.json() == read(log, limit=5)["events"]
    plain = log.get("/v1/events?limit=5", headers={"accept": f"text/html, {BATCH};q=0.5, application/json"})
    assert plain.headers["content-type"] == "application/json"


@pytest.mark.parametrize("accept", ["", "*/*", ";;;", "/", "q=1", "text/html;q=x", "application/json;q=,,"])
def test_whatever_else_is_accepted_gets_the_object(log: Service, accept: str) -> None:
    answer = log.get("/v1/events?limit=1", headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


def test_nothing_personal_is_in_it(log: Service) -> None:
    text = log.get("/v1/events?limit=1000").text
    assert REGISTER["subject"] not in text
    assert "note 1" not in text
    assert "sealed" not in text


# ---- filters


@pytest.mark.parametrize(
    "query",
    [
        "types=note-added&types=complaint-registered",
        "types=note-added,complaint-registered",
        "types=ouvidoria.note-added&types=complaint-registered,complaint-registered",
    ],
)
def test_types_are_named_once_or_often_with_or_without_their_prefix(log: Service, query: str) -> None:
    found = log.get(f"/v1/events?limit=1000&{query}").json()["events"]
    assert positions(found) == list(range(1, 12))


def test_a_complaint_is_followed_alone(log: Service) -> None:
    one = complaint_ids(log)[0]
    page = read(log, complaint_id=one)
    assert {event["subject"] for event in page["events"]} == {one}
    assert [event["previousversion"] for event in page["events"]] == [0, 1, 2, 3, 4]
    assert page["next"] == EVENTS
    assert read(log, complaint_id=one, types="complaint-closed")["events"] == []


def test_an_empty_page_of_a_filter_moves_the_cursor_to_the_head(log: Service) -> None:
    for filtered in ({"types": "complaint-closed"}, {"complaint_id": NOWHERE}):
        page = read(log, after=2, **filtered)
        assert page == {"events": [], "covers_from": 3, "next": EVENTS, "head": EVENTS}


def test_a_filter_that_matches_nothing_looks_through_so_many_positions_and_no_more(
    log: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "SCAN", 5)
    page = read(log, types="complaint-closed", wait=30)
    assert page == {"events": [], "covers_from": 1, "next": 5, "head": EVENTS}
    page = read(log, after=5, types="complaint-classified")
    assert (page["events"], page["next"]) == ([], 10)
    page = read(log, after=10, types="complaint-classified")
    assert [(e["coversfrom"][-2:], e["sequence"][-2:]) for e in page["events"]] == [
        ("11", "12"),
        ("13", "13"),
    ]


def ranges(page: dict[str, Any]) -> list[tuple[int, int]]:
    """The stretches of positions that a page accounts for, item by item, then what follows the last."""
    found = [(int(event["coversfrom"]), int(event["sequence"])) for event in page["events"]]
    last = found[-1][1] if found else page["covers_from"] - 1
    return [*found, (last + 1, page["next"])]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_the_filter_what_a_reader_was_told_has_no_hole(
    log: Service, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    monkeypatch.setattr(feed, "SCAN", data.draw(st.integers(1, 20)))
    wanted: dict[str, Any] = {"types": data.draw(st.lists(st.sampled_from(TYPES), max_size=3))}
    subject = data.draw(st.sampled_from([None, NOWHERE, *complaint_ids(log)]))
    if subject:
        wanted["complaint_id"] = subject
    start = data.draw(st.integers(0, EVENTS))
    cursor, covered, seen = start, start, []
    while cursor < EVENTS:
        page = read(log, after=cursor, limit=data.draw(st.integers(1, 6)), **wanted)
        for first, last in ranges(page):
            assert first == covered + 1
            covered = last
        seen += positions(page["events"])
        assert cursor < page["next"] == covered
        cursor = page["next"]
    everything = read(log, limit=1000)["events"][start:]
    assert seen == [
        int(event["sequence"])
        for event in everything
        if (not wanted["types"] or event["data"]["type"] in wanted["types"])
        and subject in (None, event["subject"])
    ]


# ---- caches


def test_a_page_behind_the_head_says_that_it_never_changes(service: Service) -> None:
    for _ in range(4):
        service.register()
    for accept in ("application/json", BATCH):
        first = service.get("/v1/events?limit=3", headers={"accept": accept})
        assert first.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert first.headers["vary"] == "Accept, Authorization"
        service.register()
        again = {"accept": accept, "if-none-match": f'"other", {first.headers["etag"]}'}
        unchanged = service.get("/v1/events?limit=3", headers=again)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == first.headers["etag"]
        assert unchanged.headers["log-covered"] == "1-3"
        other = service.get("/v1/events?limit=2", headers=again)
        assert other.status_code == 200
    page = service.get("/v1/events?limit=3").headers["etag"]
    other = service.get("/v1/events?limit=3", headers={"accept": BATCH, "if-none-match": page})
    assert other.status_code == 200
    # The array is the same byte for byte for ever; the object also tells the head, which moves.
    assert service.get("/v1/events?limit=3", headers={"accept": BATCH}).headers["etag"].startswith('"')
    assert service.get("/v1/events?limit=3").headers["etag"].startswith('W/"')


def test_a_page_that_touches_the_head_is_not_kept(log: Service) -> None:
    for query in ("", f"limit={EVENTS}", f"after={EVENTS}", "types=complaint-closed"):
        headers = log.get(f"/v1/events?{query}").headers
        assert headers["cache-control"] == "private, no-store", query
        assert "etag" not in headers


# ---- personal fields


def test_personal_fields_are_for_who_may_read_them_and_never_kept(log: Service) -> None:
    answer = log.get("/v1/events?personal=true&limit=3", role="auditor")
    assert answer.json()["events"][0]["data"]["subject"] == REGISTER["subject"]
    assert answer.headers["cache-control"] == "private, no-store"
    assert "etag" not in answer.headers
    refused = log.get("/v1/events?personal=true", role="integrator")
    assert "read personal feed" in problem(refused, 403, "forbidden")["detail"]


# ---- waiting


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


# ---- bad input


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=-1", "after"),
        ("after=x", "after"),
        ("after=", "after"),
        ("after=1.5", "after"),
        ("after=99999999999999999999", "after"),
        ("after=999999999999999999", "after"),
        ("after=1&after=2", "after"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("wait=-1", "wait"),
        ("wait=31", "wait"),
        ("wait=soon", "wait"),
        ("types=complaint-exploded", "types"),
        ("types=", "types"),
        ("types=note-added,", "types"),
        ("types=note-added&types=ouvidoria.ouvidoria.note-added", "types"),
        ("complaint_id=7", "complaint_id"),
        ("personal=yes", "personal"),
        ("cursor=x", "cursor"),
    ],
)
def test_bad_parameters_are_named(log: Service, query: str, field: str) -> None:
    assert wrong(log.get(f"/v1/events?{query}")).keys() == {field}


def test_a_position_that_the_log_does_not_have_is_refused_whatever_the_wait(log: Service) -> None:
    for query in (f"after={EVENTS + 1}", f"after={EVENTS + 1}&wait=30", f"after=99&complaint_id={uuid4()}"):
        reasons = wrong(log.get(f"/v1/events?{query}"))
        assert reasons == {"after": f"beyond the head of the log, which is {EVENTS}"}


def test_an_unknown_type_is_named(log: Service) -> None:
    reasons = wrong(log.get("/v1/events?types=note-added,nonsense"))
    assert reasons == {"types": "there is no event type 'nonsense'"}


def test_every_type_there_is_can_be_asked_for(log: Service) -> None:
    assert len(read(log, types=",".join(EVENT_TYPES), limit=1000)["events"]) == EVENTS
    assert len(read(log, types=list(EVENT_TYPES), limit=1000)["events"]) == EVENTS


def test_an_empty_log_has_an_empty_feed(own_service: Service) -> None:
    assert read(own_service) == {"events": [], "covers_from": 1, "next": 0, "head": 0}
