"""Complaints: their commands, the worklist, one of them now or as it was."""

import re
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get
from litestar.params import FromPath
from msgspec import Meta, Struct
from msgspec.structs import replace

from api.answers import one_of, page_of
from api.commands import changing, creating
from api.conventions import EventView, Items, after, allowing, single
from api.problems import NotFound
from api.services import principal, services
from api.validation import Malformed, Nothing, Wrong, query
from domain.complaint import COMPLAINT, Complaint, ComplaintEvent
from domain.complaint import commands as c
from domain.customer import CUSTOMER
from domain.fields import Moment
from domain.messages import Command
from infra.commands import NoSuchStream, Outcome
from projections import audit, complaints

PROTOCOL = re.compile("[0-9]{6,40}")
HIDDEN = ("sector",)  # follows from the caller, who cannot choose it


class AsOf(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which past of a complaint to show; at most one of the three."""

    version: Annotated[int, Meta(ge=1, lt=2**31)] | None = None
    """As it was after that many events."""
    position: Annotated[int, Meta(ge=0, le=10**18)] | None = None
    """As the log knew it up to this position."""
    as_of: Moment | None = None
    """As the log knew it at this time."""

    def named(self) -> bool:
        """Whether a past is asked for at all.

        Raises:
            Malformed: more than one way of naming it was used.
        """
        given = [name for name in ("version", "position", "as_of") if getattr(self, name) is not None]
        if len(given) > 1:
            raise Malformed([Wrong(name, "only one of version, position and as_of") for name in given])
        return bool(given)


class ComplaintChanged(Struct, frozen=True, kw_only=True):
    """The complaint after a command, and the events that the command recorded."""

    id: UUID
    protocol: str
    state: str
    version: int
    position: int
    events: list[EventView[ComplaintEvent]]


class NewComplaint(ComplaintChanged, frozen=True, kw_only=True):
    """A new complaint. `access_code` is for who made it, where nobody knows who: it is shown here only."""

    access_code: str | None


def _changed(_request: Request[Any, Any, Any], outcome: Outcome) -> ComplaintChanged:
    return ComplaintChanged(**_after(outcome))


def _registered(request: Request[Any, Any, Any], outcome: Outcome) -> NewComplaint:
    return NewComplaint(**_after(outcome), access_code=access_code(request, outcome))


def _after(outcome: Outcome) -> dict[str, Any]:
    return {"protocol": outcome.state.protocol, "state": outcome.state.state, **after(outcome)}


def access_code(request: Request[Any, Any, Any], outcome: Outcome) -> str | None:
    """The code for who made a complaint, where nobody knows who; None: it is identified."""
    if outcome.state.anonymity != "anonymous":
        return None
    return services(request).secrets.access_code(outcome.stream_id)


def _sector(request: Request[Any, Any, Any]) -> str | None:
    """The only sector whose cases the caller may see here; None: not confined."""
    return principal(request).confined_to(request.route_handler.opt["action"])


async def check(
    request: Request[Any, Any, Any], action: str, stream_id: UUID | None, command: Command
) -> None:
    """What a command needs to know beside the complaint: a customer it names exists, the sector was asked."""
    if (customer_id := getattr(command, "customer_id", None)) is not None:
        await _check_customer(request, customer_id)
    sector = principal(request).confined_to(action)
    if stream_id is not None and sector is not None:
        history = await services(request).commands.history(COMPLAINT, stream_id)
        _check_sector(history.state, sector, command)


async def _check_customer(request: Request[Any, Any, Any], customer_id: UUID) -> None:
    try:
        await services(request).commands.history(CUSTOMER, customer_id)
    except NoSuchStream:
        raise Malformed([Wrong("$.customer_id", "no customer has this id")]) from None


def _check_sector(state: Complaint, sector: str, command: Command) -> None:
    asks = {ask.ask_id: ask.sector for ask in (*state.asks, *state.past_asks)}
    if sector not in asks.values():
        raise NotFound("no complaint has this id")
    if isinstance(command, c.RecordSectorAnswer):
        named = command.sector if command.ask_id is None else asks.get(command.ask_id, sector)
        if named is not None and named != sector:
            raise NotFound("no ask to your sector is meant")


@get("/", name="complaint-list", opt={
    "action": "read complaints", "summary": "The worklist", "query": complaints.Worklist, "hidden": HIDDEN,
    "headers": ["Link"], "response": Items[complaints.ComplaintItem]})  # fmt: skip
async def worklist(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Complaints that match all the filters, in the order asked for, a page at a time."""
    asked = query(request.scope["query_string"], complaints.Worklist, HIDDEN)
    seen = replace(asked, sector=_sector(request))
    return await page_of(request, complaints.VIEW, lambda connection: complaints.worklist(connection, seen))


@get("/{stream_id:uuid}", name="complaint-detail", opt={
    "action": "read complaints", "summary": "One complaint, now or as it was", "query": AsOf,
    "headers": ["ETag"], "response": complaints.ComplaintDetail})  # fmt: skip
async def detail(request: Request[Any, Any, Any], stream_id: FromPath[UUID]) -> Response[bytes]:
    """A complaint; with `version`, `position` or `as_of` as it was then, folded from the log."""
    past = query(request.scope["query_string"], AsOf)
    sector = _sector(request)
    if past.named():
        return await _as_it_was(request, stream_id, past, sector)
    return await one_of(
        request,
        complaints.VIEW,
        lambda connection: complaints.detail(connection, stream_id, sector),
        missing="no complaint has this id",
    )


async def _as_it_was(
    request: Request[Any, Any, Any], stream_id: UUID, past: AsOf, sector: str | None
) -> Response[bytes]:
    head = await services(request).reader.head(request)
    events = await services(request).log.stream(stream_id)
    if not events or events[0].kind != COMPLAINT.kind:
        raise NotFound("no complaint has this id")
    known = audit.until(events, version=past.version, position=past.position, at=past.as_of)
    found = complaints.as_of(known)
    if found is None or (past.version or 0) > len(events):
        raise NotFound("the complaint was not known then, or has no such version")
    if sector is not None and sector not in found.asked_sectors:
        raise NotFound("no complaint has this id")
    return single(found, max(head, events[-1].position), found.etag)


@get("/by-protocol/{protocol:str}", name="complaint-by-protocol", opt={
    "action": "read complaints", "summary": "One complaint, by its protocol number", "headers": ["ETag"],
    "response": complaints.ComplaintDetail})  # fmt: skip
async def by_protocol(request: Request[Any, Any, Any], protocol: FromPath[str]) -> Response[bytes]:
    """The complaint that was given this protocol number."""
    query(request.scope["query_string"], Nothing)
    if not PROTOCOL.fullmatch(protocol):
        raise NotFound("this is no protocol number")
    sector = _sector(request)
    return await one_of(
        request,
        complaints.VIEW,
        lambda connection: complaints.by_protocol(connection, protocol, sector),
        missing="no complaint has this protocol number",
    )


ROUTER = Router(
    "/v1/complaints",
    route_handlers=[
        allowing("GET", "POST"),
        worklist,
        detail,
        by_protocol,
        creating(COMPLAINT, c.Register, body=_registered, check=check, answer=NewComplaint),
        *(
            changing(COMPLAINT, command, body=_changed, check=check, answer=ComplaintChanged)
            for command in COMPLAINT.commands
            if command is not c.Register
        ),
    ],
)
