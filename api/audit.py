"""Audit: what happened to one complaint, and who did what across all of them."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get
from litestar.params import FromPath

from api.answers import page_of
from api.complaints import AsOf
from api.conventions import Items, single
from api.problems import NotFound
from api.services import services
from api.validation import query
from domain.complaint import COMPLAINT
from projections import audit


@get("/v1/complaints/{stream_id:uuid}/history", name="complaint-history", opt={
    "action": "read history", "summary": "The history of a complaint", "query": AsOf,
    "response": Items[audit.HistoryEntry]})  # fmt: skip
async def history(request: Request[Any, Any, Any], stream_id: FromPath[UUID]) -> Response[bytes]:
    """Every event of a complaint from the log, up to a `version`, a `position` or the time `as_of`."""
    past = query(request.scope["query_string"], AsOf)
    head = await services(request).reader.head(request)
    events = await services(request).log.stream(stream_id)
    if not events or events[0].kind != COMPLAINT.kind:
        raise NotFound("no complaint has this id")
    known = (
        audit.until(events, version=past.version, position=past.position, at=past.as_of)
        if past.named()
        else events
    )
    return single(Items(audit.history(known), None), max(head, events[-1].position))


@get("/v1/audit/trail", name="audit-trail", opt={
    "action": "read trail", "summary": "Who did what, over all complaints and customers",
    "query": audit.Trail, "headers": ["Link"], "response": Items[audit.TrailEntry]})  # fmt: skip
async def trail(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Events that match all the filters, in the order asked for, a page at a time."""
    asked = query(request.scope["query_string"], audit.Trail)
    return await page_of(request, audit.VIEW, lambda c: audit.trail(c, asked))


ROUTER = Router("/", route_handlers=[history, trail])
