"""The `eventsourcing` library over our log: its own test cases, and the same states as ours."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast
from unittest.mock import patch
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.application import AggregateNotFoundError
from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.tests import persistence
from psycopg_pool import ConnectionPool

from domain.complaint import COMPLAINT
from domain.complaint import commands as c
from infra.library import LogRecorder, Replay, StreamRecorder, folding
from infra.vault import Vault
from tests.infra.logs import MASTER, NOTE, REGISTER, caller, commanding, serving

Pool = ConnectionPool[psycopg.Connection[Any]]


@pytest.fixture
def pool(database: str) -> Iterator[Pool]:
    with ConnectionPool(serving(database), min_size=1, max_size=12) as opened:
        yield opened


def stored_from(shift: Callable[[int], int]) -> Callable[..., StoredEvent]:
    def stored(originator_version: int, **fields: Any) -> StoredEvent:
        return StoredEvent(originator_version=shift(originator_version), **fields)

    return stored


def counting_from_one() -> Any:
    """Streams of a shipped case that count from 0 count from 1, since our versions are 1, 2, 3 …"""
    return patch.object(persistence, "StoredEvent", stored_from(lambda version: version + 1))


class OverALog:
    @pytest.fixture(autouse=True)
    def _over_a_fresh_log(self, pool: Pool) -> None:
        self.pool = pool


class TestStreamRecorder(OverALog, persistence.AggregateRecorderTestCase):
    def create_recorder(self) -> StreamRecorder:
        return StreamRecorder(self.pool)

    def test_insert_and_select(self) -> None:
        """As shipped, but that its last stream begins with version 1 instead of 0."""
        with patch.object(persistence, "StoredEvent", stored_from(partial(max, 1))):
            super().test_insert_and_select()


class TestLogRecorder(OverALog, persistence.ApplicationRecorderTestCase[LogRecorder]):
    def create_recorder(self) -> LogRecorder:
        return LogRecorder(self.pool)

    def test_concurrent_no_conflicts(self, initial_position: int = 0) -> None:  # noqa: PT028 - as shipped
        """As shipped, but that each stream begins with version 1 instead of 0."""
        with counting_from_one():
            super().test_concurrent_no_conflicts(initial_position)

    def test_concurrent_throughput(self) -> None:
        """As shipped, but that each stream begins with version 1 instead of 0."""
        with counting_from_one():
            super().test_concurrent_throughput()

    def test_insert_subscribe(self) -> None:
        """Shipped as optional: subscriptions."""
        self.optional_test_insert_subscribe()


@pytest.mark.parametrize("versions", [[0], [2], [1, 3], [1, 1], [-1]])
def test_a_stream_begins_at_one_and_continues(pool: Pool, versions: list[int]) -> None:
    """Stricter than the library, which takes any versions that are unique."""
    stream_id = uuid4()
    events = [StoredEvent(stream_id, version, "t", b"s") for version in versions]
    with pytest.raises(IntegrityError):
        LogRecorder(pool).insert_events(events)
    assert LogRecorder(pool).max_notification_id() is None


def test_of_several_streams_in_one_save_a_refused_one_refuses_all(pool: Pool) -> None:
    recorder = LogRecorder(pool)
    good, bad = StoredEvent(uuid4(), 1, "t", b"s"), StoredEvent(uuid4(), 2, "t", b"s")
    with pytest.raises(IntegrityError):
        recorder.insert_events([good, bad])
    assert recorder.insert_events([good]) == [1]


@pytest.mark.anyio
async def test_the_librarys_repository_folds_the_same_states_as_ours(database: str, pool: Pool) -> None:
    async with commanding(database) as commands:
        outcome = await commands.create(COMPLAINT, caller(), REGISTER, NOTE, c.Investigate())
        later = await commands.execute(COMPLAINT, outcome.stream_id, caller(), c.Assign(analyst="ana"))
    application = Replay(pool, Vault(MASTER))
    fold = folding("complaint")

    def at(version: int | None) -> Any:
        get = cast("Any", application.repository.get)
        return get(outcome.stream_id, version=version, projector_func=fold)

    assert at(None) == later.state
    assert at(3) == outcome.state
    assert at(1).state == "registered"
    with pytest.raises(AggregateNotFoundError):
        cast("Any", application.repository.get)(uuid4(), projector_func=fold)


@pytest.mark.anyio
async def test_what_the_library_saves_is_what_we_read(database: str, pool: Pool) -> None:
    async with commanding(database) as commands:
        first = await commands.create(COMPLAINT, caller(), REGISTER)
        application = Replay(pool, Vault(MASTER))
        stored = application.recorder.select_events(first.stream_id)
        (event,) = [cast("Any", application.mapper.to_domain_event(each)) for each in stored]
        assert event.event == first.events[0].event
        assert application.mapper.to_stored_event(event).topic == "complaint-registered"
