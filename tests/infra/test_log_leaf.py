"""The leaf is the hash of every other column, and anybody can compute it anew: docs/log.md says how."""

import hashlib
import struct
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from infra.database import owner_conninfo
from infra.log import APPEND, Draft, columns
from tests.databases import SCHEMA
from tests.infra.logs import request, serving

LAYOUT = {
    "position": "bigint",
    "stream_id": "uuid",
    "kind": "text",
    "version": "integer",
    "tag": "text",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
    "actor": "text",
    "correlation": "text",
    "causation": "text",
    "origin": "text",
    "body": "bytea",
}
COLUMNS, TYPES = ", ".join(LAYOUT), list(LAYOUT.values())
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
times = st.datetimes(
    EPOCH.replace(1900, tzinfo=None), EPOCH.replace(2199, tzinfo=None), timezones=st.just(UTC)
)
rows = st.tuples(
    st.integers(1, 2**63 - 1),
    st.uuids(),
    texts,
    st.integers(1, 2**31 - 1),
    texts,
    times,
    times,
    texts,
    texts,
    st.none() | texts,
    texts,
    st.binary(max_size=50),
)


def encoded(value: object, kind: str) -> bytes | None:
    match value:
        case None:
            return None
        case UUID():
            return value.bytes
        case datetime():
            return struct.pack(">q", (value - EPOCH) // timedelta(microseconds=1))
        case int():
            return struct.pack(">q" if kind == "bigint" else ">i", value)
        case str():
            return value.encode()
        case bytes():
            return value
    raise TypeError(kind)


def leaf(row: tuple[Any, ...]) -> bytes:
    """SHA-256 of 0x00 and each column in order, its length in four bytes before it; -1 for NULL."""
    fields = [encoded(value, kind) for value, kind in zip(row, TYPES, strict=True)]
    framed = [b"\xff\xff\xff\xff" if f is None else struct.pack(">i", len(f)) + f for f in fields]
    return hashlib.sha256(b"\0" + b"".join(framed)).digest()


def stored_leaf(connection: psycopg.Connection[Any], row: tuple[Any, ...]) -> bytes:
    arguments = ", ".join(f"%s::{kind}" for kind in TYPES)
    found = connection.execute(f"SELECT leaf_of({arguments})".encode(), row).fetchone()
    assert found
    return bytes(found[0])


def test_python_and_the_database_agree_on_the_leaf_of_any_event(database: str) -> None:
    with psycopg.connect(owner_conninfo(database, SCHEMA), autocommit=True) as connection:

        @given(rows)
        @settings(max_examples=200, deadline=None)
        def agree(row: tuple[Any, ...]) -> None:
            assert stored_leaf(connection, row) == leaf(row)

        agree()


@given(rows, rows, st.integers(0, len(TYPES) - 1))
def test_a_change_of_any_column_changes_the_leaf(
    row: tuple[Any, ...], other: tuple[Any, ...], place: int
) -> None:
    changed = (*row[:place], other[place], *row[place + 1 :])
    assert (leaf(changed) == leaf(row)) == (changed == row)


def test_moving_text_from_one_column_to_the_next_changes_the_leaf() -> None:
    row = (1, UUID(int=1), "k", 1, "t", EPOCH, EPOCH, "ab", "c", None, "live", b"")
    assert leaf(row) != leaf((*row[:7], "a", "bc", *row[9:]))
    assert leaf(row) != leaf((*row[:9], "", *row[10:]))


@pytest.mark.parametrize("encoding", ["UTF8", "LATIN1"])
def test_stored_leaves_cover_every_column_whatever_the_clients_encoding(database: str, encoding: str) -> None:
    with psycopg.connect(serving(database), autocommit=True, client_encoding=encoding) as connection:
        drafts = [Draft(f"tag-é{n}", EPOCH + timedelta(days=n), b"\0\xff body") for n in range(3)]
        connection.execute(
            APPEND, columns([replace(request(actor="José", correlation="ção"), events=drafts)])
        )
        found = connection.execute(
            f"SELECT {COLUMNS}, leaf FROM events ORDER BY position".encode()
        ).fetchall()
    assert len(found) == 3
    for *row, stored in found:
        assert stored == leaf(tuple(row))


def test_no_column_is_left_out_of_the_leaf(database: str) -> None:
    with psycopg.connect(serving(database), autocommit=True) as connection:
        found = connection.execute("SELECT * FROM events")
        assert [column.name for column in found.description or ()] == [*LAYOUT, "leaf"]
