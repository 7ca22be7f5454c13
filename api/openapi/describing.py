"""From the routes of an app to its OpenAPI document."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from api import examples
from api.openapi import parameters, responses
from api.openapi.schemas import Json, components
from api.problems import Problem
from api.roles import MAY

TITLE = "Ouvidoria"
VERSION = "1"


def describe(app: Litestar) -> Json:
    """The OpenAPI document of an app, as JSON-able objects."""
    operations = sorted(_operations(app), key=lambda found: found[:2])
    types = sorted(
        {struct for *_, handler in operations for struct in _structs(handler)} | {Problem}, key=str
    )
    references, named = components(types)
    schemas = dict(zip(types, references, strict=True))
    schemas["problem"] = schemas[Problem]
    paths: Json = {}
    for path, method, handler in operations:
        paths.setdefault(path, {})[method] = _operation(path, handler, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": VERSION,
            "description": "Complaints, from intake to what caused them.",
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": named,
            "parameters": parameters.HEADERS,
            "headers": responses.HEADERS,
            "responses": responses.shared(schemas[Problem]),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operations(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in app.routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            if "summary" in handler.opt:
                path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path).replace("{stream_id}", "{id}")
                for method in handler.http_methods - {"OPTIONS"}:
                    yield path, method.lower(), handler


def _structs(handler: HTTPRouteHandler) -> Iterator[Any]:
    yield handler.opt["response"]
    yield from handler.opt.get("also", {}).values()
    yield from handler.opt.get("variants", {}).values()
    if "request" in handler.opt:
        yield handler.opt["request"]


def _operation(path: str, handler: HTTPRouteHandler, schemas: dict[Any, Json]) -> Json:
    opt = handler.opt
    operation: Json = {
        "operationId": re.sub(r"\W+", "_", handler.name or ""),
        "summary": opt["summary"],
        "description": opt.get("description") or inspect.getdoc(handler.fn) or "",
        "tags": [re.split("[/:]", path)[2] if path.startswith("/v1/") else "operations"],
        "parameters": parameters.parameters(path, handler),
        "responses": responses.responses(path, opt, schemas),
    }
    if "action" in opt:
        operation["description"] += f"\n\nFor: {', '.join(sorted(MAY[opt['action']]))}."
    else:
        operation["security"] = []
    if request := opt.get("request"):
        named = examples.OTHERS | examples.REQUESTS
        shown = named.get(handler.name or "", named.get(opt.get("action", "")))
        content = {"schema": schemas[request], "examples": {"example": {"value": shown}}}
        media_type = opt.get("media_type", "application/json")
        operation["requestBody"] = {"required": True, "content": {media_type: content}}
    return operation
