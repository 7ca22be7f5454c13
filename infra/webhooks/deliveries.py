"""A delivery: one event on its way to one webhook. Chains of them keep the order of a stream."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from infra.events import Row
from infra.webhooks.schedule import next_try
from infra.webhooks.sending import Attempt

Status = Literal["waiting", "retrying", "parked", "delivered", "skipped"]


class Item(Struct, frozen=True, kw_only=True):
    """An event to deliver, after so many tries; `covers_from` is the first position it tells about."""

    row: Row
    covers_from: int
    attempts: int = 0


class Delivery(Struct, frozen=True, kw_only=True):
    """Where a delivery stands; the fields are the columns of `webhook_deliveries`."""

    webhook_id: UUID
    position: int
    stream_id: UUID
    covers_from: int
    status: Status
    attempts: int
    next_try_at: datetime | None = None
    attempted_at: datetime | None = None
    response_status: int | None = None
    response: str | None = None
    error: str | None = None
    seconds: float | None = None


class Chain:
    """Events of one stream, sent one after another until one fails."""

    def __init__(self, stream_id: UUID, items: list[Item]) -> None:
        self.stream_id = stream_id
        self.items = items
        self.tries: list[Attempt] = []
        self.told = 0
        """How many of the tries were told in `outcomes`."""
        self.under_way = False
        self.cut = False
        """Nothing more of it is sent, beyond what is under way."""

    @property
    def failed(self) -> bool:
        """Whether its last try failed."""
        return bool(self.tries) and not self.tries[-1].delivered

    def left(self) -> Iterator[Item]:
        """What is still to be sent, as long as nothing fails."""
        for item in self.items:
            if self.cut or self.failed:
                return
            yield item

    def outcomes(self, webhook_id: UUID, chance: float) -> Iterator[Delivery]:
        """Where each delivery that was tried stands since this was last asked."""
        for item, attempt in list(zip(self.items, self.tries, strict=False))[self.told :]:
            yield outcome(webhook_id, item, attempt, chance)
        self.told = len(self.tries)

    def put_off(self, webhook_id: UUID, until: datetime) -> Iterator[Delivery]:
        """What is not sent now, as it is kept: what is under way would be tried again at `until`, if lost."""
        for item in self.items[len(self.tries) :]:
            if self.under_way and not self.cut:
                self.cut = True
                yield _delivery(webhook_id, item, "retrying", item.attempts, next_try_at=until)
            else:
                yield _delivery(webhook_id, item, "waiting", item.attempts)


def outcome(webhook_id: UUID, item: Item, attempt: Attempt, chance: float) -> Delivery:
    """What a try makes of a delivery."""
    attempts = item.attempts + 1
    if attempt.delivered:
        return _delivery(webhook_id, item, "delivered", attempts, attempt=attempt)
    again = next_try(attempts, attempt.at + timedelta(seconds=attempt.seconds), chance, attempt.retry_after)
    status: Status = "retrying" if again else "parked"
    return _delivery(webhook_id, item, status, attempts, attempt=attempt, next_try_at=again)


def held(webhook_id: UUID, item: Item) -> Delivery:
    """A delivery behind another one of its stream."""
    return _delivery(webhook_id, item, "waiting", item.attempts)


def chains(items: list[Item]) -> list[Chain]:
    """One chain a stream, in the order of their first events."""
    found: dict[UUID, Chain] = {}
    for item in items:
        found.setdefault(item.row.stream_id, Chain(item.row.stream_id, [])).items.append(item)
    return list(found.values())


def _delivery(
    webhook_id: UUID,
    item: Item,
    status: Status,
    attempts: int,
    *,
    attempt: Attempt | None = None,
    next_try_at: datetime | None = None,
) -> Delivery:
    told: dict[str, Any] = {} if attempt is None else {
        "attempted_at": attempt.at,
        "response_status": attempt.status,
        "response": attempt.response,
        "error": attempt.error,
        "seconds": attempt.seconds,
    }  # fmt: skip
    return Delivery(
        webhook_id=webhook_id,
        position=item.row.position,
        stream_id=item.row.stream_id,
        covers_from=item.covers_from,
        status=status,
        attempts=attempts,
        next_try_at=next_try_at,
        **told,
    )
