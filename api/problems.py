"""Problem details (RFC 9457): every way in which a request can fail, and the answer to it."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import psycopg
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import Struct

from api.validation import Malformed, Wrong
from domain.aggregate import Refused
from domain.refusals import NOT_FOUND, REFUSALS
from infra.batching import Overloaded
from infra.commands import KeyReused, NoSuchStream, VersionMismatch
from infra.database import Unavailable
from infra.pages import BadCursor

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "1"


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong: `type` is `/problems/<slug>`; `errors` names every wrong field."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: list[Wrong] = []
    current_version: int | None = None


class Unauthenticated(Exception):
    """No token, or one that is unknown, expired or revoked; the message says which."""


class Forbidden(Exception):
    """The caller's roles do not allow this."""


class NotFound(Exception):
    """There is nothing here, or nothing that the caller may see."""


class ViewBehind(Exception):
    """The view did not reach `Min-Log-Position` in the time given."""


PROBLEMS: dict[str, tuple[int, str]] = {
    "malformed": (400, "The request cannot be understood; `errors` names every wrong field."),
    "unauthenticated": (401, "The request carries no valid token."),
    "forbidden": (403, "The caller's roles do not allow this."),
    "not-found": (404, "There is nothing here."),
    "method-not-allowed": (405, "This method is not served here; `Allow` names those that are."),
    "version-mismatch": (412, "The complaint or customer has changed since the version in `If-Match`."),
    "body-too-large": (413, "The body is larger than is taken."),
    "unsupported-media-type": (415, "The body is not JSON."),
    "idempotency-key-reused": (422, "The idempotency key was used before, for another command."),
    "internal-error": (500, "Something unexpected happened; the request id finds it in the log."),
    "unavailable": (503, "The service cannot answer just now; ask again."),
    "view-behind": (503, "The view has not read as far as `Min-Log-Position` yet; ask again."),
    **{slug: (409, text) for slug, text in REFUSALS.items() if slug not in NOT_FOUND},
}

BY_STATUS = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
}


def problem(
    slug: str, detail: str = "", headers: Mapping[str, str] | None = None, **members: Any
) -> Response[bytes]:
    """The response for a problem type."""
    status, title = PROBLEMS[slug]
    body = Problem(type=f"/problems/{slug}", title=title, status=status, detail=detail, **members)
    return Response(msgspec.json.encode(body), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _retry(slug: str, detail: str) -> Response[bytes]:
    return problem(slug, detail, {"Retry-After": RETRY_SECONDS})


def _http(error: HTTPException) -> Response[bytes]:
    """The answer to what the framework refuses; what it stumbles over itself is told without detail."""
    if error.status_code < 500:
        return problem(BY_STATUS.get(error.status_code, "malformed"), error.detail, error.headers)
    log.error("unexpected", exc_info=error)
    return problem("internal-error")


def _database(error: Exception) -> Response[bytes]:
    log.warning("database-unavailable", error=type(error).__name__)
    return _retry("unavailable", "The database does not answer.")


ANSWERS: dict[type[Exception], Callable[[Any], Response[bytes]]] = {
    Malformed: lambda e: problem("malformed", str(e)[:1000], errors=list(e.wrong)),
    BadCursor: lambda e: problem("malformed", f"cursor: {e}", errors=[Wrong("cursor", str(e))]),
    Unauthenticated: lambda e: problem("unauthenticated", str(e), {"WWW-Authenticate": "Bearer"}),
    Forbidden: lambda e: problem("forbidden", str(e)),
    NotFound: lambda e: problem("not-found", str(e)),
    NoSuchStream: lambda e: problem("not-found", str(e)),
    Refused: lambda e: problem("not-found" if e.slug in NOT_FOUND else e.slug, e.reason),
    VersionMismatch: lambda e: problem("version-mismatch", str(e), current_version=e.current),
    KeyReused: lambda _: problem("idempotency-key-reused"),
    ViewBehind: lambda e: _retry("view-behind", str(e)),
    Overloaded: lambda e: _retry("unavailable", str(e)),
    Unavailable: lambda e: _retry("unavailable", str(e)),
    TimeoutError: lambda _: _retry(
        "unavailable", "This took too long; ask again with the same Idempotency-Key."
    ),
    psycopg.OperationalError: _database,  # the pool's own errors are of this kind
    psycopg.InterfaceError: _database,
    HTTPException: _http,
}


Handler = Callable[[Request[Any, Any, Any], Any], Response[Any]]


def _handler(answer: Callable[[Any], Response[bytes]]) -> Handler:
    return lambda _request, error: answer(error)


def unexpected(_request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The answer to what should not happen: logged with its traceback, told without detail."""
    log.error("unexpected", exc_info=error)
    return problem("internal-error")


HANDLERS: dict[int | type[Exception], Handler] = {
    **{kind: _handler(answer) for kind, answer in ANSWERS.items()},
    Exception: unexpected,
}
