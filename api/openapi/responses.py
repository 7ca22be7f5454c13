"""The responses of operations. Problems are the same everywhere: components that operations refer to."""

from collections.abc import Iterator
from typing import Any

from api.openapi.schemas import Json
from api.problems import MEDIA_TYPE, PROBLEMS

HEADERS: Json = {
    "Allow": {"description": "The methods that are served.", "schema": {"type": "string"}},
    "Cache-Control": {"description": "Whether and how long to keep it.", "schema": {"type": "string"}},
    "Content-Language": {"description": "The language of the words.", "schema": {"type": "string"}},
    "ETag": {"description": "The version to send as `If-Match`.", "schema": {"type": "string"}},
    "Idempotent-Replayed": {
        "description": "`true` if this answer was given before.",
        "schema": {"type": "string", "const": "true"},
    },
    "Link": {"description": 'The next page, `rel="next"`, if there is one.', "schema": {"type": "string"}},
    "Location": {"description": "Where the new thing is.", "schema": {"type": "string"}},
    "Log-Covered": {
        "description": "The positions that the answer accounts for, `<first>-<last>`; an empty range: none.",
        "schema": {"type": "string", "pattern": "^[0-9]+-[0-9]+$"},
    },
    "Log-Position": {
        "description": "How far the answer knows the log: send it as `Min-Log-Position` elsewhere.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Retry-After": {"description": "Seconds after which to ask again.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
    "X-Request-ID": {"description": "Names the request in logs and events.", "schema": {"type": "string"}},
}

SHARED: dict[str, tuple[str, ...]] = {
    "Malformed": ("malformed",),
    "Unauthenticated": ("unauthenticated",),
    "Forbidden": ("forbidden",),
    "ForbiddenCommand": (
        "forbidden",
        *(slug for slug, (status, _) in PROBLEMS.items() if status == 403 and slug != "forbidden"),
    ),
    "NotFound": ("not-found",),
    "MethodNotAllowed": ("method-not-allowed",),
    "Refused": tuple(slug for slug, (status, _) in PROBLEMS.items() if status == 409),
    "VersionMismatch": ("version-mismatch",),
    "BodyTooLarge": ("body-too-large",),
    "UnsupportedMediaType": ("unsupported-media-type",),
    "IdempotencyKeyReused": ("idempotency-key-reused",),
    "InternalError": ("internal-error",),
    "Unavailable": ("unavailable",),
    "UnavailableOrBehind": ("unavailable", "view-behind"),
}
"""The problem responses, by name: the problem types that each may be, all of one status."""

OF_ANY = ("InternalError",)
OF_CALLERS = ("Malformed", "Unauthenticated", "Forbidden")
OF_READS = ("UnavailableOrBehind",)
OF_WRITES = (
    "ForbiddenCommand", "NotFound", "Refused", "VersionMismatch", "BodyTooLarge", "UnsupportedMediaType",
    "IdempotencyKeyReused", "Unavailable",
)  # fmt: skip
MORE = {401: ["WWW-Authenticate"], 405: ["Allow"], 503: ["Retry-After"]}


def shared(problem: Json) -> Json:
    """The problem responses, for `components`; `problem` is the schema of problem details."""
    return {name: _problem(slugs, problem) for name, slugs in SHARED.items()}


def responses(path: str, opt: Json, schemas: dict[Any, Json]) -> Json:
    """All responses of an operation, by status."""
    status = int(opt.get("status", 200))
    content = {opt.get("media_type", "application/json"): {"schema": schemas[opt["response"]]}}
    content |= {media_type: {"schema": {"type": "string"}} for media_type in opt.get("also_as", ())}
    content |= {media: {"schema": schemas[each]} for media, each in opt.get("variants", {}).items()}
    found = {status: _response("As asked.", content, list(_headers(status, opt)))}
    if opt.get("unchanged"):
        found[304] = _response("As it was under this ETag.", {}, list(_headers(status, opt)))
    for name in _problems(path, opt):
        found[PROBLEMS[SHARED[name][0]][0]] = {"$ref": f"#/components/responses/{name}"}
    for other, struct in opt.get("also", {}).items():
        content = {"application/json": {"schema": schemas[struct]}}
        content |= _problem(SHARED["Unavailable"], schemas["problem"])["content"] if other == 503 else {}
        found[other] = _response("As the body says.", content, ["X-Request-ID", *MORE.get(other, [])])
    return {str(code): found[code] for code in sorted(found)}


def _headers(status: int, opt: Json) -> Iterator[str]:
    yield "X-Request-ID"
    if opt.get("positioned", "action" in opt):
        yield "Log-Position"
    if "request" in opt and opt.get("versioned", True):
        yield from ("ETag", "Idempotent-Replayed")
    yield from opt.get("headers", ())
    if status == 201:
        yield "Location"


def _problems(path: str, opt: Json) -> Iterator[str]:
    yield from OF_ANY
    if "problems" in opt:
        yield from opt["problems"]
        return
    if "action" not in opt:
        return
    yield from OF_CALLERS
    yield from OF_WRITES if "request" in opt else OF_READS
    if "{" in path:
        yield "NotFound"


def _problem(slugs: tuple[str, ...], problem: Json) -> Json:
    status = PROBLEMS[slugs[0]][0]
    shown = {
        slug: {"value": {"type": f"/problems/{slug}", "title": PROBLEMS[slug][1], "status": status}}
        for slug in slugs
    }
    text = (
        " ".join(PROBLEMS[slug][1] for slug in slugs) if len(slugs) < 4 else "The business rules refuse it."
    )
    content = {MEDIA_TYPE: {"schema": problem, "examples": shown}}
    return _response(text, content, ["X-Request-ID", *MORE.get(status, [])])


def _response(description: str, content: Json, headers: list[str]) -> Json:
    return {
        "description": description,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": content,
    }
