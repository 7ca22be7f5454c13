"""The `eventsourcing` library over our log: recorder, mapper and application, for replays and other tools."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
from eventsourcing.application import Application
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    ListenNotifySubscription,
    Mapper,
    Notification,
    StoredEvent,
    Subscription,
)
from psycopg_pool import ConnectionPool

from domain import AGGREGATES
from domain.messages import Event
from infra.events import ROW, Recorded, Row, encode_body, recorded
from infra.log import APPEND, Append, Draft, columns
from infra.vault import Vault


@dataclass(frozen=True, eq=False)
class StoredRow(StoredEvent):
    """A stored event with its whole row; equal to any stored event with the same place, topic and state."""

    row: Row

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoredEvent) and _identity(self) == _identity(other)

    def __hash__(self) -> int:
        return hash(_identity(self))


def _identity(event: StoredEvent) -> tuple[object, ...]:
    return event.originator_id, event.originator_version, event.topic, event.state


def _stored(row: Row) -> StoredRow:
    return StoredRow(row.stream_id, row.version, row.tag, row.body, row)


def _notification(row: Row) -> Notification:
    return Notification(row.stream_id, row.version, row.tag, row.body, id=row.position)


class StreamRecorder(AggregateRecorder):
    """Inserts and selects events of streams. Versions are 1, 2, 3 …: stricter than the library asks for."""

    def __init__(self, pool: ConnectionPool[psycopg.Connection[Any]]) -> None:
        self._pool = pool

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """Append all of the events, or none.

        Raises:
            IntegrityError: a stream does not stand at the version before the first event given for it.
        """
        self._insert(stored_events)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredRow]:
        """Events of a stream after version `gt`, up to version `lte`."""
        order: LiteralString = "DESC" if desc else "ASC"
        query = f"""SELECT {ROW} WHERE e.stream_id = %s AND e.version > coalesce(%s, 0)
                    AND e.version <= coalesce(%s, 2147483647) ORDER BY e.version {order} LIMIT %s"""
        return [_stored(row) for row in self._rows(query, [originator_id, gt, lte, limit])]

    def _insert(self, stored_events: Sequence[StoredEvent]) -> list[int]:
        commands = [_append(list(group)) for _, group in groupby(stored_events, lambda e: e.originator_id)]
        if not commands:
            return []
        with self._pool.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            verdicts = cursor.execute(APPEND, columns(commands)).fetchall()
            refused = [verdict for verdict, *_ in verdicts if verdict != "accepted"]
            if refused:
                raise IntegrityError(refused[0])
        return list(range(verdicts[0][4], verdicts[0][4] + len(stored_events)))

    def _rows(self, query: LiteralString, arguments: Sequence[Any]) -> list[Row]:
        with self._pool.connection() as connection, connection.cursor(binary=True) as cursor:
            return [Row._make(values) for values in cursor.execute(query, arguments)]


def _append(events: Sequence[StoredEvent]) -> Append:
    """One command for the consecutive events of a stream; the envelope comes from the row if there is one."""
    first = events[0]
    if [e.originator_version for e in events] != list(
        range(first.originator_version, first.originator_version + len(events))
    ):
        raise IntegrityError("the versions of a stream must continue")
    if first.originator_version < 1:
        raise IntegrityError("versions start at 1")
    row = first.row if isinstance(first, StoredRow) else None
    states = [e.state for e in events]
    return Append(
        stream_id=UUID(str(first.originator_id)),
        kind=row.kind if row else "library",
        expected=first.originator_version - 1,
        events=[Draft(e.topic, _occurred(e), e.state) for e in events],
        actor=row.actor if row else "library",
        key=f"~{uuid4().hex}",
        digest=hashlib.sha256(b"".join(states)).digest(),
        correlation=row.correlation if row else "library",
        causation=row.causation if row else None,
        origin=row.origin if row else "live",
        wrapped_key=row.wrapped if row and first.originator_version == 1 else None,
    )


def _occurred(event: StoredEvent) -> datetime:
    return event.row.occurred_at if isinstance(event, StoredRow) else datetime.now(UTC)


class LogRecorder(StreamRecorder, ApplicationRecorder):
    """Also the log as one sequence of notifications, whose ids are the positions."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        """As `StreamRecorder.insert_events`; gives the positions."""
        return self._insert(stored_events)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events from position `start` to `stop`, of the given topics if any are given."""
        after = (start or 0) - 1 if inclusive_of_start else (start or 0)
        query: LiteralString = f"""SELECT {ROW}
                    WHERE e.position > %s AND e.position <= coalesce(%s, 9223372036854775807)
                    AND (%s::text[] IS NULL OR e.tag = ANY(%s)) ORDER BY e.position LIMIT %s"""
        wanted = list(topics) or None
        return [_notification(row) for row in self._rows(query, [after, stop, wanted, wanted, limit])]

    def max_notification_id(self) -> int | None:
        """Position of the newest event."""
        with self._pool.connection() as connection:
            row = connection.execute("SELECT max(position) FROM events").fetchone()
        return row[0] if row else None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Follow the log after position `gt`."""
        return LogSubscription(self, gt, topics)


class LogSubscription(ListenNotifySubscription[ApplicationRecorder]):
    """The library's subscription, woken by polling: for tools; the service has its own followers."""

    def _loop_on_pull(self) -> None:
        try:
            while not self._has_been_stopped:
                self._pull()
                self._has_been_notified.wait(0.05)
        except BaseException as error:  # noqa: BLE001 - handed to the iterating thread by the library
            self._thread_error = error
            self.stop()


class EventMapper(Mapper[UUID]):
    """Recorded events to stored ones and back; the envelope travels in the row."""

    def __init__(self, vault: Vault, keys: Callable[[UUID], bytes | None]) -> None:
        self._vault = vault
        self._keys = keys

    def to_stored_event(self, domain_event: Any) -> StoredRow:
        """Encode and seal; a stream's first event brings its new key along."""
        event: Recorded[Event] = domain_event
        wrapped = self._keys(event.stream_id)
        if wrapped is None:
            key, wrapped = self._vault.new_key(event.stream_id)
        else:
            key = self._vault.unwrap(event.stream_id, wrapped)
        body = encode_body(event.event, key, event.stream_id, event.version)
        return _stored(Row._make((*_envelope(event), body, event.leaf, wrapped)))

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """Decrypt, decode and bring to the present shape."""
        if not isinstance(stored_event, StoredRow):
            raise TypeError("only events read from the log carry their envelope")
        return recorded(stored_event.row, self._vault)


def _envelope(event: Recorded[Event]) -> tuple[Any, ...]:
    return tuple(getattr(event, name) for name in Row._fields[:11])


class Replay(Application[UUID]):
    """The library's application: `repository.get(id, version=…, projector_func=folding(kind))`."""

    def __init__(self, pool: ConnectionPool[psycopg.Connection[Any]], vault: Vault) -> None:
        self._pool = pool
        self._vault = vault
        super().__init__()

    def construct_recorder(self) -> LogRecorder:
        """The adapter over our log."""
        return LogRecorder(self._pool)

    def construct_mapper(self) -> EventMapper:
        """The codec of our envelope."""
        return EventMapper(self._vault, self._wrapped_key)

    def _wrapped_key(self, stream_id: UUID) -> bytes | None:
        with self._pool.connection() as connection:
            row = connection.execute(
                "SELECT wrapped FROM stream_keys WHERE stream_id = %s", [stream_id]
            ).fetchone()
        return row[0] if row else None


def folding(kind: str) -> Callable[[Any, Any], Any]:
    """The projector function that folds a stream of this kind, for the library's repository."""
    aggregate = AGGREGATES[kind]

    def fold(state: Any, events: Any) -> Any:
        for each in events:
            state = aggregate.evolve(state, each.event, each.occurred_at)
        return state

    return fold
