"""What needs no token: the status of one complaint, and a reply, for who has its access code."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath
from litestar.types import ASGIApp
from msgspec import Struct

from api.commands import carry_out, read_body
from api.complaints import PROTOCOL
from api.conventions import changed, idempotency_key, single
from api.customer_words import CHANNEL, CUSTOMER, Entry, entries, language_of
from api.problems import NotFound
from api.services import services
from api.validation import Nothing, query
from domain.complaint import COMPLAINT, Complaint
from domain.complaint import events as e
from domain.complaint.commands import RecordReply
from domain.complaint.lifecycle import State
from domain.fields import FreeText, Moment
from domain.messages import Event
from infra.commands import Caller, Outcome
from infra.events import Recorded
from projections import complaints

NOBODY = UUID(int=0)


class Question(Struct, frozen=True, kw_only=True):
    """What the customer is asked and has not answered yet."""

    ask_id: UUID
    question: str
    asked_at: Moment
    due_at: Moment | None


class Status(Struct, frozen=True, kw_only=True):
    """Where a complaint stands, for who made it."""

    id: UUID
    protocol: str
    state: State
    version: int
    registered_at: Moment
    questions: list[Question]
    history: list[Entry]


class StatusReply(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the customer says; without an `ask_id` it answers every open question."""

    message: FreeText
    ask_id: UUID | None = None


class Replied(Struct, frozen=True, kw_only=True):
    """The complaint after the reply."""

    id: UUID
    protocol: str
    state: str
    version: int
    position: int


@get(
    "/v1/status/{protocol:str}", name="status-detail",
    opt={"summary": "Where my complaint stands", "response": Status, "positioned": True,
         "needs": ("AccessCode", "AcceptLanguage"), "headers": ["Content-Language"],
         "problems": ("Malformed", "NotFound", "UnavailableOrBehind")},
)  # fmt: skip
async def status(request: Request[Any, Any, Any], protocol: FromPath[str]) -> Response[bytes]:
    """For who has the access code: the state, what happened, and what is still to be answered.

    A wrong protocol and a wrong code have the same answer.
    """
    query(request.scope["query_string"], Nothing)
    stream_id = await _opened(request, protocol)
    events = await services(request).log.stream(stream_id)
    language = language_of(request.headers.get("accept-language", ""))
    known = _folded(events)
    body = Status(
        id=stream_id,
        protocol=known.protocol,
        state=known.state,
        version=events[-1].version,
        registered_at=known.registered_at,
        questions=_questions(known, events),
        history=entries(events, language),
    )
    answer = single(body, events[-1].position)
    answer.headers["Content-Language"] = language
    return answer


@post(
    "/v1/status/{protocol:str}/reply", name="status-reply", status_code=200,
    opt={"summary": "Say something on my complaint", "request": StatusReply, "response": Replied,
         "positioned": True, "needs": ("AccessCode",),
         "problems": ("Malformed", "NotFound", "Refused", "BodyTooLarge", "UnsupportedMediaType",
                      "IdempotencyKeyReused", "UnavailableOrBehind")},
)  # fmt: skip
async def reply(request: Request[Any, Any, Any], protocol: FromPath[str]) -> ASGIApp:
    """Records a reply of the customer, for who has the access code."""
    stream_id = await _opened(request, protocol)
    given = await read_body(request, StatusReply)
    key = idempotency_key(request)
    who = Caller(
        actor=CUSTOMER,
        correlation=request.scope["state"]["request_id"],
        key=key and f"{stream_id}/{key}",  # all customers are one actor
    )
    command = RecordReply(channel=CHANNEL, message=given.message, ask_id=given.ask_id)
    outcome = await carry_out(request, COMPLAINT, stream_id, command, who=who)
    return changed(outcome, _replied(outcome))


def _replied(outcome: Outcome) -> Replied:
    return Replied(
        id=outcome.stream_id,
        protocol=outcome.state.protocol,
        state=outcome.state.state,
        version=outcome.version,
        position=outcome.position,
    )


async def _opened(request: Request[Any, Any, Any], protocol: str) -> UUID:
    """The complaint that the protocol names and the access code opens.

    Raises:
        NotFound: there is no such complaint, or this is not its code: which of them, nobody is told.
    """
    found = None
    if PROTOCOL.fullmatch(protocol):
        answer = await services(request).reader.read(
            complaints.VIEW, request, lambda connection: complaints.by_protocol(connection, protocol, None)
        )
        found = answer.value
    stream_id = found.id if found else NOBODY
    fits = services(request).secrets.opens(stream_id, request.headers.get("access-code", ""))
    if found is None or not fits:
        raise NotFound("no complaint has this protocol and this access code")
    return stream_id


def _folded(events: list[Recorded[Event]]) -> Complaint:
    state: Any = None
    for each in events:
        state = COMPLAINT.evolve(state, each.event, each.occurred_at)
    folded: Complaint = state
    return folded


def _questions(known: Complaint, events: list[Recorded[Event]]) -> list[Question]:
    open_ones = {ask.ask_id for ask in known.asks if ask.sector is None}
    return [
        Question(
            ask_id=each.event.ask_id,
            question=each.event.question,
            asked_at=each.occurred_at,
            due_at=each.event.due_at,
        )
        for each in events
        if isinstance(each.event, e.InformationRequested) and each.event.ask_id in open_ones
    ]


ROUTER = Router("/", route_handlers=[status, reply])
