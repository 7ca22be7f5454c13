"""Many commands in one request: a batch has lines of any commands, a bulk one command for many complaints."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, post
from litestar.exceptions import HTTPException
from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from msgspec.structs import replace

from api.commands import action_of, carry_out, content
from api.complaints import access_code, check
from api.conventions import JSON, caller
from api.problems import Forbidden, Problem, failure
from api.services import principal
from api.validation import Malformed, Wrong, decode
from domain.complaint import COMPLAINT
from domain.complaint.commands import Register
from domain.messages import Command
from infra.commands import Caller, Outcome

NDJSON = "application/x-ndjson"
MOST_BYTES = 16 * 1024 * 1024
MOST_LINES = 10_000
MOST_IDS = 500
AT_ONCE = 128
"""Commands under way at a time, so that the log appends them together."""
PARSED_AT_ONCE = 100
"""Lines that are parsed before other requests get their turn."""

COMMANDS: dict[str, type[Command]] = {command.verb: command for command in COMPLAINT.commands}
ON_EXISTING = sorted(COMMANDS.keys() - {Register.verb})


class BatchLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A command in a batch. `register` has no `id`; all others have one."""

    command: Annotated[str, Meta(extra_json_schema={"enum": sorted(COMMANDS)})] = Register.verb
    id: UUID | None = None
    body: dict[str, Any] = {}


class Bulk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One command on many complaints."""

    command: Annotated[str, Meta(extra_json_schema={"enum": ON_EXISTING})]
    ids: Annotated[
        tuple[UUID, ...], Meta(min_length=1, max_length=MOST_IDS, extra_json_schema={"uniqueItems": True})
    ]
    body: dict[str, Any] = {}


class Verdict(Struct, frozen=True, kw_only=True):
    """What became of a line: the complaint after the command, or the problem; `status` as if sent alone."""

    line: int
    status: int
    id: UUID | UnsetType = UNSET
    protocol: str | UnsetType = UNSET
    state: str | UnsetType = UNSET
    version: int | UnsetType = UNSET
    position: int | UnsetType = UNSET
    access_code: str | UnsetType = UNSET
    replayed: bool | UnsetType = UNSET
    problem: Problem | UnsetType = UNSET


class Verdicts(Struct, frozen=True, kw_only=True):
    """One verdict for each id, in their order; `line` counts them from 1."""

    verdicts: list[Verdict]


class Asked(Struct, frozen=True, kw_only=True):
    """A command to carry out, or the error that its line is; `key` tells it from others of its request."""

    line: int
    key: str
    stream_id: UUID | None
    command: Command | Exception


@post(
    "/v1/complaints:batch", name="complaint-batch", request_max_body_size=MOST_BYTES, status_code=200,
    opt={"action": "send batches", "summary": "Many commands, one a line", "request": BatchLine,
         "response": Verdict, "media_type": NDJSON, "versioned": False,
         "problems": ("Malformed", "Unauthenticated", "Forbidden", "BodyTooLarge", "UnsupportedMediaType",
                      "Unavailable")},
)  # fmt: skip
async def batch(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Lines of commands in, a verdict for each in their order; each line is done or refused on its own.

    A line is `{"command", "id", "body"}`, or the bare body of a `register`. What would be `Idempotency-Key`
    of the line is that of the request, `/` and the number of the line. Blank lines count, but have no
    verdict. Lines of the same complaint are carried out in their order, others at once. A line needs the
    role of its command. At most 10,000 lines and 16 MiB.
    """
    who = _unconditional(request)
    body = await content(request, NDJSON)
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), start=1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise HTTPException(status_code=413, detail=f"more than {MOST_LINES} lines")
    asked = [each async for each in _parsed(request, lines)]
    verdicts = await _verdicts(request, who, asked)
    content_lines = b"".join(msgspec.json.encode(verdict) + b"\n" for verdict in verdicts)
    return _answered(content_lines, NDJSON, verdicts)


@post(
    "/v1/complaints:bulk", name="complaint-bulk", status_code=200,
    opt={"action": "send bulk commands", "summary": "One command on many complaints", "request": Bulk,
         "response": Verdicts, "versioned": False,
         "problems": ("Malformed", "Unauthenticated", "Forbidden", "BodyTooLarge", "UnsupportedMediaType",
                      "Unavailable")},
)  # fmt: skip
async def bulk(request: Request[Any, Any, Any]) -> Response[bytes]:
    """A command on up to 500 complaints, each done or refused on its own.

    What would be the `Idempotency-Key` of one is that of the request, `/` and the id.
    """
    who = _unconditional(request)
    given = decode(await content(request), Bulk)
    if given.command not in ON_EXISTING:
        raise Malformed([Wrong("$.command", "no command on existing complaints")])
    if len(set(given.ids)) < len(given.ids):
        raise Malformed([Wrong("$.ids", "an id more than once")])
    line = BatchLine(command=given.command, id=given.ids[0], body=given.body)
    command = _caught(request, line)
    asked = [
        Asked(line=place, key=str(stream_id), stream_id=stream_id, command=command)
        for place, stream_id in enumerate(given.ids, start=1)
    ]
    verdicts = await _verdicts(request, who, asked)
    return _answered(msgspec.json.encode(Verdicts(verdicts=verdicts)), JSON, verdicts)


def _unconditional(request: Request[Any, Any, Any]) -> Caller:
    if "if-match" in request.headers:
        raise Malformed([Wrong("If-Match", "not for many commands at once")])
    return caller(request)


async def _parsed(request: Request[Any, Any, Any], lines: list[tuple[int, bytes]]) -> AsyncIterator[Asked]:
    for count, (number, text) in enumerate(lines, start=1):
        if count % PARSED_AT_ONCE == 0:
            await asyncio.sleep(0)
        stream_id: UUID | None = None
        command: Command | Exception
        try:
            line = _line(text)
        except Malformed as error:
            command = error
        else:
            stream_id, command = line.id, _caught(request, line)
        yield Asked(line=number, key=str(number), stream_id=stream_id, command=command)


def _line(text: bytes) -> BatchLine:
    """The line; the body of a `register` may stand alone."""
    try:
        names = msgspec.json.decode(text, type=dict[str, Raw]).keys()
    except msgspec.DecodeError:
        names = {"command": Raw()}.keys()
    if names & {"command", "body"}:
        return decode(text, BatchLine)
    decode(text, Register)
    return BatchLine(body=msgspec.json.decode(text))


def _caught(request: Request[Any, Any, Any], line: BatchLine) -> Command | Exception:
    try:
        return _command(request, line)
    except (Malformed, Forbidden) as error:
        return error


def _command(request: Request[Any, Any, Any], line: BatchLine) -> Command:
    kind = COMMANDS.get(line.command)
    if kind is None:
        raise Malformed([Wrong("$.command", "no command of complaints")])
    principal(request).check(action_of(COMPLAINT, kind))
    if (line.id is None) != (kind is Register):
        raise Malformed([Wrong("$.id", "required" if line.id is None else "register gives the id")])
    try:
        return decode(msgspec.json.encode(line.body), kind)
    except Malformed as error:
        raise Malformed([Wrong(f"$.body{each.path[1:]}", each.reason) for each in error.wrong]) from None


async def _verdicts(request: Request[Any, Any, Any], who: Caller, asked: list[Asked]) -> list[Verdict]:
    """Every command is carried out; those on one complaint one after the other."""
    lanes: dict[UUID | int, list[Asked]] = {}
    for each in asked:
        lanes.setdefault(each.stream_id or each.line, []).append(each)
    waiting, found = iter(lanes.values()), dict[int, Verdict]()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(min(AT_ONCE, len(lanes))):
            tasks.create_task(_work(request, who, waiting, found))
    return [found[each.line] for each in asked]


async def _work(
    request: Request[Any, Any, Any], who: Caller, waiting: Iterator[list[Asked]], found: dict[int, Verdict]
) -> None:
    for lane in waiting:
        for asked in lane:
            found[asked.line] = await _verdict(request, who, asked)


async def _verdict(request: Request[Any, Any, Any], who: Caller, asked: Asked) -> Verdict:
    if isinstance(asked.command, Exception):
        return _failed(asked, asked.command)
    try:
        key = who.key and f"{who.key}/{asked.key}"
        outcome = await carry_out(
            request, COMPLAINT, asked.stream_id, asked.command, who=replace(who, key=key), check=check
        )
    except Exception as error:  # noqa: BLE001 - whatever becomes of a line, the others go on
        return _failed(asked, error)
    return _done(request, asked, outcome)


def _failed(asked: Asked, error: Exception) -> Verdict:
    problem = failure(error).problem
    return Verdict(line=asked.line, status=problem.status, id=asked.stream_id or UNSET, problem=problem)


def _done(request: Request[Any, Any, Any], asked: Asked, outcome: Outcome) -> Verdict:
    new = asked.stream_id is None
    return Verdict(
        line=asked.line,
        status=201 if new else 200,
        id=outcome.stream_id,
        protocol=outcome.state.protocol,
        state=outcome.state.state,
        version=outcome.version,
        position=outcome.position,
        access_code=(access_code(request, outcome) if new else None) or UNSET,
        replayed=outcome.replayed or UNSET,
    )


def _answered(body: bytes, media_type: str, verdicts: list[Verdict]) -> Response[bytes]:
    position = max((verdict.position or 0 for verdict in verdicts), default=0)
    return Response(body, status_code=200, media_type=media_type, headers={"Log-Position": str(position)})


ROUTER = Router("/", route_handlers=[batch, bulk])
