"""Customers: their commands, one of them, a list."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get
from litestar.params import FromPath

from api.answers import one_of, page_of
from api.commands import changing, creating
from api.conventions import Changed, Items, after, allowing
from api.validation import Nothing, query
from domain.customer import CUSTOMER, CustomerEvent, RegisterCustomer
from infra.commands import Outcome
from projections import customers


class CustomerChanged(Changed[CustomerEvent], frozen=True, kw_only=True):
    """The customer after a command, and the events that the command recorded."""


def _changed(_request: Request[Any, Any, Any], outcome: Outcome) -> CustomerChanged:
    return CustomerChanged(**after(outcome))


@get("/", name="customer-list", opt={
    "action": "read customers", "summary": "Customers", "query": customers.Customers, "headers": ["Link"],
    "response": Items[customers.CustomerDetail]})  # fmt: skip
async def listing(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Customers that match the filters, a page at a time."""
    asked = query(request.scope["query_string"], customers.Customers)
    return await page_of(request, customers.VIEW, lambda c: customers.customers(c, asked))


@get("/{stream_id:uuid}", name="customer-detail", opt={
    "action": "read customers", "summary": "One customer", "headers": ["ETag"],
    "response": customers.CustomerDetail,
})  # fmt: skip
async def detail(request: Request[Any, Any, Any], stream_id: FromPath[UUID]) -> Response[bytes]:
    """A customer."""
    query(request.scope["query_string"], Nothing)
    return await one_of(
        request, customers.VIEW, lambda c: customers.customer(c, stream_id), missing="no customer has this id"
    )


ROUTER = Router(
    "/v1/customers",
    route_handlers=[
        allowing("GET", "POST"),
        listing,
        detail,
        creating(CUSTOMER, RegisterCustomer, body=_changed, answer=CustomerChanged),
        *(
            changing(CUSTOMER, command, body=_changed, answer=CustomerChanged)
            for command in CUSTOMER.commands
            if command is not RegisterCustomer
        ),
    ],
)
