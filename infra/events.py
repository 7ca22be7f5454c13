"""What stands in the log: the envelope around an event, and its translation to and from a row."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from msgspec import Struct, defstruct, structs

from domain import AGGREGATES
from domain.messages import Event, erased_values, personal_fields, tag_of
from infra.vault import StreamKey, Vault

Origin = Literal["live", "import", "system"]
E = TypeVar("E", bound=Event, covariant=True)  # noqa: PLC0105 - a short name for the one there is

SEALED = "sealed"


class Recorded(Struct, Generic[E], frozen=True):
    """An event as the log holds it.

    `position` is contiguous over the whole log, `version` within the stream, both from 1. `occurred_at` is
    when it happened, `recorded_at` when the log learnt it. `correlation` is the request that caused it,
    `causation` the event (`<stream id>/<version>`) it reacts to.
    """

    position: int
    stream_id: UUID
    kind: str
    version: int
    tag: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    correlation: str
    causation: str | None
    origin: Origin
    leaf: bytes
    event: E


class Row(NamedTuple):
    """A row of `events` with the wrapped key of its stream (absent: erased)."""

    position: int
    stream_id: UUID
    kind: str
    version: int
    tag: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    correlation: str
    causation: str | None
    origin: Origin
    body: bytes
    leaf: bytes
    wrapped: bytes | None


ROW = """e.position, e.stream_id, e.kind, e.version, e.tag, e.occurred_at, e.recorded_at, e.actor,
e.correlation, e.causation, e.origin, e.body, e.leaf, k.wrapped
FROM events e LEFT JOIN stream_keys k USING (stream_id)"""

EVENT_TYPES: dict[str, type[Event]] = {
    tag_of(event): event for aggregate in AGGREGATES.values() for event in aggregate.events
}
_DECODERS = {tag: msgspec.json.Decoder(event_type) for tag, event_type in EVENT_TYPES.items()}


class _Sealed(Struct):
    sealed: str | None = None


_sealed = msgspec.json.Decoder(_Sealed)
MARK = f'"{SEALED}"'.encode()


class Erased(Exception):
    """The stream's key was destroyed: no personal field can be recorded on it any more."""


class UnknownEvent(Exception):
    """The log holds a tag that this version of the service does not know."""


def _binding(stream_id: UUID, version: int, tag: str) -> bytes:
    return stream_id.bytes + version.to_bytes(4, "big") + tag.encode()


class _Part(NamedTuple):
    """Some fields of an event, as a struct that does not write what is at its default."""

    names: Sequence[str]
    struct: type[Struct]

    def json(self, event: Event, *before: str) -> bytes:
        return msgspec.json.encode(self.struct(*before, *[getattr(event, name) for name in self.names]))


def encode_body(event: Event, key: StreamKey | None, stream_id: UUID, version: int) -> bytes:
    """JSON of the event; its personal fields are sealed in one that opens only at this place in the log.

    Raises:
        Erased: there are personal fields and no key to seal them with.
    """
    personal, plain = _parts(type(event))
    given = personal.json(event)
    if given == b"{}":
        return msgspec.json.encode(event)
    if key is None:
        raise Erased(f"stream {stream_id} was erased")
    return plain.json(event, key.seal(given, _binding(stream_id, version, tag_of(type(event)))))


@cache
def _parts(event_type: type[Event]) -> tuple[_Part, _Part]:
    """The personal fields, and the others after the sealed one."""
    names = personal_fields(event_type)
    personal = defstruct("Personal", [(name, Any, None) for name in names], omit_defaults=True)
    fields = [each for each in structs.fields(event_type) if each.name not in names]
    fields.sort(key=lambda each: not each.required)
    plain = defstruct(
        "Plain",
        [(SEALED, str), *map(_defined, fields)],
        tag_field="type",
        tag=tag_of(event_type),
        omit_defaults=True,
    )
    return _Part(names, personal), _Part([each.name for each in fields], plain)


def _defined(field: structs.FieldInfo) -> tuple[str, Any] | tuple[str, Any, Any]:
    if field.required:
        return field.name, Any
    if field.default_factory is not msgspec.NODEFAULT:
        return field.name, Any, msgspec.field(default_factory=field.default_factory)
    return field.name, Any, field.default


def decode_body(tag: str, body: bytes, key: StreamKey | None, stream_id: UUID, version: int) -> Event:
    """The event of a stored body in its present shape; without the key, personal fields read `[erased]`.

    Raises:
        UnknownEvent: no event type has this tag.
    """
    return _decoder(tag).decode(_opened(tag, body, key, stream_id, version)).upcast()


def recorded(row: Row, vault: Vault) -> Recorded[Event]:
    """The envelope of a row, its event decrypted and decoded."""
    event = decode_body(row.tag, row.body, _key(row, vault), row.stream_id, row.version)
    return Recorded(*row[:11], row.leaf, event)


def opened_fields(row: Row, vault: Vault) -> dict[str, Any]:
    """The fields of a row's event as they were stored, the personal ones opened, or erased with their key.

    Raises:
        UnknownEvent: its key is gone, and no event type has its tag.
    """
    opened = _opened(row.tag, row.body, _key(row, vault), row.stream_id, row.version)
    fields: dict[str, Any] = msgspec.json.decode(opened)
    fields.pop(SEALED, None)
    return fields


def _opened(tag: str, body: bytes, key: StreamKey | None, stream_id: UUID, version: int) -> bytes:
    """The body with its personal fields beside the others; `sealed` itself, which no event has, stays."""
    sealed = _sealed.decode(body).sealed if MARK in body else None
    if sealed is None:
        return body
    opened = key.open(sealed, _binding(stream_id, version, tag)) if key else _erased(_decoder(tag).type)
    return body.rstrip()[:-1] + b"," + opened[1:]


def _decoder(tag: str) -> msgspec.json.Decoder[Event]:
    try:
        return _DECODERS[tag]
    except KeyError:
        raise UnknownEvent(f"event type {tag!r} is not known to this version") from None


@cache
def _erased(event_type: type[Event]) -> bytes:
    return msgspec.json.encode(erased_values(event_type))


def _key(row: Row, vault: Vault) -> StreamKey | None:
    return vault.unwrap(row.stream_id, row.wrapped) if row.wrapped else None
