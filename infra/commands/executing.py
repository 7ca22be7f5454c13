"""Executing commands: load, decide, append."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakValueDictionary

import msgspec
from uuid_utils.compat import uuid4, uuid7

from domain.aggregate import Aggregate, Context, Lookup
from domain.complaint import COMPLAINT, Complaint
from domain.customer import CUSTOMER, Customer
from domain.messages import Command, Event, Refused, tag_of
from domain.staff import Staff
from domain.times import effective_time
from infra.batching import Overloaded
from infra.commands import knowing
from infra.commands.calls import AlreadyClaimed, Caller, KeyReused, NoSuchStream, Outcome, VersionMismatch
from infra.commands.protocols import ProtocolNumbers
from infra.commands.recent import History, Recent
from infra.events import Erased, Recorded, Row, decode_body, encode_body, recorded
from infra.log import Append, Appended, Draft, Load, Log, Seen
from infra.reference import Reference

TRIES = 50


class Decision(NamedTuple):
    """What commands lead to: the history they were decided on, events with their times, the end state."""

    before: History
    events: Sequence[tuple[Event, datetime]]
    state: Any


DOUBTFUL = (Refused, VersionMismatch, Erased)
"""How a decision can fail; on what is only remembered it is not believed."""


class Commands:
    """Executes commands on the streams of one log."""

    def __init__(
        self,
        log: Log,
        reference: Reference | None = None,
        *,
        reopen_window: timedelta | None = None,
        redress_limits: Mapping[str, Decimal] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._log = log
        self._reference = reference or Reference()
        self._clock = clock
        self._reopen_window = reopen_window
        self._redress_limits = redress_limits
        self._protocols = ProtocolNumbers(log)
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._recent = Recent()

    @property
    def staff(self) -> Staff:
        """The teams and analysts in service that assignments are decided with."""
        return self._reference.staff

    async def create(self, aggregate: Aggregate, caller: Caller, *commands: Command) -> Outcome:
        """Start a new stream with a command, and more commands that follow it: all of them or none.

        Raises:
            Refused, KeyReused, AlreadyClaimed, Unavailable, Overloaded
        """
        return await self._execute(aggregate, commands, caller, None)

    async def execute(
        self, aggregate: Aggregate, stream_id: UUID, caller: Caller, *commands: Command
    ) -> Outcome:
        """Carry out a command on an existing stream, or several in order: all of them or none.

        Raises:
            NoSuchStream, Erased, VersionMismatch, Refused, KeyReused, AlreadyClaimed, Unavailable, Overloaded
        """
        turn = self._turns.setdefault(stream_id, asyncio.Lock())
        async with turn:
            return await self._execute(aggregate, commands, caller, stream_id)

    async def history(self, aggregate: Aggregate, stream_id: UUID) -> History:
        """The stream as it stands.

        Raises:
            NoSuchStream: there is none of this kind.
        """
        return self._existing(aggregate, (await self._log.load(Load(stream_id))).rows)

    async def claimed(self, claims: Sequence[str]) -> dict[str, UUID]:
        """Those of the claims that are taken, each with the stream that took it.

        Raises:
            Unavailable: the database did not answer in time.
        """
        return await self._log.claimed(claims)

    async def _execute(
        self, aggregate: Aggregate, commands: Sequence[Command], caller: Caller, stream_id: UUID | None
    ) -> Outcome:
        """Decide on what is remembered, and if that does not lead to an answer, on what is loaded."""
        digest = _digest(aggregate, commands, stream_id)
        # A key of our own where the caller gave none resolves a connection lost in the middle all the same.
        key = caller.key or f"~{uuid4().hex}"
        history = self._remembered(aggregate, stream_id)
        for _ in range(TRIES):
            loaded = history is None
            if history is None:
                history, seen = await self._before(aggregate, caller, stream_id)
                if seen:
                    return await self._replay(aggregate, seen, digest)
            try:
                decision = await self._decide(aggregate, commands, caller, history)
                request = _request(aggregate, caller, decision, key, digest)
            except DOUBTFUL:
                if loaded:
                    raise
                history = None
                continue
            answer = await self._log.append(request)
            if answer.verdict == "accepted":
                return self._accepted(aggregate, caller, decision, answer)
            if answer.verdict != "conflict":
                return await self._known(aggregate, caller, answer, key, digest)
            history = None
        raise Overloaded(f"stream {stream_id} moved on {TRIES} times while this was decided")

    async def _known(
        self, aggregate: Aggregate, caller: Caller, answer: Appended, key: str, digest: bytes
    ) -> Outcome:
        """The first answer, where the log found under its lock that the command is already recorded."""
        if answer.verdict == "claimed":
            raise AlreadyClaimed(answer.stream_id)
        if answer.verdict == "reused":
            raise KeyReused
        seen = Seen(caller.actor, key, digest, answer.stream_id, answer.first_version, answer.last_version)
        return await self._replay(aggregate, seen, digest)

    def _remembered(self, aggregate: Aggregate, stream_id: UUID | None) -> History | None:
        """The history to try first: a new stream has none, and whether the key was used `append` tells."""
        return self._new() if stream_id is None else self._recent.get(aggregate.kind, stream_id)

    def _new(self) -> History:
        stream_id = uuid7()
        return History(stream_id, None, 0, 0, 0, *self._log.vault.new_key(stream_id))

    async def _before(
        self, aggregate: Aggregate, caller: Caller, stream_id: UUID | None
    ) -> tuple[History, Seen | None]:
        """The history to decide on, nothing for a new stream; and the record of a key used before."""
        loaded = await self._log.load(Load(stream_id or UUID(int=0), caller.actor, caller.key))
        if stream_id is None or loaded.seen:
            return self._new(), loaded.seen
        return self._existing(aggregate, loaded.rows), None

    def _accepted(
        self, aggregate: Aggregate, caller: Caller, decision: Decision, answer: Appended
    ) -> Outcome:
        outcome = _outcome(aggregate, caller, decision, answer)
        before = decision.before
        self._recent.put(
            aggregate.kind,
            History(
                before.stream_id,
                outcome.state,
                outcome.version,
                outcome.etag,
                outcome.position,
                before.key,
                before.wrapped,
            ),
        )
        return outcome

    async def _decide(
        self, aggregate: Aggregate, commands: Sequence[Command], caller: Caller, before: History
    ) -> Decision:
        """Each command is decided on what those before it led to.

        Raises:
            VersionMismatch, Refused
        """
        if caller.if_match is not None and caller.if_match != before.etag:
            raise VersionMismatch(before.etag)
        state, events = before.state, []
        for command in commands:
            numbered = state is None and aggregate.kind == COMPLAINT.kind
            known = await self._looked_up(aggregate, command, state)
            context = await self._context(command, caller, before.stream_id, numbered=numbered, known=known)
            for event in aggregate.decide(state, command, context):
                state = aggregate.evolve(state, event, context.occurred_at)
                events.append((event, context.occurred_at))
        return Decision(before, events, state)

    async def _looked_up(self, aggregate: Aggregate, command: Command, state: Any) -> Mapping[str, Any]:
        if aggregate.kind == COMPLAINT.kind:
            return await knowing.of_complaint(self._reference, command, state, self._tier)
        if aggregate.kind == CUSTOMER.kind:
            return knowing.NOTHING
        return await knowing.of_documents(self._reference, command, self._clock().date())

    async def _tier(self, customer_id: UUID) -> str | None:
        try:
            customer: Customer = (await self.history(CUSTOMER, customer_id)).state
        except NoSuchStream:
            return None
        return customer.tier

    async def _context(
        self,
        command: Command,
        caller: Caller,
        stream_id: UUID,
        *,
        numbered: bool,
        known: Mapping[str, Any],
    ) -> Context:
        now = self._clock()
        return Context(
            now=now,
            occurred_at=effective_time(command, now),
            actor=caller.actor,
            new_id=uuid7(),
            stream_id=stream_id,
            protocol=await self._protocols.draw(now.year) if numbered else None,
            supervisor=caller.supervisor,
            inbound=caller.inbound,
            origin=caller.origin,
            reopen_window=self._reopen_window,
            lookup=await self._look_up(getattr(command, command.names)) if command.names else None,
            redress_limits=self._redress_limits,
            **known,
        )

    async def _look_up(self, complaint_id: UUID) -> Lookup | None:
        """What another complaint is now, if there is one; it may move on before the command is recorded."""
        try:
            named: Complaint = (await self.history(COMPLAINT, complaint_id)).state
        except NoSuchStream:
            return None
        return Lookup(
            registered_at=named.registered_at,
            state=named.state,
            customer_id=named.customer_id,
            duplicate_of=named.duplicate_of,
        )

    async def _replay(self, aggregate: Aggregate, seen: Seen, digest: bytes) -> Outcome:
        if seen.digest != digest:
            raise KeyReused
        rows = (await self._log.load(Load(seen.stream_id))).rows[: seen.last_version]
        history = self._existing(aggregate, rows)
        return Outcome(
            stream_id=seen.stream_id,
            state=history.state,
            version=history.version,
            etag=history.etag,
            position=history.position,
            events=[recorded(row, self._log.vault) for row in rows[seen.first_version :]],
            replayed=True,
        )

    def _existing(self, aggregate: Aggregate, rows: Sequence[Row]) -> History:
        if not rows or rows[0].kind != aggregate.kind:
            raise NoSuchStream(f"no {aggregate.kind} has this id")
        state, etag, last = None, 0, rows[-1]
        key = self._log.vault.unwrap(last.stream_id, last.wrapped) if last.wrapped else None
        for row in rows:
            event = decode_body(row.tag, row.body, key, row.stream_id, row.version)
            state = aggregate.evolve(state, event, row.occurred_at)
            etag = etag if row.origin == "system" else row.version
        return History(last.stream_id, state, last.version, etag, last.position, key, last.wrapped)


def _digest(aggregate: Aggregate, commands: Sequence[Command], stream_id: UUID | None) -> bytes:
    said = [aggregate.kind, stream_id, *((command.verb, command) for command in commands)]
    return hashlib.sha256(msgspec.json.encode(said)).digest()


def _request(aggregate: Aggregate, caller: Caller, decision: Decision, key: str, digest: bytes) -> Append:
    """What the log is asked for a decision.

    Raises:
        Erased: something personal is to be recorded where the key was destroyed.
    """
    before = decision.before
    return Append(
        stream_id=before.stream_id,
        kind=aggregate.kind,
        expected=before.version,
        events=[
            Draft(tag_of(type(event)), at, encode_body(event, before.key, before.stream_id, version))
            for version, (event, at) in enumerate(decision.events, start=before.version + 1)
        ],
        actor=caller.actor,
        key=key,
        digest=digest,
        correlation=caller.correlation,
        origin=caller.origin,
        causation=caller.causation,
        claim=caller.claim,
        wrapped_key=before.wrapped,
    )


def _outcome(aggregate: Aggregate, caller: Caller, decision: Decision, answer: Appended) -> Outcome:
    before, first = decision.before, answer.first_position or 0
    events = [
        Recorded(
            position=first + offset,
            stream_id=answer.stream_id,
            kind=aggregate.kind,
            version=before.version + 1 + offset,
            tag=tag_of(type(event)),
            occurred_at=at,
            recorded_at=answer.recorded_at,
            actor=caller.actor,
            correlation=caller.correlation,
            causation=caller.causation,
            origin=caller.origin,
            leaf=b"",
            event=event,
        )
        for offset, (event, at) in enumerate(decision.events)
    ]
    return Outcome(
        stream_id=answer.stream_id,
        state=decision.state,
        version=answer.last_version,
        etag=before.etag if caller.origin == "system" or not events else answer.last_version,
        position=events[-1].position if events else before.position,
        events=events,
    )
