"""The stream: every event as it comes, from any position, and nobody pays for the slowness of another."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import streams
from infra import hub
from infra.log import Append, Draft
from tests.api.serving import REGISTER, Service, eventually, serving
from tests.api.sse import Ended, Message, Stream, streaming
from tests.infra.logs import NOW


def positions(messages: list[Message]) -> list[int | None]:
    return [message.id for message in messages]


def pad(service: Service, events: int, size: int = 10, tag: str = "note-added") -> None:
    """Append events of a size, as one command."""
    service.run(append(service, events, size, tag))


async def append(service: Service, events: int, size: int = 10, tag: str = "note-added") -> None:
    body = b'{"type":"%b","pad":"%b"}' % (tag.encode(), b"x" * size)
    key = uuid4().hex
    request = Append(
        stream_id=uuid4(), kind="complaint", expected=0, events=[Draft(tag, NOW, body)] * events, actor="ana",
        key=key, digest=key.encode(), correlation="request-1", wrapped_key=b"wrapped",
    )  # fmt: skip
    assert (await service.services.log.append(request)).verdict == "accepted"


# ---- what it sends


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


# ---- many clients


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


# ---- ends


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


# ---- bad input


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
