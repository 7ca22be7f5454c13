"""What is asked of the log and what it answers, with the statements that carry them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from msgspec import Struct

from infra.events import ROW, Origin, Row
from infra.log.arguments import Sent, blob, blobs, ids, integer, integers, text, texts, times

Verdict = Literal["accepted", "replayed", "reused", "claimed", "conflict"]


class Draft(NamedTuple):
    """An event on its way into the log: already encoded, not yet placed."""

    tag: str
    occurred_at: datetime
    body: bytes


class Append(Struct, frozen=True, kw_only=True):
    """What one command asks of the log, all of it or nothing.

    `expected` is the stream's version the decision was made on (0: a new stream, whose `wrapped_key` comes
    along). `key` and `digest` make it idempotent for the actor; `claim` is a text that only one command may
    ever take. A key that the service made up itself is a tilde and 32 hexadecimal digits.
    """

    stream_id: UUID
    kind: str
    expected: int
    events: Sequence[Draft]
    actor: str
    key: str
    digest: bytes
    correlation: str
    origin: Origin = "live"
    causation: str | None = None
    claim: str | None = None
    wrapped_key: bytes | None = None


class Appended(NamedTuple):
    """The log's answer to one command; `append` in the first migration tells what each verdict gives back."""

    verdict: Verdict
    stream_id: UUID
    first_version: int
    last_version: int
    first_position: int | None
    recorded_at: datetime


class Load(NamedTuple):
    """What a command needs before it can be decided: its stream, and whether its key was seen."""

    stream_id: UUID
    actor: str = ""
    key: str | None = None


class Seen(NamedTuple):
    """The record of an accepted command: what it was, and the stream whose versions answer it.

    Its events are those after `first_version` up to `last_version`; none if the two are equal.
    """

    actor: str
    key: str
    digest: bytes
    stream_id: UUID
    first_version: int
    last_version: int


class Loaded(NamedTuple):
    """A stream's rows in order, and the record of the command's key, read after them."""

    rows: Sequence[Row]
    seen: Seen | None


APPEND = """SELECT * FROM append(
    %b::uuid[], %b::text[], %b::int[], %b::int[], %b::text[], %b::text[], %b::bytea[], %b::text[],
    %b::bytea[], %b::text[], %b::text[], %b::text[], %b::int[], %b::text[], %b::timestamptz[], %b::bytea[])"""
APPEND_ONE = """SELECT * FROM append_one(
    %b::uuid, %b::text, %b::int, %b::text, %b::text, %b::bytea, %b::text, %b::bytea, %b::text, %b::text,
    %b::text, %b::text[], %b::timestamptz[], %b::bytea[])"""
STREAMS = f"SELECT {ROW} WHERE e.stream_id = ANY(%b::uuid[]) ORDER BY e.stream_id, e.version"
BLOCKS = "SELECT nextval('protocol_numbers') FROM generate_series(1, %s)"
CLAIMS = "SELECT claim, stream_id FROM claims WHERE claim = ANY(%s)"
KEYS = """SELECT i.actor, i.key, i.digest, i.stream_id, i.first_version, i.last_version
            FROM unnest(%b::text[], %b::text[]) AS asked (actor, key) JOIN idempotency i USING (actor, key)"""


def columns(batch: Sequence[Append]) -> tuple[Sent, ...]:
    """The arguments of `append`: one array a column, first of the commands, then of their events."""
    events = [(ordinal, event) for ordinal, command in enumerate(batch, start=1) for event in command.events]
    return (
        ids([c.stream_id for c in batch]),
        texts([c.kind for c in batch]),
        integers([c.expected for c in batch]),
        integers([len(c.events) for c in batch]),
        texts([c.actor for c in batch]),
        texts([c.key for c in batch]),
        blobs([c.digest for c in batch]),
        texts([c.claim for c in batch]),
        blobs([c.wrapped_key for c in batch]),
        texts([c.correlation for c in batch]),
        texts([c.causation for c in batch]),
        texts([c.origin for c in batch]),
        integers([ordinal for ordinal, _ in events]),
        texts([event.tag for _, event in events]),
        times([event.occurred_at for _, event in events]),
        blobs([event.body for _, event in events]),
    )


def fields(command: Append) -> tuple[Sent | None, ...]:
    """The arguments of `append_one`: those of the command, then one array a column of its events."""
    return (
        blob(command.stream_id.bytes),
        text(command.kind),
        integer(command.expected),
        text(command.actor),
        text(command.key),
        blob(command.digest),
        text(command.claim),
        blob(command.wrapped_key),
        text(command.correlation),
        text(command.causation),
        text(command.origin),
        texts([event.tag for event in command.events]),
        times([event.occurred_at for event in command.events]),
        blobs([event.body for event in command.events]),
    )
