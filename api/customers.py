"""Customers: their commands, one of them, a list."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get
from litestar.params import FromPath

from api.commands import changing, creating
from api.conventions import CustomerChanged, Items, allowing, event_view, listed, single
from api.problems import NotFound
from api.services import services
from api.validation import Nothing, query
from domain.customer import CUSTOMER, RegisterCustomer
from domain.messages import Command
from infra.commands import Outcome
from projections import customers


def _changed(_request: Request[Any, Any, Any], outcome: Outcome) -> CustomerChanged:
    return CustomerChanged(
        id=outcome.stream_id,
        version=outcome.version,
        position=outcome.position,
        events=[event_view(event) for event in outcome.events],
    )


async def _check(
    request: Request[Any, Any, Any], action: str, stream_id: UUID | None, command: Command
) -> None:
    """A customer's commands need to know nothing but the customer."""


@get("/", name="customer-list", opt={
    "action": "read customers", "summary": "Customers", "query": customers.Customers, "headers": ["Link"],
    "response": Items[customers.CustomerDetail]})  # fmt: skip
async def listing(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Customers that match the filters, a page at a time."""
    asked = query(request.scope["query_string"], customers.Customers)
    page = await services(request).reader.read(
        customers.VIEW, request, lambda connection: customers.customers(connection, asked)
    )
    return listed(request, page)


@get("/{stream_id:uuid}", name="customer-detail", opt={
    "action": "read customers", "summary": "One customer", "headers": ["ETag"],
    "response": customers.CustomerDetail,
})  # fmt: skip
async def detail(request: Request[Any, Any, Any], stream_id: FromPath[UUID]) -> Response[bytes]:
    """A customer."""
    query(request.scope["query_string"], Nothing)
    answer = await services(request).reader.read(
        customers.VIEW, request, lambda connection: customers.customer(connection, stream_id)
    )
    if answer.value is None:
        raise NotFound("no customer has this id")
    return single(answer.value, answer.log_position, answer.value.etag)


ROUTER = Router(
    "/v1/customers",
    route_handlers=[
        allowing("GET", "POST"),
        listing,
        detail,
        creating(CUSTOMER, RegisterCustomer, body=_changed, check=_check, answer=CustomerChanged),
        *(
            changing(CUSTOMER, command, body=_changed, check=_check, answer=CustomerChanged)
            for command in CUSTOMER.commands
            if command is not RegisterCustomer
        ),
    ],
)
