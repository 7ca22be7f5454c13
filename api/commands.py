"""Commands over HTTP: one handler a command, made from the aggregate's table of commands."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from litestar import Request, post
from litestar.exceptions import HTTPException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import ASGIApp
from msgspec import Struct
from msgspec.structs import replace

from api.conventions import caller, changed
from api.headers import header
from api.services import services
from api.validation import Nothing, decode, query
from domain.aggregate import Aggregate
from domain.complaint.commands import RecordNotificationFailed, RecordNotificationSent
from domain.messages import Command
from infra.commands import Caller, Outcome

C = TypeVar("C", bound=Struct)
Check = Callable[[Request[Any, Any, Any], str, UUID | None, Any], Awaitable[None]]
Body = Callable[[Request[Any, Any, Any], Outcome], Struct]

RECEIPTS = (RecordNotificationSent, RecordNotificationFailed)
# The last is what curl says of a body whose type it was not told.
TAKEN = ("", "application/json", "application/x-www-form-urlencoded")


async def read_body(request: Request[Any, Any, Any], command: type[C]) -> C:
    """The command, or another struct, in the body.

    Raises:
        Malformed: the body is wrong.
        HTTPException: it is not JSON by its content type (415), or too large (413).
    """
    return decode(await content(request), command)


async def content(request: Request[Any, Any, Any], *more: str) -> bytes:
    """The body of a request without parameters; beside JSON, some more media types may be taken.

    Raises:
        Malformed: there are parameters.
        HTTPException: the media type is another one (415), or the body is too large (413).
    """
    if header(request.scope, b"content-type") != "application/json":
        _check_media_type(request.content_type[0], more)
    if request.scope["query_string"]:
        query(request.scope["query_string"], Nothing)
    return await _body(request)


async def _body(request: Request[Any, Any, Any]) -> bytes:
    """As `request.body()` gives it, without the collection of headers that this makes first."""
    most = request.route_handler.resolve_request_max_body_size() or math.inf
    announced, taken, parts = int(header(request.scope, b"content-length") or 0), 0, []
    more = True
    while more and max(announced, taken) <= most:
        message: Any = await request.receive()
        if message["type"] == "http.disconnect":
            raise HTTPException(status_code=400, detail="the client has gone")
        parts.append(message.get("body", b""))
        taken += len(parts[-1])
        more = message.get("more_body", False)
    if max(announced, taken) > most:
        raise RequestEntityTooLarge
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _check_media_type(media_type: str, more: Sequence[str]) -> None:
    if media_type not in (*TAKEN, *more) and not media_type.endswith("+json"):
        wanted = " or ".join(("application/json", *more))
        raise HTTPException(status_code=415, detail=f"{media_type} is not taken; send {wanted}")


async def carry_out(
    request: Request[Any, Any, Any],
    aggregate: Aggregate,
    stream_id: UUID | None,
    command: Command,
    *,
    who: Caller,
    check: Check | None = None,
) -> Outcome:
    """Check a command and execute it, on a new stream where there is no id.

    Raises:
        Overloaded: too many are waiting to be served in time.
        TimeoutError: it took longer than the settings allow.
    """
    parts = services(request)
    with parts.gate:
        if check is not None:
            await check(request, action_of(aggregate, command), stream_id, command)
        async with asyncio.timeout(parts.settings.command_timeout):
            if stream_id is None:
                return await parts.commands.create(aggregate, who, command)
            return await parts.commands.execute(aggregate, stream_id, _sender(who, command), command)


def _sender(who: Caller, command: Command) -> Caller:
    """The receipts of a system that sends the house's messages are the house's own."""
    return replace(who, origin="system") if who.inbound and isinstance(command, RECEIPTS) else who


def action_of(aggregate: Aggregate, command: Command | type[Command]) -> str:
    """What `api.roles` calls it."""
    return f"{aggregate.kind}/{command.verb}"


def creating(
    aggregate: Aggregate,
    command: type[Command],
    *,
    body: Body,
    answer: type[Struct],
    check: Check | None = None,
) -> HTTPRouteHandler:
    """The handler of the command that starts a stream: `POST /`."""

    @post("/", name=f"{aggregate.kind}-{command.verb}", opt=described(aggregate, command, answer, 201))
    async def handler(request: Request[Any, Any, Any]) -> ASGIApp:
        given = await read_body(request, command)
        outcome = await carry_out(request, aggregate, None, given, who=caller(request), check=check)
        return changed(outcome, body(request, outcome), location=f"/v1/{aggregate.kind}s/{outcome.stream_id}")

    return handler


def changing(
    aggregate: Aggregate,
    command: type[Command],
    *,
    body: Body,
    answer: type[Struct],
    check: Check | None = None,
) -> HTTPRouteHandler:
    """The handler of a command on an existing stream: `POST /{id}/<command>`."""

    @post(
        f"/{{stream_id:uuid}}/{command.verb}",
        name=f"{aggregate.kind}-{command.verb}",
        opt=described(aggregate, command, answer, 200),
    )
    async def handler(request: Request[Any, Any, Any], stream_id: FromPath[UUID]) -> ASGIApp:
        given = await read_body(request, command)
        outcome = await carry_out(request, aggregate, stream_id, given, who=caller(request), check=check)
        return changed(outcome, body(request, outcome))

    return handler


def described(
    aggregate: Aggregate, command: type[Command], answer: type[Struct], status: int
) -> dict[str, Any]:
    """What the guard and the API's document are told of a command's handler."""
    return {
        "action": action_of(aggregate, command),
        "summary": f"{command.verb.replace('-', ' ').capitalize()} ({aggregate.kind})",
        "request": command,
        "response": answer,
        "status": status,
        "conditional": status == 200,
        "aggregate": aggregate.kind,
    }
