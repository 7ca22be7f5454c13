"""What is called by a name of its own: its commands, and how it is found by its name or its id."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from uuid import UUID

from litestar import Request, Router, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct
from msgspec.structs import replace

from api.commands import carry_out, described, read_body
from api.conventions import Answer, allowing, caller, changed
from api.problems import NotFound
from api.services import services
from domain.aggregate import Aggregate
from domain.messages import Command
from infra.commands import Outcome
from infra.presets import claim_of


class Named(NamedTuple):
    """Things that are called by a name: where they are, which command begins one, what answers a command."""

    path: str
    aggregate: Aggregate
    begins: type[Command]
    answer: type[Struct]
    body: Callable[[Request[Any, Any, Any], Outcome], Awaitable[Struct]]
    called: str = "name"
    """The field of the command that begins one in which its name is."""


async def named(request: Request[Any, Any, Any], aggregate: Aggregate, key: str) -> UUID:
    """The id of what a key means: itself, or of what was registered or defined under this name.

    Raises:
        NotFound: nothing was.
    """
    if "\0" in key:
        raise NotFound(f"no {aggregate.kind} has this name")
    claim = claim_of(aggregate, key)
    known = await services(request).commands.claimed([claim])
    if claim in known:  # a name may look like an id: issuers of tokens give such subjects
        return known[claim]
    try:
        return UUID(key)
    except ValueError:
        raise NotFound(f"no {aggregate.kind} has this name") from None


def routes(kind: Named, listing: HTTPRouteHandler, detail: HTTPRouteHandler) -> Router:
    """The list, one of them, and all their commands: `POST /`, and `POST /{name or id}/<command>`."""
    later = [each for each in kind.aggregate.commands if each is not kind.begins]
    commands = [_beginning(kind), *(_changing(kind, command) for command in later)]
    return Router(kind.path, route_handlers=[allowing("GET", "POST"), listing, detail, *commands])


def _beginning(kind: Named) -> HTTPRouteHandler:
    aggregate, command = kind.aggregate, kind.begins

    @post("/", name=f"{aggregate.kind}-{command.verb}", opt=described(aggregate, command, kind.answer, 201))
    async def handler(request: Request[Any, Any, Any]) -> Answer:
        given = await read_body(request, command)
        who = replace(caller(request), claim=claim_of(aggregate, getattr(given, kind.called)))
        outcome = await carry_out(request, aggregate, None, given, who=who)
        body = await kind.body(request, outcome)
        return changed(outcome, body, location=f"{kind.path}/{outcome.stream_id}")

    return handler


def _changing(kind: Named, command: type[Command]) -> HTTPRouteHandler:
    aggregate = kind.aggregate

    @post(
        f"/{{key:str}}/{command.verb}",
        name=f"{aggregate.kind}-{command.verb}",
        opt=described(aggregate, command, kind.answer, 200),
    )
    async def handler(request: Request[Any, Any, Any], key: FromPath[str]) -> Answer:
        given = await read_body(request, command)
        stream_id = await named(request, aggregate, key)
        outcome = await carry_out(request, aggregate, stream_id, given, who=caller(request))
        return changed(outcome, await kind.body(request, outcome))

    return handler
