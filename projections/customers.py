"""Customers: each one, and lists of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, LiteralString, cast
from uuid import UUID

import psycopg
from msgspec import Meta, Struct

from domain.customer import CUSTOMER, Customer, CustomerEvent, CustomerKind, QuietHours
from domain.fields import Email, Label, Language, Moment, Slug
from domain.messages import Event
from infra.events import Recorded
from infra.pages import (
    DEFAULT,
    MOST,
    Answer,
    Filter,
    Listing,
    Order,
    Page,
    asked_page,
    both_ways,
    by_id,
    equals,
    leading,
)
from infra.projector import View
from infra.rows import fold_rows, one_by_one

Sort = Literal["registered_at", "-registered_at"]

DDL = """
CREATE TABLE IF NOT EXISTS customers_2 (
    customer_id   uuid        PRIMARY KEY,
    version       integer     NOT NULL,
    etag          integer     NOT NULL,
    kind          text        NOT NULL,
    tier          text        NOT NULL,
    email         text,
    external_ref  text,
    registered_at timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    customer      json        NOT NULL
);
CREATE INDEX IF NOT EXISTS customers_2_registered ON customers_2 (registered_at, customer_id);
CREATE INDEX IF NOT EXISTS customers_2_email ON customers_2 (email) WHERE email IS NOT NULL;
CREATE INDEX IF NOT EXISTS customers_2_external_ref ON customers_2 (external_ref)
    WHERE external_ref IS NOT NULL;
CREATE INDEX IF NOT EXISTS customers_2_tier ON customers_2 (tier);
CREATE INDEX IF NOT EXISTS customers_2_kind ON customers_2 (kind);
"""


class Row(Struct, frozen=True, kw_only=True):
    """A customer; the fields are the columns of `customers_2`. `email` is in lower case, to be found by."""

    customer_id: UUID
    version: int
    etag: int
    kind: CustomerKind
    tier: str
    email: str | None
    external_ref: str | None
    registered_at: datetime
    updated_at: datetime
    customer: Customer


class CustomerDetail(Struct, frozen=True, kw_only=True):
    """A customer. `etag` is the version that `If-Match` is compared with."""

    id: UUID
    version: int
    etag: int
    kind: CustomerKind
    name: str
    tier: str
    language: Language
    email: str | None
    phone: str | None
    external_ref: str | None
    organisation: str | None
    channels: tuple[str, ...]
    quiet_hours: QuietHours | None
    registered_at: datetime
    updated_at: datetime


class Customers(Struct, frozen=True, kw_only=True):
    """Which customers to list; conditions hold together. `email` is compared without regard to case."""

    external_ref: Label | None = None
    email: Email | None = None
    tier: Slug | None = None
    kind: CustomerKind | None = None
    sort: Sort = "-registered_at"
    limit: Annotated[int, Meta(ge=1, le=MOST)] = DEFAULT
    cursor: str | None = None


def fold(row: Row | None, recorded: Recorded[Event]) -> Row:
    """The customer's row after an event."""
    event = cast("CustomerEvent", recorded.event)
    customer: Customer = CUSTOMER.evolve(row.customer if row else None, event, recorded.occurred_at)
    return Row(
        customer_id=recorded.stream_id,
        version=recorded.version,
        etag=row.etag if row and recorded.origin == "system" else recorded.version,
        kind=customer.kind,
        tier=customer.tier,
        email=customer.email.lower() if customer.email else None,
        external_ref=customer.external_ref,
        registered_at=row.registered_at if row else recorded.occurred_at,
        updated_at=recorded.recorded_at,
        customer=customer,
    )


async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    """Fold events into the table."""
    ours = [event for event in events if event.kind == CUSTOMER.kind]
    await fold_rows(
        connection, ours, table="customers_2", key="customer_id", row_type=Row, fold=one_by_one(fold)
    )


VIEW = View(
    name="customers",
    version=2,
    ddl=DDL,
    tables=("customers_2",),
    apply=apply,
    stream_kinds=(CUSTOMER.kind,),
)

COLUMNS: LiteralString = """customer_id AS id, version, etag, kind, tier, registered_at, updated_at,
       customer ->> 'name' AS name, customer ->> 'language' AS language, customer ->> 'email' AS email,
       customer ->> 'phone' AS phone, external_ref, customer ->> 'organisation' AS organisation,
       customer -> 'channels' AS channels, customer -> 'quiet_hours' AS quiet_hours"""
ORDERS = both_ways(Order("registered_at", "timestamptz", Moment, id_column="customer_id"))
CUSTOMERS = Listing(VIEW.follower, CustomerDetail, COLUMNS, "customers_2", ORDERS)
FILTERS: Mapping[str, Filter] = {
    "external_ref": equals("external_ref"),
    "email": leading("email = lower(%(email)s)"),
    "tier": equals("tier"),
    "kind": equals("kind"),
}


async def customer(connection: psycopg.AsyncConnection[Any], customer_id: UUID) -> Answer[CustomerDetail]:
    """A customer by id; None where there is none.

    Raises:
        Unavailable: the view was never prepared.
    """
    return await by_id(connection, CUSTOMERS, customer_id)


async def customers(connection: psycopg.AsyncConnection[Any], wanted: Customers) -> Page[CustomerDetail]:
    """A page of customers.

    Raises:
        BadCursor, Unavailable
    """
    return await asked_page(connection, CUSTOMERS, FILTERS, wanted)
