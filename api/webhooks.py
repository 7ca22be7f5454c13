"""Webhooks: their commands, their secrets, a trial, and what became of deliveries."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath
from msgspec import Raw, Struct, json
from uuid_utils.compat import uuid7

from api.answers import one_of, page_of
from api.commands import changing, content, creating
from api.conventions import EventView, Items, after, allowing, listed, single
from api.delivering import policy
from api.problems import NotFound
from api.services import Services, services
from api.validation import Malformed, Nothing, Wrong, decode, query
from domain.messages import Command
from domain.webhook import WEBHOOK, State, Webhook, WebhookEvent, check_url, check_waiting, generations
from domain.webhook.commands import ChangeWebhook, CreateWebhook, Replay, RotateSecret, SkipDelivery
from infra.cloudevents import PREFIX, CloudEvent, encoded, padded
from infra.commands import Outcome
from infra.events import EVENT_TYPES
from infra.secrets import written
from infra.webhooks import Attempt, Message, Sender
from infra.webhooks import reading as shown
from projections import webhooks

T = TypeVar("T")


class WebhookAnswer(Struct, frozen=True, kw_only=True):
    """The webhook after a command, and the events that the command recorded."""

    id: UUID
    state: State
    version: int
    position: int
    events: list[EventView[WebhookEvent]]


class WebhookSecret(WebhookAnswer, frozen=True, kw_only=True):
    """A webhook with a new `secret`, which is shown here only."""

    secret: str


class Trial(Struct, frozen=True, kw_only=True):
    """What came of a test event: the receiver's answer, or the error; `message_id` is its `webhook-id`."""

    delivered: bool
    message_id: str
    response_status: int | None
    response: str | None
    error: str | None
    seconds: float


def _changed(_request: Request[Any, Any, Any], outcome: Outcome) -> WebhookAnswer:
    return WebhookAnswer(**_after(outcome))


def _with_secret(request: Request[Any, Any, Any], outcome: Outcome) -> WebhookSecret:
    secret = services(request).secrets.webhook(outcome.stream_id, outcome.state.generation)
    return WebhookSecret(**_after(outcome), secret=written(secret))


def _after(outcome: Outcome) -> dict[str, Any]:
    return {"state": outcome.state.state, **after(outcome)}


async def _check(
    request: Request[Any, Any, Any], _action: str, stream_id: UUID | None, command: Command
) -> None:
    """That a command names what there is, and leads to where it may.

    Raises:
        Malformed: a type of event or a position does not exist.
        Refused: the URL leads to where nothing may; the event to skip waits for nothing.
    """
    match command:
        case CreateWebhook() | ChangeWebhook():
            _check_types(command.types or ())
            if command.url is not None:
                allowed = policy(services(request).settings)
                check_url(command.url, http=allowed.http, networks=allowed.networks)
        case Replay():
            if command.from_position > (head := await services(request).reader.head(request)):
                raise Malformed([Wrong("$.from_position", f"beyond the newest event, {head}")])
        case SkipDelivery() if stream_id is not None:
            position = command.position
            await _state(services(request), stream_id)
            waits = await services(request).reader.run(lambda c: shown.is_open(c, stream_id, position))
            check_waiting(position, waits=waits)


def _check_types(types: tuple[str, ...]) -> None:
    unknown = [(n, tag) for n, tag in enumerate(types) if tag not in EVENT_TYPES]
    if unknown:
        raise Malformed([Wrong(f"$.types[{n}]", f"there is no event type {tag!r}") for n, tag in unknown])


async def _state(parts: Services, webhook_id: UUID) -> Webhook:
    """The webhook as the log has it.

    Raises:
        NotFound: there is none, or it is deleted.
    """
    webhook: Webhook = (await parts.commands.history(WEBHOOK, webhook_id)).state
    if webhook.state == "deleted":
        raise NotFound("no webhook has this id")
    return webhook


@get("/", name="webhook-list", opt={
    "action": "read webhooks", "summary": "Webhooks", "query": webhooks.Webhooks, "headers": ["Link"],
    "response": Items[webhooks.WebhookDetail]})  # fmt: skip
async def listing(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Webhooks that are not deleted, a page at a time."""
    asked = query(request.scope["query_string"], webhooks.Webhooks)
    return await page_of(request, webhooks.VIEW, lambda c: webhooks.webhooks(c, asked))


@get("/{stream_id:uuid}", name="webhook-detail", opt={
    "action": "read webhooks", "summary": "One webhook", "headers": ["ETag"],
    "response": webhooks.WebhookDetail,
})  # fmt: skip
async def detail(request: Request[Any, Any, Any], stream_id: FromPath[UUID]) -> Response[bytes]:
    """A webhook; its secrets are not shown again."""
    query(request.scope["query_string"], Nothing)
    return await one_of(
        request, webhooks.VIEW, lambda c: webhooks.webhook(c, stream_id), missing="no webhook has this id"
    )


@get("/{stream_id:uuid}/standing", name="webhook-standing", opt={
    "action": "read webhooks", "summary": "How far a webhook has come", "response": shown.StandingView,
    "positioned": False, "headers": ["Log-Position"],
})  # fmt: skip
async def standing(request: Request[Any, Any, Any], stream_id: FromPath[UUID]) -> Response[bytes]:
    """How far the log was looked through for it, and how much of that is not delivered."""
    query(request.scope["query_string"], Nothing)
    answer = await _of_webhook(request, stream_id, lambda c: shown.standing(c, stream_id))
    return single(answer.value, answer.log_position)


@get("/{stream_id:uuid}/deliveries", name="webhook-deliveries", opt={
    "action": "read webhooks", "summary": "Deliveries to a webhook", "query": shown.Deliveries,
    "positioned": False, "headers": ["Link", "Log-Position"],
    "response": Items[shown.DeliveryView]})  # fmt: skip
async def deliveries(request: Request[Any, Any, Any], stream_id: FromPath[UUID]) -> Response[bytes]:
    """What became of each event, the newest first: of what is delivered, the last thousand."""
    asked = query(request.scope["query_string"], shown.Deliveries)
    page = await _of_webhook(request, stream_id, lambda c: shown.deliveries(c, stream_id, asked))
    return listed(request, page)


@get("/{stream_id:uuid}/parked", name="webhook-parked", opt={
    "action": "read webhooks", "summary": "What holds up deliveries to a webhook", "query": shown.Parked,
    "positioned": False, "headers": ["Link", "Log-Position"],
    "response": Items[shown.ParkedView]})  # fmt: skip
async def parked(request: Request[Any, Any, Any], stream_id: FromPath[UUID]) -> Response[bytes]:
    """The failed event of each complaint that is held up, and how many wait behind it."""
    asked = query(request.scope["query_string"], shown.Parked)
    page = await _of_webhook(request, stream_id, lambda c: shown.parked(c, stream_id, asked))
    return listed(request, page)


async def _of_webhook(
    request: Request[Any, Any, Any], webhook_id: UUID, ask: Callable[[Any], Awaitable[T]]
) -> T:
    """The answer of a query about a webhook that there is."""
    await _state(services(request), webhook_id)
    return await services(request).reader.run(ask)


@post("/{stream_id:uuid}/test", name="webhook-test", status_code=200, opt={
    "action": "test webhooks", "summary": "Send a test event to a webhook", "response": Trial,
    "positioned": False, "problems": ("Malformed", "Unauthenticated", "Forbidden", "NotFound",
                                      "BodyTooLarge", "UnsupportedMediaType", "Unavailable")})  # fmt: skip
async def trial(request: Request[Any, Any, Any], stream_id: FromPath[UUID]) -> Response[bytes]:
    """Sends a signed `ouvidoria.webhook-test` now, whatever the state, and tells what came of it."""
    decode(await content(request) or b"{}", Nothing)
    parts = services(request)
    event, attempt = await _try(parts, stream_id, await _state(parts, stream_id))
    return single(
        Trial(
            delivered=attempt.delivered,
            message_id=event.id,
            response_status=attempt.status,
            response=attempt.response,
            error=attempt.error,
            seconds=attempt.seconds,
        )
    )


async def _try(parts: Services, webhook_id: UUID, webhook: Webhook) -> tuple[CloudEvent, Attempt]:
    now = datetime.now(UTC)
    event = _test_event(parts, webhook_id, now)
    secrets = [parts.secrets.webhook(webhook_id, each) for each in generations(webhook, now)]
    message = Message(url=webhook.url, message_id=event.id, body=encoded(event), secrets=secrets)
    async with Sender(policy(parts.settings)) as sender:
        return event, await sender.send(message, now)


def _test_event(parts: Services, webhook_id: UUID, now: datetime) -> CloudEvent:
    """An event that is in no log, so its position is 0."""
    return CloudEvent(
        id=f"{webhook_id}/test-{uuid7()}",
        source=parts.settings.source(),
        type=f"{PREFIX}webhook-test",
        subject=str(webhook_id),
        time=now,
        sequence=padded(0),
        recordedtime=now,
        correlationid=f"test-{webhook_id}",
        previousversion=0,
        coversfrom=padded(0),
        data=Raw(json.encode({"type": "webhook-test"})),
    )


def _handler(command: type[Command]) -> Any:
    secret = command is RotateSecret
    body, answer = (_with_secret, WebhookSecret) if secret else (_changed, WebhookAnswer)
    return changing(WEBHOOK, command, body=body, check=_check, answer=answer)


ROUTER = Router(
    "/v1/webhooks",
    route_handlers=[
        allowing("GET", "POST"),
        listing,
        detail,
        standing,
        deliveries,
        parked,
        trial,
        creating(WEBHOOK, CreateWebhook, body=_with_secret, check=_check, answer=WebhookSecret),
        *(_handler(command) for command in WEBHOOK.commands if command is not CreateWebhook),
    ],
)
