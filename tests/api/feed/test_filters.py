"""A filter leaves out, and what a reader was told has no hole; what makes no sense is named."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra import feed
from infra.events import EVENT_TYPES
from tests.api.feed.reading import EVENTS, TYPES, complaint_ids, positions, ranges, read
from tests.api.serving import NOWHERE, Service, wrong


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


def test_every_type_there_is_can_be_asked_for(log: Service) -> None:
    assert len(read(log, types=",".join(EVENT_TYPES), limit=1000)["events"]) == EVENTS
    assert len(read(log, types=list(EVENT_TYPES), limit=1000)["events"]) == EVENTS


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
