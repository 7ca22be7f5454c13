"""The OpenAPI 3.1 document, made from the routes and the structs they take and give."""

import html
import inspect
import re
from collections.abc import Iterator
from typing import Any, get_type_hints

import msgspec
from litestar import Litestar, MediaType, Response, Router, get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from api import examples
from api.problems import MEDIA_TYPE, PROBLEMS, NotFound, Problem
from api.roles import MAY

TITLE = "Ouvidoria"
VERSION = "1"
REFERENCE = "#/components/schemas/{name}"
READ_PROBLEMS = ("malformed", "not-found", "unavailable")
WRITE_PROBLEMS = (
    "malformed", "version-mismatch", "body-too-large", "unsupported-media-type", "idempotency-key-reused", "unavailable",
)  # fmt: skip
TOKEN_PROBLEMS = ("unauthenticated", "forbidden")

Json = dict[str, Any]

HEADERS: Json = {
    "Log-Position": {
        "description": "How far the answer knows the log; as `Min-Log-Position` it gives read-your-writes everywhere.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "ETag": {"description": "The version to send as `If-Match`.", "schema": {"type": "string"}},
    "Location": {"description": "Where the new thing is.", "schema": {"type": "string"}},
    "Link": {"description": 'The next page, `rel="next"`, if there is one.', "schema": {"type": "string"}},
    "X-Request-ID": {"description": "Names the request in logs and events.", "schema": {"type": "string"}},
    "Idempotent-Replayed": {
        "description": "`true` if this answer was given before.",
        "schema": {"const": "true"},
    },
    "Retry-After": {"description": "Seconds after which to ask again.", "schema": {"type": "integer"}},
}
PARAMETERS: Json = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Makes a repetition harmless: the same key with the same body gets the first answer, for 7 days.",
        "schema": {"type": "string", "pattern": r"^[!-}][ -}]{0,199}$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "Refuse (412) unless this is still the ETag.",
        "schema": {"type": "string", "pattern": r'^((W/)?"[0-9]{1,9}"|\*)$'},
    },
    "MinLogPosition": {
        "name": "Min-Log-Position",
        "in": "header",
        "description": "Wait until the view has read as far as this, at most 2 seconds or `Prefer: wait=<s>`.",
        "schema": {"type": "integer", "minimum": 0, "maximum": 10**18 - 1},
    },
}


class Document:
    """The document of one app; the routes that serve it are themselves part of the app."""

    def __init__(self) -> None:
        self._json = b"{}"
        self._html = ""

    def describe(self, app: Litestar) -> None:
        """Write the document of all the app's routes that have a summary."""
        document = describe(app)
        self._json = msgspec.json.encode(document)
        self._html = page(document)

    def router(self) -> Router:
        """The routes that serve the document and what problem types mean."""

        @get("/schema/openapi.json", opt={}, media_type=MediaType.JSON)
        async def as_json() -> Response[bytes]:
            return Response(self._json, media_type=MediaType.JSON)

        @get("/schema", opt={}, media_type=MediaType.HTML)
        async def as_html() -> Response[str]:
            return Response(self._html, media_type=MediaType.HTML)

        return Router("/", route_handlers=[as_json, as_html, problem_type])


@get("/problems/{slug:str}", opt={}, media_type=MediaType.TEXT)
async def problem_type(slug: str) -> Response[str]:
    """What a problem type means."""
    if slug not in PROBLEMS:
        raise NotFound("there is no such problem type")
    status, text = PROBLEMS[slug]
    return Response(f"{slug} ({status})\n{text}\n", media_type=MediaType.TEXT)


def describe(app: Litestar) -> Json:
    """The OpenAPI document of an app, as JSON-able objects."""
    operations = sorted(_operations(app), key=lambda found: found[:2])
    structs = {struct for *_, handler in operations for struct in _structs(handler)} | {Problem}
    ordered = sorted(structs, key=str)
    references, components = msgspec.json.schema_components(ordered, ref_template=REFERENCE)
    schemas = dict(zip(ordered, references, strict=True))
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
            "schemas": {name: _portable(schema) for name, schema in components.items()},
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operations(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            if "summary" in handler.opt:
                path = re.sub(
                    r"\{(\w+):\w+\}",
                    r"{\1}",
                    route.path_format if hasattr(route, "path_format") else route.path,
                )
                for method in handler.http_methods - {"OPTIONS"}:
                    yield re.sub(r"\{(\w+):\w+\}", r"{\1}", path), method.lower(), handler


def _structs(handler: HTTPRouteHandler) -> Iterator[Any]:
    yield handler.opt["response"]
    yield from handler.opt.get("also", {}).values()
    if "request" in handler.opt:
        yield handler.opt["request"]


def _operation(path: str, handler: HTTPRouteHandler, schemas: dict[Any, Json]) -> Json:
    opt = handler.opt
    operation: Json = {
        "operationId": re.sub(r"\W+", "_", opt.get("operation_id") or handler.name or handler.fn.__name__),
        "summary": opt["summary"],
        "tags": [path.split("/")[2] if path.startswith("/v1/") else "operations"],
        "parameters": _parameters(path, handler),
        "responses": dict(_responses(opt, schemas)),
    }
    if doc := inspect.getdoc(handler.fn):
        operation["description"] = doc
    if "action" in opt:
        operation["description"] = (
            f"{operation.get('description', '')}\n\nFor: {', '.join(sorted(MAY[opt['action']]))}.".strip()
        )
    else:
        operation["security"] = []
    if request := opt.get("request"):
        content = {
            "schema": schemas[request],
            "examples": {"example": {"value": examples.REQUESTS[opt["action"]]}},
        }
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    return operation


def _parameters(path: str, handler: HTTPRouteHandler) -> list[Json]:
    opt = handler.opt
    found: list[Json] = []
    for name in re.findall(r"\{(\w+)\}", path):
        schema = {"type": "string"} if name == "protocol" else {"type": "string", "format": "uuid"}
        found.append({"name": name, "in": "path", "required": True, "schema": schema})
    if "request" in opt:
        found.append({"$ref": "#/components/parameters/IdempotencyKey"})
        if opt["status"] == 200:
            found.append({"$ref": "#/components/parameters/IfMatch"})
    elif "action" in opt:
        found.append({"$ref": "#/components/parameters/MinLogPosition"})
    if "query" in opt:
        found.extend(p for p in _query(opt["query"]) if p["name"] not in opt.get("hidden", ()))
    return found


def _query(struct: type[Struct]) -> Iterator[Json]:
    hints = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        schema = _portable(_without_null(msgspec.json.schema(hints[field.name])))
        description = schema.pop("description", "")
        parameter = {"name": field.encode_name, "in": "query", "required": field.required, "schema": schema}
        yield {**parameter, "description": description} if description else parameter


def _without_null(schema: Json) -> Json:
    """A parameter is absent or has a value: it is never null."""
    options = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        return {**{k: v for k, v in schema.items() if k != "anyOf"}, **options[0]}
    return schema


def _responses(opt: Json, schemas: dict[Any, Json]) -> Iterator[tuple[str, Json]]:
    status = str(opt.get("status", 200))
    content: Json = {"schema": schemas[opt["response"]]}
    names = ["X-Request-ID", "Log-Position"]
    names += ["ETag", "Idempotent-Replayed"] if "request" in opt else ["Link"] if "query" in opt else []
    names += ["Location"] if status == "201" else []
    yield status, _response("As asked.", "application/json", content, names)
    for other, struct in opt.get("also", {}).items():
        yield (
            str(other),
            _response(
                "As said in the body.", "application/json", {"schema": schemas[struct]}, ["X-Request-ID"]
            ),
        )
    slugs: dict[int, list[str]] = {}
    for slug in _problems(opt):
        slugs.setdefault(PROBLEMS[slug][0], []).append(slug)
    for code, of_code in sorted(slugs.items()):
        if str(code) not in {status, *map(str, opt.get("also", {}))}:
            yield str(code), _problem_response(code, of_code, schemas)


def _problems(opt: Json) -> Iterator[str]:
    if "action" not in opt:
        yield "unavailable"
        return
    yield from TOKEN_PROBLEMS
    if "request" in opt:
        yield from WRITE_PROBLEMS
        yield "not-found"
        yield from (slug for slug, (code, _) in PROBLEMS.items() if code == 409)
    else:
        yield from READ_PROBLEMS
        yield "view-behind"


def _problem_response(code: int, slugs: list[str], schemas: dict[Any, Json]) -> Json:
    shown = {
        slug: {"value": {"type": f"/problems/{slug}", "title": PROBLEMS[slug][1], "status": code}}
        for slug in sorted(slugs)
    }
    names = ["X-Request-ID", "Retry-After"] if code == 503 else ["X-Request-ID"]
    text = " ".join(PROBLEMS[slug][1] for slug in slugs[:3]) + (" …" if len(slugs) > 3 else "")
    return _response(text, MEDIA_TYPE, {"schema": schemas[Problem], "examples": shown}, names)


def _response(description: str, media_type: str, content: Json, headers: list[str]) -> Json:
    return {
        "description": description,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": {media_type: content},
    }


def _portable(schema: Any) -> Any:
    """Without what is true only of Python's regular expressions."""
    return schema


def page(document: Json) -> str:
    """The document as a plain page, for people without a viewer."""
    rows = "".join(
        f"<tr><td>{method.upper()}</td><td><code>{html.escape(path)}</code></td>"
        f"<td>{html.escape(operation['summary'])}</td><td>{html.escape(operation.get('description', ''))}</td></tr>"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    return (
        f"<!doctype html><meta charset=utf-8><title>{TITLE}</title>"
        "<style>body{font:16px/1.5 system-ui;margin:2rem;color-scheme:light dark}td{padding:.2rem .8rem;vertical-align:top}"
        f"</style><h1>{TITLE}</h1><p>The whole of it, for machines: <a href=/schema/openapi.json>OpenAPI 3.1</a></p>"
        f"<table>{rows}</table>"
    )
