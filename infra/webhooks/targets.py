"""What the deliverer is told of webhooks: which there are, and what was asked of them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from msgspec import Struct

from domain.webhook import Webhook

Connection = psycopg.AsyncConnection[Any]


class Target(Struct, frozen=True, kw_only=True):
    """An active webhook, as it was after the event at `position`; it gets what follows `created_position`."""

    webhook_id: UUID
    position: int
    created_position: int
    webhook: Webhook

    def wants(self, tag: str) -> bool:
        """Whether events of this type go to it."""
        return not self.webhook.types or tag in self.webhook.types


class Instruction(Struct, frozen=True, kw_only=True):
    """An event of a webhook, at `position` in the log, that says what to do about its deliveries.

    `number` is the position to replay from or to skip, `stream_id` the stream to try again.
    """

    webhook_id: UUID
    position: int
    tag: str
    number: int | None = None
    stream_id: UUID | None = None


class Book(NamedTuple):
    """Where to look all that up.

    `active` gives the active webhooks, `instructions` those of some webhooks after a position for each, in
    order, `deleted` the webhooks that are deleted.
    """

    active: Callable[[Connection], Awaitable[Sequence[Target]]]
    instructions: Callable[[Connection, dict[UUID, int]], Awaitable[Sequence[Instruction]]]
    deleted: Callable[[Connection], Awaitable[Sequence[UUID]]]
