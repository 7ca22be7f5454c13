"""Events as subscribers get them: every type, without what is personal unless asked for."""

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema_rs
import msgspec
import pytest

from domain.messages import ERASED, personal_fields
from infra.cloudevents import encoded, rendered, rendered_in_full, thin
from infra.events import EVENT_TYPES, Row, encode_body
from infra.vault import Vault

SAMPLES = sorted((Path(__file__).parents[1] / "samples").glob("*.json"))
STREAM = UUID("01935c5e-7d2a-7c3e-9a51-0c6f2b8e4d10")
VAULT = Vault(bytes(32))
KEY, WRAPPED = VAULT.new_key(STREAM)
HAPPENED = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LEARNT = datetime(2026, 11, 23, 12, 30, 0, 250_000, tzinfo=UTC)
SOURCE = "urn:ouvidoria:test"

# What CloudEvents 1.0 asks of its JSON format: attributes are text or small integers, and never null.
ATTRIBUTES = {
    "type": "object",
    "required": ["id", "source", "specversion", "type"],
    "properties": {"specversion": {"const": "1.0"}, "data": {}},
    "propertyNames": {"pattern": "^[a-z0-9]{1,20}$"},
    "additionalProperties": {
        "oneOf": [
            {"type": "string", "minLength": 1},
            {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
        ]
    },
}


def row(tag: str, body: bytes, **changes: Any) -> Row:
    return Row(
        position=41, stream_id=STREAM, kind="complaint", version=7, tag=tag, occurred_at=HAPPENED,
        recorded_at=LEARNT, actor="ana", correlation="request-1", causation=None, origin="live", body=body,
        leaf=bytes(32), wrapped=WRAPPED,
    )._replace(**changes)  # fmt: skip


def stored(sample: Path, **changes: Any) -> Row:
    event = msgspec.json.decode(sample.read_bytes(), type=EVENT_TYPES[sample.stem])
    return row(sample.stem, encode_body(event, KEY, STREAM, 7), **changes)


def read(event: Any) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(encoded(event))
    return found


def test_the_envelope_says_what_when_where_and_why() -> None:
    body = b'{"type":"investigation-started"}'
    assert read(rendered(row("investigation-started", body, causation="a/6"), SOURCE, 12)) == {
        "specversion": "1.0",
        "id": "01935c5e-7d2a-7c3e-9a51-0c6f2b8e4d10/7",
        "source": SOURCE,
        "type": "ouvidoria.investigation-started",
        "subject": "01935c5e-7d2a-7c3e-9a51-0c6f2b8e4d10",
        "time": "2026-11-23T12:00:00Z",
        "datacontenttype": "application/json",
        "sequence": "00000000000000000041",
        "recordedtime": "2026-11-23T12:30:00.250000Z",
        "correlationid": "request-1",
        "causationid": "a/6",
        "previousversion": 6,
        "coversfrom": "00000000000000000012",
        "data": {"type": "investigation-started"},
    }


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_event_is_a_valid_cloud_event_that_names_nobody(sample: Path) -> None:
    event = read(rendered(stored(sample), SOURCE, 41))
    jsonschema_rs.validator_for(ATTRIBUTES).validate(event)
    whole = msgspec.json.decode(sample.read_bytes())
    personal = personal_fields(EVENT_TYPES[sample.stem])
    assert event["data"] == {name: value for name, value in whole.items() if name not in personal}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_in_full_every_event_says_what_was_recorded(sample: Path) -> None:
    event = read(rendered_in_full(stored(sample), SOURCE, 41, VAULT))
    assert event["data"] == msgspec.json.decode(sample.read_bytes())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_in_full_what_was_erased_reads_so(sample: Path) -> None:
    found = read(rendered_in_full(stored(sample, wrapped=None), SOURCE, 41, VAULT))["data"]
    names = personal_fields(EVENT_TYPES[sample.stem])
    assert {found.get(name) for name in names} <= {ERASED, None}


def test_what_is_sealed_is_not_handed_out_even_as_it_is() -> None:
    body = b'{"type":"note-added","sealed":"' + base64.b64encode(bytes(40)) + b'"}'
    assert b"sealed" not in encoded(rendered(row("note-added", body), SOURCE, 41))


def test_a_thin_event_leaves_out_what_it_says() -> None:
    event = rendered(row("investigation-started", b'{"type":"investigation-started"}'), SOURCE, 41)
    assert read(event).keys() - read(thin(event)).keys() == {"data"}


def test_sequences_sort_as_positions_do() -> None:
    body = b'{"type":"investigation-started"}'
    found = [
        rendered(row("x", body, position=n), SOURCE, n).sequence for n in (1, 9, 10, 99, 10**6, 2**63 - 1)
    ]
    assert found == sorted(found)
