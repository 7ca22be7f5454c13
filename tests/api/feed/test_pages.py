"""The feed shows every event in order from any position, and says what a page accounts for."""

import pytest

from tests.api.feed.reading import BATCH, EVENTS, positions, read
from tests.api.serving import REGISTER, Service, problem


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


def test_personal_fields_are_for_who_may_read_them_and_never_kept(log: Service) -> None:
    answer = log.get("/v1/events?personal=true&limit=3", role="auditor")
    assert answer.json()["events"][0]["data"]["subject"] == REGISTER["subject"]
    assert answer.headers["cache-control"] == "private, no-store"
    assert "etag" not in answer.headers
    refused = log.get("/v1/events?personal=true", role="integrator")
    assert "read personal feed" in problem(refused, 403, "forbidden")["detail"]


def test_an_empty_log_has_an_empty_feed(own_service: Service) -> None:
    assert read(own_service) == {"events": [], "covers_from": 1, "next": 0, "head": 0}
