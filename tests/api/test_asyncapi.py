"""The AsyncAPI document: valid, complete, and true of what is sent."""

import json
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from api.asyncapi import document
from api.asyncapi.messages import schema_version
from domain.messages import personal_fields
from infra.cloudevents import rendered
from infra.events import EVENT_TYPES
from tests.api.serving import Service
from tests.infra.test_cloudevents import ATTRIBUTES, SAMPLES, SOURCE, read, stored

DOCUMENT: dict[str, Any] = json.loads(json.dumps(document()))

REFERENCE = {"type": "object", "required": ["$ref"], "properties": {"$ref": {"type": "string"}}}
# What AsyncAPI 3.0 asks of a document, as far as ours uses it.
ASYNCAPI = {
    "type": "object",
    "required": ["asyncapi", "info"],
    "additionalProperties": False,
    "properties": {
        "asyncapi": {"const": "3.0.0"},
        "defaultContentType": {"type": "string"},
        "info": {
            "type": "object",
            "required": ["title", "version"],
            "properties": {name: {"type": "string"} for name in ("title", "version", "description")},
            "additionalProperties": False,
        },
        "channels": {
            "type": "object",
            "propertyNames": {"pattern": "^[\\w.-]+$"},
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "address": {"type": ["string", "null"]},
                    "messages": {"type": "object", "additionalProperties": REFERENCE},
                    "title": {"type": "string"},
                    "description": {"type": "string"},
                    "parameters": {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "properties": {"description": {"type": "string"}},
                            "additionalProperties": False,
                        },
                    },
                },
                "additionalProperties": False,
            },
        },
        "operations": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["action", "channel"],
                "properties": {
                    "action": {"enum": ["send", "receive"]},
                    "channel": REFERENCE,
                    "title": {"type": "string"},
                    "bindings": {"type": "object"},
                },
                "additionalProperties": False,
            },
        },
        "components": {
            "type": "object",
            "properties": {
                "schemas": {"type": "object", "additionalProperties": {"type": "object"}},
                "messages": {
                    "type": "object",
                    "propertyNames": {"pattern": "^[\\w.-]+$"},
                    "additionalProperties": {
                        "type": "object",
                        "properties": {
                            "name": {"type": "string"},
                            "title": {"type": "string"},
                            "contentType": {"type": "string"},
                            "payload": {"type": "object"},
                            "x-schema-version": {"type": "string", "minLength": 1},
                            "examples": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "object",
                                    "properties": {
                                        "name": {"type": "string"},
                                        "summary": {"type": "string"},
                                        "payload": {"type": "object"},
                                    },
                                    "additionalProperties": False,
                                },
                            },
                        },
                        "additionalProperties": False,
                    },
                },
            },
            "additionalProperties": False,
        },
    },
}


def payloads(tag: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each["payload"] for each in DOCUMENT["components"]["messages"][tag]["examples"]}


def validator(tag: str) -> Any:
    payload = DOCUMENT["components"]["messages"][tag]["payload"]
    return jsonschema_rs.validator_for({**payload, "components": DOCUMENT["components"]})


def test_the_document_is_valid_asyncapi_3() -> None:
    jsonschema_rs.validator_for(ASYNCAPI).validate(DOCUMENT)


def test_the_service_serves_it_beside_the_other_document(service: Service) -> None:
    assert service.get("/schema/asyncapi.json", role=None).json() == DOCUMENT
    assert "/schema/asyncapi.json" in service.get("/schema", role=None).text


def test_everything_it_refers_to_is_there() -> None:
    references = [
        line.split('"')[3] for line in json.dumps(DOCUMENT, indent=0).splitlines() if '"$ref"' in line
    ]
    assert references
    for reference in references:
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_every_event_is_a_message_of_every_channel() -> None:
    assert DOCUMENT["components"]["messages"].keys() == EVENT_TYPES.keys()
    assert DOCUMENT["channels"].keys() == {"feed", "stream", "webhooks", "broker"}
    for name, channel in DOCUMENT["channels"].items():
        assert channel["messages"].keys() == EVENT_TYPES.keys(), name
        assert DOCUMENT["operations"][name]["channel"] == {"$ref": f"#/channels/{name}"}


@pytest.mark.parametrize("tag", EVENT_TYPES)
def test_the_examples_are_valid_events_that_decode_as_their_structs(tag: str) -> None:
    found = payloads(tag)
    for payload in found.values():
        validator(tag).validate(payload)
        jsonschema_rs.validator_for(ATTRIBUTES).validate(payload)
    event = msgspec.convert(found["personal"]["data"], EVENT_TYPES[tag])
    assert msgspec.to_builtins(event)["type"] == tag
    assert not found["default"]["data"].keys() & set(personal_fields(EVENT_TYPES[tag]))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_what_is_sent_is_what_it_says(sample: Any) -> None:
    validator(sample.stem).validate(read(rendered(stored(sample), SOURCE, 12)))
    other = next(tag for tag in EVENT_TYPES if tag != sample.stem)
    assert not validator(other).is_valid(read(rendered(stored(sample), SOURCE, 12)))


def test_the_version_of_a_schema_names_its_shape() -> None:
    versions = {tag: schema_version(event) for tag, event in EVENT_TYPES.items()}
    assert len(set(versions.values())) == len(EVENT_TYPES)
    for tag, version in versions.items():
        assert DOCUMENT["components"]["messages"][tag]["x-schema-version"] == version
