"""The ways to follow the events. One more is one entry more in `CHANNELS`."""

from msgspec import Struct

from api.openapi.schemas import Json


class Channel(Struct, frozen=True):
    """One way to follow the events; `address` is None where the subscriber names it."""

    name: str
    title: str
    address: str | None
    description: str
    parameters: dict[str, str] = {}
    bindings: Json = {}


CHANNELS: tuple[Channel, ...] = (
    Channel(
        "feed",
        "The feed",
        "/v1/events",
        "Pages of events after a position. `Accept: application/cloudevents-batch+json` gives a bare array.",
        bindings={"http": {"method": "GET", "bindingVersion": "0.3.0"}},
    ),
    Channel(
        "stream",
        "The stream",
        "/v1/events/stream",
        "Server-sent events: `id` is the position, `event` the type, `data` the message. A message without "
        "`data` only says up to where there is nothing. Goes on after `Last-Event-ID`.",
        bindings={"http": {"method": "GET", "bindingVersion": "0.3.0"}},
    ),
    Channel(
        "webhooks",
        "Webhooks",
        None,
        "Each event is posted to the URL of the subscription, signed as Standard Webhooks have it, in the "
        "order of its complaint.",
        bindings={"http": {"method": "POST", "bindingVersion": "0.3.0"}},
    ),
    Channel(
        "broker",
        "NATS JetStream",
        "{stream}.{kind}.{type}.{id}",
        "The log as a stream of the broker: the sequence of a message there is its position here.",
        parameters={
            "stream": "The name of the stream, a setting of the service.",
            "kind": "What the event belongs to: `complaint`, `customer` …",
            "type": "The type of the event, without `ouvidoria.`.",
            "id": "The stream id: the id of the complaint, customer …",
        },
    ),
)


def channel(described: Channel, messages: list[str]) -> Json:
    """The channel as the document shows it; each carries every message."""
    found: Json = {
        "address": described.address,
        "title": described.title,
        "description": described.description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }
    if described.parameters:
        found["parameters"] = {
            name: {"description": description} for name, description in described.parameters.items()
        }
    return found


def operation(described: Channel) -> Json:
    """What the service does on the channel: it sends."""
    found: Json = {
        "action": "send",
        "channel": {"$ref": f"#/channels/{described.name}"},
        "title": described.title,
    }
    return found | ({"bindings": described.bindings} if described.bindings else {})
