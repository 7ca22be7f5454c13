"""Webhooks: each one, lists of them, and what was asked about their deliveries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, LiteralString, cast, get_args
from uuid import UUID

import msgspec
import psycopg
from msgspec import Meta, Struct
from psycopg.rows import class_row, tuple_row

from domain.fields import Moment
from domain.messages import Event
from domain.webhook import WEBHOOK, Cause, Payload, State, Webhook, WebhookEvent
from domain.webhook.events import DeliverySkipped, ParkedResumed, ReplayRequested, WebhookResumed
from infra.events import Recorded
from infra.pages import (
    DEFAULT,
    MOST,
    Answer,
    Filter,
    Listing,
    Order,
    Page,
    both_ways,
    read_one,
    read_page,
)
from infra.projector import View
from infra.rows import fold_rows, one_by_one, write
from infra.webhooks import Book, Instruction, Target

Sort = Literal["created_at", "-created_at"]
Listed = Literal["active", "paused", "disabled"]

DDL = """
CREATE TABLE IF NOT EXISTS webhooks_1 (
    webhook_id       uuid        PRIMARY KEY,
    version          integer     NOT NULL,
    etag             integer     NOT NULL,
    position         bigint      NOT NULL,
    created_position bigint      NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    state            text        NOT NULL,
    webhook          json        NOT NULL
);
CREATE INDEX IF NOT EXISTS webhooks_1_created ON webhooks_1 (created_at, webhook_id);
CREATE TABLE IF NOT EXISTS webhook_instructions_1 (
    webhook_id uuid   NOT NULL,
    position   bigint NOT NULL,
    tag        text   NOT NULL,
    number     bigint,
    stream_id  uuid,
    PRIMARY KEY (webhook_id, position)
);
"""
KEEP = b"""
INSERT INTO webhook_instructions_1
SELECT * FROM json_populate_recordset(NULL::webhook_instructions_1, %s)"""


class Row(Struct, frozen=True, kw_only=True):
    """A webhook; the fields are the columns of `webhooks_1`. `position` is that of its last event."""

    webhook_id: UUID
    version: int
    etag: int
    position: int
    created_position: int
    created_at: datetime
    updated_at: datetime
    state: State
    webhook: Webhook


class WebhookDetail(Struct, frozen=True, kw_only=True):
    """A webhook. `etag` is the version that `If-Match` is compared with; no `types` are all of them.

    `secret_generation` counts its secrets; the one before signs beside it until `previous_secret_until`.
    `disabled_cause` says why it is disabled: the receiver is `gone` (410), or was `failing` for days.
    """

    id: UUID
    version: int
    etag: int
    state: State
    url: str
    types: tuple[str, ...]
    payload: Payload
    description: str | None
    disabled_cause: Cause | None
    secret_generation: int
    previous_secret_until: datetime | None
    created_at: datetime
    updated_at: datetime


class Webhooks(Struct, frozen=True, kw_only=True):
    """Which webhooks to list."""

    state: tuple[Listed, ...] = ()
    sort: Sort = "-created_at"
    limit: Annotated[int, Meta(ge=1, le=MOST)] = DEFAULT
    cursor: str | None = None


def fold(row: Row | None, recorded: Recorded[Event]) -> Row:
    """The webhook's row after an event."""
    event = cast("WebhookEvent", recorded.event)
    webhook: Webhook = WEBHOOK.evolve(row.webhook if row else None, event, recorded.occurred_at)
    return Row(
        webhook_id=recorded.stream_id,
        version=recorded.version,
        etag=row.etag if row and recorded.origin == "system" else recorded.version,
        position=recorded.position,
        created_position=row.created_position if row else recorded.position,
        created_at=row.created_at if row else recorded.occurred_at,
        updated_at=recorded.recorded_at,
        state=webhook.state,
        webhook=webhook,
    )


async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    """Fold events into the tables."""
    ours = [event for event in events if event.kind == WEBHOOK.kind]
    await fold_rows(
        connection, ours, table="webhooks_1", key="webhook_id", row_type=Row, fold=one_by_one(fold)
    )
    if asked := [found for event in ours if (found := _instruction(event))]:
        await write(connection, KEEP, [msgspec.json.encode(asked).decode()])


VIEW = View(
    name="webhooks",
    version=1,
    ddl=DDL,
    tables=("webhooks_1", "webhook_instructions_1"),
    apply=apply,
    stream_kinds=(WEBHOOK.kind,),
)

COLUMNS: LiteralString = """webhook_id AS id, version, etag, state, created_at, updated_at,
       webhook ->> 'url' AS url, webhook -> 'types' AS types, webhook ->> 'payload' AS payload,
       webhook ->> 'description' AS description, webhook ->> 'cause' AS disabled_cause,
       webhook -> 'generation' AS secret_generation, webhook ->> 'previous_until' AS previous_secret_until"""
ORDERS = both_ways(Order("created_at", "timestamptz", Moment, id_column="webhook_id"))
WEBHOOKS = Listing(VIEW.follower, WebhookDetail, COLUMNS, "webhooks_1", ORDERS)
ACTIVE: LiteralString = (
    "SELECT webhook_id, position, created_position, webhook::text FROM webhooks_1 WHERE state = 'active'"
)
INSTRUCTIONS: LiteralString = """
SELECT i.webhook_id, i.position, i.tag, i.number, i.stream_id
  FROM unnest(%s::uuid[], %s::bigint[]) AS done (webhook_id, position)
  JOIN webhook_instructions_1 i ON i.webhook_id = done.webhook_id AND i.position > done.position
 ORDER BY i.position"""


async def webhook(connection: psycopg.AsyncConnection[Any], webhook_id: UUID) -> Answer[WebhookDetail]:
    """A webhook by id; None where there is none, or it is deleted.

    Raises:
        Unavailable: the view was never prepared.
    """
    return await read_one(
        connection,
        VIEW.follower,
        WebhookDetail,
        select="SELECT " + COLUMNS + " FROM webhooks_1",  # noqa: S608 - constants of this module
        conditions=["webhook_id = %(id)s", "state <> 'deleted'"],
        arguments={"id": webhook_id},
    )


async def webhooks(connection: psycopg.AsyncConnection[Any], wanted: Webhooks) -> Page[WebhookDetail]:
    """A page of webhooks, without those that are deleted.

    Raises:
        BadCursor, Unavailable
    """
    return await read_page(
        connection,
        WEBHOOKS,
        [Filter(condition="state = ANY(%(state)s)")],
        {"state": list(wanted.state or get_args(Listed))},
        wanted,
    )


async def active(connection: psycopg.AsyncConnection[Any]) -> list[Target]:
    """The webhooks that something is delivered to."""
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(ACTIVE)
        return [
            Target(
                webhook_id=webhook_id,
                position=position,
                created_position=created,
                webhook=msgspec.json.decode(found, type=Webhook),
            )
            for webhook_id, position, created, found in await cursor.fetchall()
        ]


async def instructions(connection: psycopg.AsyncConnection[Any], done: dict[UUID, int]) -> list[Instruction]:
    """What was asked about the deliveries of webhooks after a position for each, in order."""
    async with connection.cursor(row_factory=class_row(Instruction)) as cursor:
        await cursor.execute(INSTRUCTIONS, [list(done), list(done.values())])
        return await cursor.fetchall()


async def deleted(connection: psycopg.AsyncConnection[Any]) -> list[UUID]:
    """The webhooks that are deleted."""
    cursor = await connection.execute("SELECT webhook_id FROM webhooks_1 WHERE state = 'deleted'")
    return [webhook_id for (webhook_id,) in await cursor.fetchall()]


BOOK = Book(active, instructions, deleted)


def _instruction(recorded: Recorded[Event]) -> Instruction | None:
    """What an event asks of the deliverer, if anything."""
    event = recorded.event
    number = stream_id = None
    match event:
        case ReplayRequested():
            number = event.from_position
        case DeliverySkipped():
            number = event.position
        case ParkedResumed():
            stream_id = event.stream_id
        case WebhookResumed():
            pass
        case _:
            return None
    return Instruction(
        webhook_id=recorded.stream_id,
        position=recorded.position,
        tag=recorded.tag,
        number=number,
        stream_id=stream_id,
    )
