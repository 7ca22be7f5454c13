"""Stored bodies: personal fields sealed to their place in the log, and readable for ever after."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from cryptography.exceptions import InvalidTag

from domain.complaint import events as e
from domain.complaint.values import Contact
from domain.messages import Event, personal_fields, tag_of
from infra.events import EVENT_TYPES, Erased, UnknownEvent, decode_body, encode_body
from infra.vault import StreamKey

STREAM, OTHER = UUID(int=1), UUID(int=2)
KEY = StreamKey(bytes(32))
SAMPLES = sorted((Path(__file__).parents[1] / "samples").glob("*.json"))
NOTE = e.NoteAdded(text="called Maria")


@dataclass(frozen=True)
class Place:
    stream_id: UUID = STREAM
    version: int = 1
    tag: str = "note-added"


def decoded(body: bytes, place: Place, key: StreamKey | None = KEY) -> Event:
    return decode_body(place.tag, body, key, place.stream_id, place.version)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_event_reads_back_as_it_was_and_shows_nothing_personal(sample: Path) -> None:
    event = msgspec.json.decode(sample.read_bytes(), type=EVENT_TYPES[sample.stem])
    body = encode_body(event, KEY, STREAM, 1)
    assert decoded(body, Place(tag=sample.stem)) == event
    assert not set(msgspec.json.decode(body)) & set(personal_fields(type(event)))


def test_tags_name_one_event_type_each() -> None:
    assert {tag: tag_of(event) for tag, event in EVENT_TYPES.items()} == {tag: tag for tag in EVENT_TYPES}


@pytest.mark.parametrize("place", [Place(stream_id=OTHER), Place(version=2)])
def test_a_sealed_field_copied_elsewhere_does_not_open(place: Place) -> None:
    body = encode_body(NOTE, KEY, STREAM, 1)
    with pytest.raises(InvalidTag):
        decoded(body, place)


def test_a_sealed_field_copied_into_an_event_of_another_type_does_not_open() -> None:
    fields = msgspec.json.decode(encode_body(NOTE, KEY, STREAM, 1)) | {"type": "reply-reviewed"}
    with pytest.raises(InvalidTag):
        decoded(msgspec.json.encode(fields), Place(tag="reply-reviewed"))


def test_a_body_under_another_tag_than_its_own_is_refused() -> None:
    body = encode_body(e.InvestigationStarted(), KEY, STREAM, 1)
    with pytest.raises(msgspec.ValidationError):
        decoded(body, Place(tag="note-added"))


def test_without_its_key_an_event_still_loads() -> None:
    contact = Contact(name="Maria", email="m@example.org")
    event: Any = decoded(
        encode_body(
            e.ComplaintAssigned(analyst="ana", reason="Maria asked", backdating_reason="ill"), KEY, STREAM, 1
        ),
        Place(tag="complaint-assigned"),
        key=None,
    )
    assert event == e.ComplaintAssigned(analyst="ana")
    note = decoded(encode_body(NOTE, KEY, STREAM, 1), Place(), key=None)
    assert note == e.NoteAdded(text="[erased]")
    assert contact.name


def test_what_is_not_personal_needs_no_key() -> None:
    event = e.InvestigationStarted()
    assert decoded(encode_body(event, None, STREAM, 1), Place(tag="investigation-started"), None) == event


def test_what_is_personal_is_never_stored_without_a_key() -> None:
    with pytest.raises(Erased):
        encode_body(NOTE, None, STREAM, 1)


def test_the_sealed_text_is_aes_gcm_with_a_nonce_of_its_own() -> None:
    sealed = [msgspec.json.decode(encode_body(NOTE, KEY, STREAM, 1))["sealed"] for _ in range(2)]
    nonces = [base64.b64decode(text)[:12] for text in sealed]
    assert nonces[0] != nonces[1]


def test_an_unknown_tag_is_named() -> None:
    with pytest.raises(UnknownEvent, match="'from-the-future'"):
        decoded(b"{}", Place(tag="from-the-future"))
