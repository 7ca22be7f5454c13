"""Every event as a message: its schema, the version of that, and examples."""

import hashlib
from datetime import UTC, datetime
from functools import cache
from typing import cast

import msgspec

from api.asyncapi.examples import example
from api.openapi.schemas import Json, components
from domain.messages import Event, personal_fields
from infra.cloudevents import MEDIA_TYPE, PREFIX, CloudEvent, padded
from infra.events import EVENT_TYPES

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
COMPLAINT = "01935c5e-7d2a-7c3e-9a51-0c6f2b8e4d10"


@cache
def schemas() -> Json:
    """The schemas of all events, of what they consist of, and of the envelope, by name."""
    _, named = components([CloudEvent, *EVENT_TYPES.values()])
    for event in EVENT_TYPES.values():
        _mark_personal(named[event.__name__], personal_fields(event))
    return named


def messages() -> Json:
    """The messages by the tags of their events."""
    return {tag: _message(tag, event) for tag, event in EVENT_TYPES.items()}


def _mark_personal(schema: Json, personal: tuple[str, ...]) -> None:
    """Personal fields are absent unless asked for, so none of them is required."""
    schema["required"] = [name for name in schema.get("required", []) if name not in personal]
    for name in personal:
        schema["properties"][name]["x-personal"] = True


def _message(tag: str, event: type[Event]) -> Json:
    data = example(event)
    public = {name: value for name, value in data.items() if name not in personal_fields(event)}
    return {
        "name": PREFIX + tag,
        "title": event.__name__,
        "contentType": MEDIA_TYPE,
        "x-schema-version": schema_version(event),
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEvent"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": PREFIX + tag},
                        "data": {"$ref": f"#/components/schemas/{event.__name__}"},
                    },
                },
            ]
        },
        "examples": [
            {"name": "default", "payload": _enveloped(tag, public)},
            {"name": "personal", "summary": "With personal=true", "payload": _enveloped(tag, data)},
        ],
    }


def schema_version(event: type[Event]) -> str:
    """A name of the event's shape: another one when a field or a value has come to it."""
    schema = msgspec.json.encode(msgspec.json.schema(event), order="deterministic")
    return hashlib.sha256(schema).hexdigest()[:12]


def _enveloped(tag: str, data: Json) -> Json:
    event = CloudEvent(
        id=f"{COMPLAINT}/3",
        source="urn:ouvidoria:ouvidoria",
        type=PREFIX + tag,
        subject=COMPLAINT,
        time=NOON,
        sequence=padded(4711),
        recordedtime=NOON,
        correlationid="5f0c2c1e-8d6b-4f0e-9a52-3f6f0a1c9b7d",
        causationid=f"{COMPLAINT}/2",
        previousversion=2,
        coversfrom=padded(4708),
        data=msgspec.Raw(msgspec.json.encode(data)),
    )
    return cast("Json", msgspec.json.decode(msgspec.json.encode(event)))
