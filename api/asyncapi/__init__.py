"""The AsyncAPI 3.0 document: every event, and every way to follow them, made from the structs themselves."""

from functools import cache

import msgspec
from litestar import MediaType, Response, Router, get

from api.asyncapi.channels import CHANNELS, channel, operation
from api.asyncapi.messages import messages, schemas
from api.openapi.describing import TITLE, VERSION
from api.openapi.schemas import Json

__all__ = ["ROUTER", "document"]


@cache
def document() -> Json:
    """The document, as JSON-able objects."""
    named = messages()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"{TITLE}: events",
            "version": VERSION,
            "description": "Everything that happens to complaints and customers, in one order. "
            "Every event has a position, and one cursor, the last position seen, is good for every channel.",
        },
        "defaultContentType": "application/json",
        "channels": {each.name: channel(each, list(named)) for each in CHANNELS},
        "operations": {each.name: operation(each) for each in CHANNELS},
        "components": {"schemas": schemas(), "messages": named},
    }


@get("/schema/asyncapi.json", opt={}, media_type=MediaType.JSON)
async def as_json() -> Response[bytes]:
    """The document."""
    return Response(_encoded(), media_type=MediaType.JSON)


@cache
def _encoded() -> bytes:
    return msgspec.json.encode(document())


ROUTER = Router("/", route_handlers=[as_json])
