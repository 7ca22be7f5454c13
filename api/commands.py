"""Commands over HTTP: one handler a command, made from the aggregate's table of commands."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from litestar import Request, Response, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct

from api.conventions import caller, changed
from api.services import services
from api.validation import Nothing, decode, query
from domain.aggregate import Aggregate, Command
from infra.commands import Outcome

C = TypeVar("C", bound=Command)
Check = Callable[[Request[Any, Any, Any], UUID | None, Any], Awaitable[None]]
Body = Callable[[Outcome], Struct]

# The last is what curl says of a body whose type it was not told.
TAKEN = ("", "application/json", "application/x-www-form-urlencoded")


async def read_body(request: Request[Any, Any, Any], command: type[C]) -> C:
    """The command in the body.

    Raises:
        Malformed: the body is wrong.
        HTTPException: it is not JSON by its content type (415), or too large (413).
    """
    media_type = request.content_type[0]
    if media_type not in TAKEN and not media_type.endswith("+json"):
        raise HTTPException(status_code=415, detail=f"{media_type} is not taken; send application/json")
    query(request.scope["query_string"], Nothing)
    return decode(await request.body(), command)


def creating(
    aggregate: Aggregate, command: type[Command], *, body: Body, check: Check, answer: type[Struct]
) -> HTTPRouteHandler:
    """The handler of the command that starts a stream: `POST /`."""

    @post("/", name=f"{aggregate.kind}-{command.verb}", opt=_opt(aggregate, command, answer, 201))
    async def handler(request: Request[Any, Any, Any]) -> Response[bytes]:
        given = await read_body(request, command)
        await check(request, None, given)
        async with asyncio.timeout(services(request).settings.command_timeout):
            outcome = await services(request).commands.create(aggregate, caller(request), given)
        return changed(outcome, body(outcome), location=f"/v1/{aggregate.kind}s/{outcome.stream_id}")

    return handler


def changing(
    aggregate: Aggregate, command: type[Command], *, body: Body, check: Check, answer: type[Struct]
) -> HTTPRouteHandler:
    """The handler of a command on an existing stream: `POST /{id}/<command>`."""

    @post(
        f"/{{stream_id:uuid}}/{command.verb}",
        name=f"{aggregate.kind}-{command.verb}",
        opt=_opt(aggregate, command, answer, 200),
    )
    async def handler(request: Request[Any, Any, Any], stream_id: FromPath[UUID]) -> Response[bytes]:
        given = await read_body(request, command)
        await check(request, stream_id, given)
        async with asyncio.timeout(services(request).settings.command_timeout):
            outcome = await services(request).commands.execute(aggregate, stream_id, caller(request), given)
        return changed(outcome, body(outcome))

    return handler


def _opt(aggregate: Aggregate, command: type[Command], answer: type[Struct], status: int) -> dict[str, Any]:
    return {
        "action": f"{aggregate.kind}/{command.verb}",
        "summary": f"{command.verb.replace('-', ' ').capitalize()} ({aggregate.kind})",
        "request": command,
        "response": answer,
        "status": status,
        "aggregate": aggregate.kind,
    }
