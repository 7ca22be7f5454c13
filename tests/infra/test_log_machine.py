"""Whatever is appended, repeated, refused and read, the log is as a model in memory has it."""

import asyncio
from collections.abc import Awaitable
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from infra.database import connect
from infra.log import Append, Appended, Load, Log, head
from infra.vault import Vault
from tests.infra.logs import MASTER, fetch, request, serving

T = TypeVar("T")
ACTORS, KEYS = st.sampled_from(["ana", "rui"]), st.integers(0, 3)
LENGTHS = st.integers(0, 3)


class LogMachine(RuleBasedStateMachine):
    """The model: per stream its length, and what is expected at each position since the machine began."""

    database: ClassVar[str]
    streams = Bundle("streams")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.runner.get_loop()
        self.log = Log(serving(self.database), Vault(MASTER))
        self.salt = uuid4().hex
        self.lengths: dict[UUID, int] = {}
        self.order: list[tuple[UUID, int]] = []
        self.answers: dict[tuple[str, str], Appended] = {}
        self.requests: dict[tuple[str, str], Append] = {}
        self.claims: dict[str, UUID] = {}

    def wait(self, awaitable: Awaitable[T]) -> T:
        async def waiting() -> T:
            return await awaitable

        return self.runner.run(waiting())

    @initialize()
    def begin(self) -> None:
        self.connection: psycopg.AsyncConnection[Any] = self.wait(connect(serving(self.database)))
        self.start = self.wait(head(self.connection))
        self.seen = self.start

    def accept(self, asked: Append, answer: Appended) -> None:
        """What an accepted append must have answered, and what it changes in the model."""
        assert answer.verdict == "accepted"
        first = self.start + len(self.order) + 1
        version = self.lengths.get(asked.stream_id, 0)
        assert answer[1:4] == (asked.stream_id, version, version + len(asked.events))
        assert answer.first_position == first
        self.lengths[asked.stream_id] = version + len(asked.events)
        self.order += [(asked.stream_id, version + 1 + n) for n in range(len(asked.events))]
        self.answers[asked.actor, asked.key] = answer
        self.requests[asked.actor, asked.key] = asked
        if asked.claim:
            self.claims[asked.claim] = asked.stream_id

    @rule(target=streams, events=st.integers(1, 3))
    def start_stream(self, events: int) -> UUID:
        asked = request(events=events)
        self.accept(asked, self.wait(self.log.append(asked)))
        return asked.stream_id

    @rule(stream=streams, events=LENGTHS)
    def go_on(self, stream: UUID, events: int) -> None:
        asked = request(stream, self.lengths[stream], events)
        self.accept(asked, self.wait(self.log.append(asked)))

    @rule(stream=streams, off=st.sampled_from([-2, -1, 1, 5]))
    def conflict(self, stream: UUID, off: int) -> None:
        expected = max(self.lengths[stream] + off, 0)
        answer = self.wait(self.log.append(request(stream, expected)))
        assert (answer.verdict, answer.last_version) == ("conflict", self.lengths[stream])

    @rule(stream=streams, actor=ACTORS, number=KEYS, body=st.sampled_from([b"one", b"other"]), events=LENGTHS)
    def keyed(self, stream: UUID, actor: str, number: int, body: bytes, events: int) -> None:
        key = f"{self.salt}-{number}"
        asked = request(stream, self.lengths[stream], events, actor=actor, key=key, digest=body)
        answer = self.wait(self.log.append(asked))
        if (actor, key) not in self.answers:
            self.accept(asked, answer)
        elif self.requests[actor, key].digest != body:
            assert answer.verdict == "reused"
        else:
            assert answer.verdict == "replayed"
            assert answer[1:4] == self.answers[actor, key][1:4]

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        if self.requests:
            known = data.draw(st.sampled_from(sorted(self.requests)))
            answer = self.wait(self.log.append(self.requests[known]))
            assert (answer.verdict, *answer[1:4]) == ("replayed", *self.answers[known][1:4])

    @rule(stream=streams, number=KEYS)
    def claim(self, stream: UUID, number: int) -> None:
        claim = f"{self.salt}-{number}"
        asked = request(stream, self.lengths[stream], claim=claim)
        answer = self.wait(self.log.append(asked))
        if claim in self.claims:
            assert answer[:2] == ("claimed", self.claims[claim])
        else:
            self.accept(asked, answer)

    @rule(many=st.integers(2, 5), twin=st.booleans())
    def together(self, many: int, twin: bool) -> None:
        asked = [request(events=2) for _ in range(many)]
        asked += asked[: int(twin)]

        async def append_all() -> list[Appended]:
            return await asyncio.gather(*map(self.log.append, asked))

        answers = self.wait(append_all())
        pairs = sorted(zip(asked, answers, strict=True), key=lambda pair: pair[1].first_position or 0)
        replayed = [each for each, answer in pairs if answer.verdict == "replayed"]
        assert replayed == asked[:1] * twin
        for each, answer in pairs[len(replayed) :]:  # those have no position of their own: they come first
            self.accept(each, answer)

    @rule(stream=streams)
    def load(self, stream: UUID) -> None:
        loaded = self.wait(self.log.load(Load(stream)))
        positions = [self.start + n for n, (of, _) in enumerate(self.order, start=1) if of == stream]
        assert [row.position for row in loaded.rows] == positions
        assert [row.version for row in loaded.rows] == list(range(1, len(positions) + 1))

    @rule()
    def lose_connection(self) -> None:
        for link in (self.log._writing, self.log._reading):
            if link._connection is not None:
                self.wait(link._connection.close())

    @invariant()
    def a_follower_sees_each_event_once_in_order(self) -> None:
        if not hasattr(self, "connection"):
            return
        query = "SELECT position, stream_id, version FROM events WHERE position > %s ORDER BY position"
        for position, *event in self.wait(fetch(self.connection, query, self.seen)):
            assert position == self.seen + 1
            assert tuple(event) == self.order[position - self.start - 1]
            self.seen = position
        assert self.seen == self.start + len(self.order)

    def teardown(self) -> None:
        if hasattr(self, "connection"):
            self.wait(self.connection.close())
        self.wait(self.log.close())
        self.runner.close()


def test_the_log_does_what_its_model_does(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LogMachine, "database", database, raising=False)
    run_state_machine_as_test(
        LogMachine,
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
