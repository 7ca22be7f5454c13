"""What all resources share: conditions of a command, the shapes of answers, headers."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.types import HTTPResponseStartEvent, Receive, Scope, Send
from msgspec import Struct

from api.auth import Principal
from api.headers import header
from api.validation import Malformed, Wrong, parameters
from domain.fields import Moment
from infra.commands import Caller, Outcome
from infra.events import Origin, Recorded
from infra.pages import Page

E = TypeVar("E")
JSON = "application/json"
KEY = re.compile(r"[\x21-\x7d][\x20-\x7d]{0,199}", re.ASCII)
ETAG = re.compile(r'(?:W/)?"([0-9]{1,9})"', re.ASCII)

_encoder = msgspec.json.Encoder()


class EventView(Struct, Generic[E], frozen=True, kw_only=True):
    """An event as the API shows it: `type` is its tag, `data` what it says."""

    type: str
    position: int
    version: int
    occurred_at: Moment
    recorded_at: Moment
    actor: str
    origin: Origin
    correlation_id: str
    causation_id: str | None
    data: E


class Changed(Struct, Generic[E], frozen=True, kw_only=True):
    """Something after a command, and the events that the command recorded."""

    id: UUID
    version: int
    position: int
    events: list[EventView[E]]


def after(outcome: Outcome) -> dict[str, Any]:
    """What every answer to a command says: the fields of `Changed`."""
    return {
        "id": outcome.stream_id,
        "version": outcome.version,
        "position": outcome.position,
        "events": [event_view(event) for event in outcome.events],
    }


def event_view(recorded: Recorded[Any]) -> EventView[Any]:
    """An event as the API shows it."""
    return EventView(
        type=recorded.tag,
        position=recorded.position,
        version=recorded.version,
        occurred_at=recorded.occurred_at,
        recorded_at=recorded.recorded_at,
        actor=recorded.actor,
        origin=recorded.origin,
        correlation_id=recorded.correlation,
        causation_id=recorded.causation,
        data=recorded.event,
    )


def caller(request: Request[Any, Any, Any]) -> Caller:
    """Who asks, and under which conditions, from the token and the headers.

    Raises:
        Malformed: `Idempotency-Key` or `If-Match` is not what it should be.
    """
    scope = request.scope
    principal: Principal = scope["user"]
    return Caller(
        actor=principal.subject,
        correlation=scope["state"]["request_id"],
        key=idempotency_key(request),
        if_match=_if_match(header(scope, b"if-match")),
        supervisor="supervisor" in principal.roles,
        inbound=principal.roles == {"integrator"},
    )


def idempotency_key(request: Request[Any, Any, Any]) -> str | None:
    """The header `Idempotency-Key`.

    Raises:
        Malformed: it is not what it should be.
    """
    key = header(request.scope, b"idempotency-key")
    if key is not None and not KEY.fullmatch(key):
        raise Malformed([Wrong("Idempotency-Key", "1 to 200 printable ASCII characters without ~")])
    return key


def _if_match(header: str | None) -> int | None:
    if header is None or header.strip() == "*":
        return None
    found = ETAG.fullmatch(header.strip())
    if found is None:
        raise Malformed([Wrong("If-Match", 'an ETag as it was given, such as "3", or *')])
    return int(found[1])


class Answer:
    """A response in JSON that is sent as it is, without what Litestar's own could do beside."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self._body = body
        self._start: HTTPResponseStartEvent = {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", JSON.encode()),
                (b"content-length", str(len(body)).encode()),
                *((name.encode(), value.encode()) for name, value in headers.items()),
            ],
        }

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        await send(self._start)
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


def changed(outcome: Outcome, body: Struct, *, location: str | None = None) -> Answer:
    """The answer to a command: 201 with `Location` where it made something new, else 200."""
    headers = {"etag": f'"{outcome.etag}"', "log-position": str(outcome.position)}
    if location is not None:
        headers["location"] = location
    if outcome.replayed:
        headers["idempotent-replayed"] = "true"
    return Answer(201 if location else 200, _encoder.encode(body), headers)


def single(value: object, log_position: int | None = None, etag: int | None = None) -> Response[bytes]:
    """The answer with one thing."""
    headers = {} if log_position is None else {"Log-Position": str(log_position)}
    if etag is not None:
        headers["ETag"] = f'"{etag}"'
    return Response(_encoder.encode(value), media_type=JSON, headers=headers)


def allowing(*methods: str) -> HTTPRouteHandler:
    """The answer to OPTIONS where handlers share a path: Litestar's own knows only the first of them."""

    @route("/", http_method=["OPTIONS"], status_code=204)
    async def allowed() -> Response[None]:
        return Response(None, status_code=204, headers={"Allow": ", ".join(sorted((*methods, "OPTIONS")))})

    return allowed


class Items(Struct, Generic[E], frozen=True):
    """A page: its items, and the cursor of the next one, or null."""

    items: Sequence[E]
    next: str | None


def listed(request: Request[Any, Any, Any], page: Page[Any]) -> Response[bytes]:
    """The answer with a page, linking to the next one."""
    headers = {"Log-Position": str(page.log_position)}
    if page.next is not None:
        headers["Link"] = f'<{_following(request, page.next)}>; rel="next"'
    return Response(_encoder.encode(Items(page.items, page.next)), media_type=JSON, headers=headers)


def _following(request: Request[Any, Any, Any], cursor: str) -> str:
    """The same list from the cursor on, relative to the host: what that is called outside, a proxy knows."""
    kept = [(name, value) for name, value in parameters(request.scope["query_string"]) if name != "cursor"]
    return f"{request.scope['path']}?{urlencode([*kept, ('cursor', cursor)])}"
