"""The feed: every event in order, from any position, to those who follow the log over HTTP."""

import asyncio
import contextlib
import hashlib
import re
import time
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get
from msgspec import Meta, Raw, Struct

from api import streams
from api.auth import Principal
from api.conventions import JSON
from api.services import Services, principal, services
from api.validation import Malformed, Wrong, parameters, query
from infra import feed
from infra.cloudevents import BATCH_MEDIA_TYPE, PREFIX, CloudEvent, rendered, rendered_in_full
from infra.events import EVENT_TYPES, Row
from infra.feed import Filter, Stretch
from infra.log import head

MOST = 1_000
LONGEST_WAIT = 30
LOOK_SECONDS = 5.0
PERSONAL = "read personal feed"
PROBLEMS = ["Malformed", "Unauthenticated", "Forbidden", "Unavailable"]

Position = Annotated[int, Meta(ge=0, le=10**18 - 1)]
EventType = Annotated[str, Meta(extra_json_schema={"enum": sorted(EVENT_TYPES)})]

_encoder = msgspec.json.Encoder()


class Wanted(Struct, frozen=True, kw_only=True):
    """Which events to follow, and after which position."""

    after: Position = 0
    types: tuple[EventType, ...] = ()
    complaint_id: UUID | None = None

    def filter(self) -> Filter:
        """What to look for in the log.

        Raises:
            Malformed: there is no such type of event.
        """
        tags = [tag.removeprefix(PREFIX) for each in self.types for tag in each.split(",")]
        unknown = sorted({tag for tag in tags if tag not in EVENT_TYPES})
        if unknown:
            raise Malformed([Wrong("types", f"there is no event type {tag!r}") for tag in unknown])
        return Filter(frozenset(tags), self.complaint_id)


class Asked(Wanted, frozen=True, kw_only=True):
    """A page of the feed."""

    limit: Annotated[int, Meta(ge=1, le=MOST)] = 100
    wait: Annotated[int, Meta(ge=0, le=LONGEST_WAIT)] = 0
    personal: bool = False


class FeedPage(Struct, frozen=True):
    """Events among the positions from `covers_from` up to `next`, which is what to send as `after`.

    `head` is the newest position.
    """

    events: list[CloudEvent]
    covers_from: int
    next: int
    head: int


class _EncodedPage(Struct, frozen=True):
    events: Raw
    covers_from: int
    next: int
    head: int


@get("/v1/events", name="events", opt={
    "action": "read feed", "summary": "The feed of all events", "query": Asked, "positioned": False,
    "headers": ["Cache-Control", "ETag", "Link", "Log-Covered", "Log-Position"], "response": FeedPage,
    "variants": {BATCH_MEDIA_TYPE: list[CloudEvent]}, "unchanged": True,
    "needs": ["IfNoneMatch"], "problems": PROBLEMS})  # fmt: skip
async def events(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Events after a position, in order, as CloudEvents; `wait` seconds for one if there is none yet."""
    asked = query(request.scope["query_string"], Asked)
    wanted = asked.filter()
    render = _rendering(services(request), principal(request), personal=asked.personal)
    stretch = await _awaited(services(request), asked, wanted)
    return _answer(request, stretch, _encoder.encode(list(stretch.events(render))), personal=asked.personal)


def _rendering(parts: Services, caller: Principal, *, personal: bool) -> Callable[[Row, int], CloudEvent]:
    source = parts.settings.source()
    if not personal:
        return lambda row, first: rendered(row, source, first)
    caller.check(PERSONAL)
    return lambda row, first: rendered_in_full(row, source, first, parts.log.vault)


async def _awaited(parts: Services, asked: Asked, wanted: Filter) -> Stretch:
    """The next events; none once there was none for `wait` seconds. No connection is held meanwhile."""
    deadline = time.monotonic() + asked.wait
    covered = asked.after
    while True:
        grown = parts.wake.arm()
        stretch = await _read(parts, asked, wanted, covered, grown)
        check_known("after", covered, stretch.head)
        left = deadline - time.monotonic()
        if stretch.rows or stretch.behind or left <= 0 or parts.wake.closed:
            return msgspec.structs.replace(stretch, after=asked.after)
        covered = stretch.covered
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(left, LOOK_SECONDS)):
                await grown.wait()


async def _read(parts: Services, asked: Asked, wanted: Filter, after: int, grown: asyncio.Event) -> Stretch:
    """The next events. Those who wait for the same growth of the log, as hundreds may, share one read."""
    read = partial(feed.read, wanted=wanted, after=after, limit=asked.limit, keys=asked.personal)
    if not asked.wait:
        return await parts.follower.run(read)
    # What this read came too early for sets `grown`, so nobody waits in vain.
    key = grown, wanted, after, asked.limit, asked.personal
    return await parts.waiting.get(key, lambda: parts.follower.run(read))


def check_known(name: str, position: int, head: int) -> None:
    """Make sure that the log has a position.

    Raises:
        Malformed: it has not: the position comes from another log, or from one that was restored since.
    """
    if position > head:
        raise Malformed([Wrong(name, f"beyond the head of the log, which is {head}")])


def _answer(
    request: Request[Any, Any, Any], stretch: Stretch, found: bytes, *, personal: bool
) -> Response[bytes]:
    batch = request.accept.best_match([JSON, BATCH_MEDIA_TYPE]) == BATCH_MEDIA_TYPE
    headers = {
        "Cache-Control": "private, no-store",
        "Link": f'<{_following(request, stretch.covered)}>; rel="next"',
        "Log-Covered": f"{stretch.after + 1}-{stretch.covered}",
        "Log-Position": str(stretch.head),
        "Vary": "Accept, Authorization",
    }
    if stretch.behind and not personal:
        headers["Cache-Control"] = "private, max-age=31536000, immutable"
        headers["ETag"] = _etag(found, batch=batch)
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(b"", status_code=304, headers=headers)
    page = _EncodedPage(Raw(found), stretch.after + 1, stretch.covered, stretch.head)
    body = found if batch else _encoder.encode(page)
    return Response(body, media_type=BATCH_MEDIA_TYPE if batch else JSON, headers=headers)


def _etag(found: bytes, *, batch: bool) -> str:
    """Of the events. The object around them is another one when the head has moved, so it has a weak one."""
    digest = hashlib.blake2b(found, digest_size=16).hexdigest()
    return f'"{digest}"' if batch else f'W/"{digest}-page"'


def _following(request: Request[Any, Any, Any], after: int) -> str:
    kept = [(name, value) for name, value in parameters(request.scope["query_string"]) if name != "after"]
    return f"/v1/events?{urlencode([*kept, ('after', after)])}"


@get("/v1/events/stream", name="events-stream", opt={
    "action": "read feed", "summary": "The stream of all events", "query": Wanted, "positioned": False,
    "needs": ["LastEventID"], "headers": ["Cache-Control"], "media_type": streams.MEDIA_TYPE, "response": str,
    "problems": PROBLEMS})  # fmt: skip
async def stream(request: Request[Any, Any, Any]) -> Response[None]:
    """Events after a position as they come: server-sent events whose `id` is the position; it never ends.

    Goes on after `Last-Event-ID`, which browsers send when they connect again, else after `after`.
    """
    asked = query(request.scope["query_string"], Wanted)
    wanted, parts = asked.filter(), services(request)
    name, start = _start(request, asked)
    if start > parts.hub.position:
        check_known(name, start, await parts.follower.run(head))
    return parts.streams.opened(request, wanted, start)


def _start(request: Request[Any, Any, Any], asked: Wanted) -> tuple[str, int]:
    """The position to go on after, and the name of what says so."""
    given = request.headers.get("last-event-id")
    if not given:
        return "after", asked.after
    if not re.fullmatch("[0-9]{1,18}", given, re.ASCII):
        raise Malformed([Wrong("Last-Event-ID", "not a position")])
    return "Last-Event-ID", int(given)


ROUTER = Router("/", route_handlers=[events, stream])
