"""Problem details (RFC 9457): every way in which a request can fail, and the answer to it."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec
import psycopg
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import Struct

from api.validation import Malformed, Wrong
from domain.messages import Invalid, Refused
from domain.refusals import FORBIDDEN, NOT_FOUND, REFUSALS
from infra.batching import Overloaded
from infra.commands import AlreadyClaimed, KeyReused, NoSuchStream, VersionMismatch
from infra.database import Unavailable
from infra.events import Erased, UnknownEvent
from infra.jobs import TooMany
from infra.pages import BadCursor
from infra.projector import BeingRebuilt

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


class Failure(NamedTuple):
    """A problem, and the headers of the answer that tells it."""

    problem: Problem
    headers: Mapping[str, str] | None = None


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
    "version-mismatch": (412, "It has changed since the version in `If-Match`."),
    "body-too-large": (413, "The body is larger than is taken."),
    "unsupported-media-type": (415, "The body is not JSON."),
    "idempotency-key-reused": (422, "The idempotency key was used before, for another command."),
    "internal-error": (500, "Something unexpected happened; the request id finds it in the log."),
    "unavailable": (503, "The service cannot answer just now; ask again."),
    "view-behind": (503, "The view has not read as far as `Min-Log-Position` yet; ask again."),
    "being-rebuilt": (409, "The view is being rebuilt already, or is about to be."),
    "name-taken": (409, "Another of its kind has this name."),
    "erased": (409, "Its personal data were erased; nothing personal is recorded on it any more."),
    **{
        slug: (403 if slug in FORBIDDEN else 409, text)
        for slug, text in REFUSALS.items()
        if slug not in NOT_FOUND
    },
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


def _failure(
    slug: str, detail: str = "", headers: Mapping[str, str] | None = None, **members: Any
) -> Failure:
    status, title = PROBLEMS[slug]
    return Failure(
        Problem(type=f"/problems/{slug}", title=title, status=status, detail=detail, **members), headers
    )


def _retry(slug: str, detail: str) -> Failure:
    return _failure(slug, detail, {"Retry-After": RETRY_SECONDS})


def _http(error: HTTPException) -> Failure:
    """What the framework refuses; what it stumbles over itself is told without detail."""
    if error.status_code < 500:
        return _failure(BY_STATUS.get(error.status_code, "malformed"), error.detail, error.headers)
    return _unexpected(error)


def _database(error: Exception) -> Failure:
    log.warning("database-unavailable", error=type(error).__name__)
    return _retry("unavailable", "The database does not answer.")


def _missing(error: Exception) -> Failure:
    """The log is there, that was made sure of at the start: it is a view that is not built yet."""
    log.warning("view-missing", exc_info=error)
    return _retry("unavailable", "The view that this is read from is being built.")


def _later(error: Exception) -> Failure:
    """While two versions serve side by side, the later one records events that the other does not know."""
    log.warning("event-of-a-later-version", error=error)
    return _retry("unavailable", f"{error}; a later one can answer")


def _unexpected(error: Exception) -> Failure:
    """What should not happen: logged with its traceback, told without detail."""
    log.error("unexpected", exc_info=error)
    return _failure("internal-error")


ANSWERS: dict[type[Exception], Callable[[Any], Failure]] = {
    Malformed: lambda e: _failure("malformed", str(e)[:1000], errors=list(e.wrong)),
    BadCursor: lambda e: _failure("malformed", f"cursor: {e}", errors=[Wrong("cursor", str(e))]),
    Unauthenticated: lambda e: _failure("unauthenticated", str(e), {"WWW-Authenticate": "Bearer"}),
    Forbidden: lambda e: _failure("forbidden", str(e)),
    NotFound: lambda e: _failure("not-found", str(e)),
    NoSuchStream: lambda e: _failure("not-found", str(e)),
    Invalid: lambda e: failure(Malformed([Wrong(each.path, each.reason) for each in e.problems])),
    AlreadyClaimed: lambda e: _failure("name-taken", f"it is that of {e.stream_id}"),
    BeingRebuilt: lambda e: _failure("being-rebuilt", str(e)),
    Refused: lambda e: _failure("not-found" if e.slug in NOT_FOUND else e.slug, e.reason),
    VersionMismatch: lambda e: _failure("version-mismatch", str(e), current_version=e.current),
    Erased: lambda _: _failure("erased"),
    KeyReused: lambda _: _failure("idempotency-key-reused"),
    ViewBehind: lambda e: _retry("view-behind", str(e)),
    Overloaded: lambda e: _retry("unavailable", str(e)),
    UnknownEvent: _later,
    Unavailable: lambda e: _retry("unavailable", str(e)),
    TooMany: lambda e: _retry("unavailable", str(e)),
    TimeoutError: lambda _: _retry(
        "unavailable", "This took too long; ask again with the same Idempotency-Key."
    ),
    psycopg.OperationalError: _database,  # the pool's own errors are of this kind
    psycopg.InterfaceError: _database,
    psycopg.errors.UndefinedTable: _missing,
    HTTPException: _http,
}


def failure(error: Exception) -> Failure:
    """The problem that an error is."""
    answers = (ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)
    return next(answers, _unexpected)(error)


def _answer(_request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    problem, headers = failure(error)
    content = msgspec.json.encode(problem)
    return Response(content, status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


Handler = Callable[[Request[Any, Any, Any], Any], Response[Any]]

HANDLERS: dict[int | type[Exception], Handler] = dict.fromkeys((*ANSWERS, Exception), _answer)
