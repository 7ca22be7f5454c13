"""Arguments in PostgreSQL's binary format, in a third of the time that psycopg takes to dump lists."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from struct import Struct
from uuid import UUID

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

_header = Struct(
    "!iiiii"
).pack  # dimensions, whether a field may be NULL, type of a field, fields, first index
_length = Struct("!i").pack
_integer = Struct("!ii").pack
_long = Struct("!iq").pack
NULL = _length(-1)
EPOCH, MICROSECOND = datetime(2000, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class Sent(bytes):
    """An argument that is sent as it is; the statement names its type."""


class _SentDumper(Dumper):
    format = Format.BINARY
    oid = 0

    def dump(self, obj: Sent) -> Buffer:
        return obj


psycopg.adapters.register_dumper(Sent, _SentDumper)


_types = psycopg.adapters.types
BYTEA, INTEGER, TEXT = _types["bytea"].oid, _types["int4"].oid, _types["text"].oid
TIME, ID = _types["timestamptz"].oid, _types["uuid"].oid


def integer(value: int) -> Sent:
    """`integer`."""
    return Sent(_length(value))


def text(value: str | None) -> Sent | None:
    """`text`."""
    return None if value is None else Sent(value.encode())


def blob(value: bytes | None) -> Sent | None:
    """`bytea`, or another type of which the binary format is given."""
    return None if value is None else Sent(value)


def integers(values: Iterable[int]) -> Sent:
    """`integer[]`."""
    return _array(INTEGER, [_integer(4, value) for value in values])


def ids(values: Iterable[UUID]) -> Sent:
    """`uuid[]`."""
    return blobs([value.bytes for value in values], ID)


def texts(values: Iterable[str | None]) -> Sent:
    """`text[]`."""
    return blobs([None if value is None else value.encode() for value in values], TEXT)


def times(values: Iterable[datetime]) -> Sent:
    """`timestamptz[]`."""
    return _array(TIME, [_long(8, (value - EPOCH) // MICROSECOND) for value in values])


def blobs(values: Iterable[bytes | None], kind: int = BYTEA) -> Sent:
    """`bytea[]`, or an array of another type whose fields are given in its binary format."""
    return _array(kind, [NULL if value is None else _length(len(value)) + value for value in values])


def _array(kind: int, fields: list[bytes]) -> Sent:
    return Sent(_header(1, 1, kind, len(fields), 1) + b"".join(fields))
