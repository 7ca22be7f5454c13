"""The stream sends every event as it comes, from any position, whatever the filter."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import streams
from infra import hub
from tests.api.serving import REGISTER, Service, serving
from tests.api.sse import Message, streaming
from tests.api.stream.padding import positions


def test_a_stream_sends_what_was_and_then_what_comes(own_service: Service) -> None:
    made = [own_service.register()["id"] for _ in range(3)]
    with streaming(own_service) as stream:
        assert stream.answer.status == 200
        assert stream.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert "no-store" in stream.answer.headers["cache-control"]
        assert stream.next() == Message(0, None, None, retry=streams.RETRY_MS)
        early = stream.events(3)
        made.append(own_service.register()["id"])
        late = stream.event()
    assert positions([*early, late]) == [1, 2, 3, 4]
    assert late.event == "ouvidoria.complaint-registered"
    assert [message.data and message.data["subject"] for message in [*early, late]] == made


def test_a_message_holds_what_the_feed_shows(service: Service) -> None:
    service.register()
    with streaming(service, f"after={service.head() - 1}") as stream:
        shown = service.get(f"/v1/events?after={service.head() - 1}").json()["events"]
        assert stream.event().data == shown[0]


def test_who_comes_back_goes_on_after_the_last_id(service: Service) -> None:
    for _ in range(4):
        service.register()
    head = service.head()
    with streaming(service, "after=0", last_id=str(head - 2)) as stream:
        assert stream.next().id == head - 2
        assert positions(stream.events(2)) == [head - 1, head]
    with streaming(service, f"after={head}", last_id="") as stream:
        assert stream.next().id == head


def test_who_begins_at_the_head_gets_only_what_comes(service: Service) -> None:
    service.register()
    head = service.head()
    with streaming(service, f"after={head}") as stream:
        assert stream.next().id == head
        service.register()
        assert stream.event().id == head + 1


def test_nothing_personal_is_in_it(service: Service) -> None:
    service.register()
    with streaming(service) as stream:
        data = stream.event().data
    assert data is not None
    assert "subject" not in data["data"]
    assert REGISTER["description"] not in str(data)


def test_filters_leave_out_and_say_so(service: Service) -> None:
    one = service.register()["id"]
    head = service.head()
    with (
        streaming(service, f"after={head - 1}&types=note-added") as notes,
        streaming(service, f"after={head - 1}&complaint_id={one}") as lone,
    ):
        assert lone.event().id == head
        for _ in range(3):
            service.register()
        service.do(one, "add-note", text="now")
        for stream, covers_from in ((notes, head), (lone, head + 1)):
            found = stream.event()
            assert found.data is not None
            assert (found.id, int(found.data["coversfrom"])) == (head + 4, covers_from)


def test_a_silent_stream_beats_and_moves_the_cursor(database: str, tmp_path: Path) -> None:
    with serving(database, tmp_path, stream_heartbeat=0.1) as own:
        own.register()
        with streaming(own, "types=complaint-closed") as stream:
            while (beat := stream.next()).id != 1:
                assert beat.data is None
            own.register()
            while (beat := stream.next()).id != 2:
                assert (beat.data, beat.comment) == (None, "nothing more yet")
        with streaming(own) as stream:
            stream.events(2)
            assert stream.next() == Message(2, None, None, "nothing more yet")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_the_filter_and_the_interruptions_nothing_is_missed_and_it_shows(
    service: Service, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    """Events come in while clients with random filters leave and come back where they were."""
    monkeypatch.setattr(hub, "BATCH", data.draw(st.integers(1, 8)))
    monkeypatch.setattr(hub, "KEPT_BYTES", data.draw(st.sampled_from([1, 2_000, 1024 * 1024])))
    start = service.head()
    complaints = [service.register()["id"] for _ in range(2)]
    wanted = data.draw(st.sampled_from(["", "types=note-added", f"complaint_id={complaints[0]}"]))
    covered = cursor = start
    seen: list[int] = []
    for _ in range(data.draw(st.integers(1, 3))):
        many = data.draw(st.integers(1, 6))
        with streaming(service, wanted, last_id=str(cursor)) as stream:
            for _ in range(many):
                service.do(complaints[0], "add-note", text="x")
                service.do(complaints[1], "classify", severity=data.draw(st.sampled_from(["low", "high"])))
            for message in stream.events(many):
                assert message.data is not None
                assert int(message.data["coversfrom"]) <= covered + 1
                seen.append(int(message.data["sequence"]))
                covered = cursor = seen[-1]
    asked = f"/v1/events?limit=1000&after={start}&{wanted}"
    due = [int(event["sequence"]) for event in service.get(asked).json()["events"]]
    assert seen == due[: len(seen)]


@pytest.mark.parametrize(
    ("query", "last_id", "field"),
    [
        ("after=-1", None, "after"),
        ("after=x", None, "after"),
        ("after=999999999", None, "after"),
        ("types=complaint-exploded", None, "types"),
        ("complaint_id=7", None, "complaint_id"),
        ("limit=5", None, "limit"),
        ("personal=true", None, "personal"),
        ("", "x", "Last-Event-ID"),
        ("", "-1", "Last-Event-ID"),
        ("", "1e3", "Last-Event-ID"),
        ("", "9" * 19, "Last-Event-ID"),
        ("", "999999999", "Last-Event-ID"),
    ],
)
def test_bad_input_is_named(service: Service, query: str, last_id: str | None, field: str) -> None:
    with streaming(service, query, last_id=last_id) as stream:
        assert stream.answer.status == 400
        assert [each["path"] for each in stream.body()["errors"]] == [field]


def test_a_stream_is_for_who_may_read_the_feed(service: Service) -> None:
    with streaming(service, role="admin") as stream:
        assert stream.answer.status == 403
    with streaming(service, token="ouv_nobody") as stream:  # noqa: S106 - nobody's
        assert stream.answer.status == 401


def test_head_shows_the_headers_and_ends(service: Service) -> None:
    answer = service.send("HEAD", "/v1/events/stream")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
