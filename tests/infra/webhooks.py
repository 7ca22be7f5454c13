"""What the tests of webhooks share: a log, the deliverer at work, and a clock that can be put on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.addresses import parsed_networks
from domain.complaint import COMPLAINT
from domain.complaint import commands as complaint
from domain.webhook import WEBHOOK, Webhook
from domain.webhook import commands as c
from infra.commands import Commands
from infra.database import serving_conninfo
from infra.projector import Wake
from infra.secrets import Secrets
from infra.webhooks import Deliverer, Policy, crews, delivering, lanes, reading
from infra.webhooks.reading import Deliveries, DeliveryView, Parked, ParkedView, StandingView
from projections import webhooks
from tests.databases import SCHEMA
from tests.infra.followers import following
from tests.infra.logs import MASTER, REGISTER, caller, fetch, opened, owned, served, serving, until
from tests.receiver import Receiver

LOOPBACK = Policy(http=True, networks=parsed_networks("127.0.0.0/8"), timeout=60.0)
SECRETS = Secrets(MASTER)


class Clock:
    """A clock that stands still until it is put on: nothing is tried again because the machine is slow."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def put_on(self, **much: float) -> None:
        self.now += timedelta(**much)


class Office:
    """A log that complaints are written to, and webhooks that follow it."""

    def __init__(self, database: str, commands: Commands) -> None:
        self.database = database
        self.commands = commands
        self.clock = Clock()

    async def webhook(self, url: str, **fields: Any) -> UUID:
        return (await self.commands.create(WEBHOOK, caller(), c.CreateWebhook(url=url, **fields))).stream_id

    async def tell(self, webhook_id: UUID, command: c.WebhookCommand) -> int:
        return (await self.commands.execute(WEBHOOK, webhook_id, caller(), command)).position

    async def state(self, webhook_id: UUID) -> Webhook:
        found: Webhook = (await self.commands.history(WEBHOOK, webhook_id)).state
        return found

    async def complaint(self, notes: int = 0) -> UUID:
        """A complaint with so many notes."""
        more = [complaint.AddNote(text=f"note {n}") for n in range(notes)]
        return (await self.commands.create(COMPLAINT, caller(), REGISTER, *more)).stream_id

    async def note(self, stream_id: UUID, text: str = "one more") -> int:
        command = complaint.AddNote(text=text)
        return (await self.commands.execute(COMPLAINT, stream_id, caller(), command)).position

    async def standing(self, webhook_id: UUID) -> StandingView:
        async with served(self.database) as connection:
            found = (await reading.standing(connection, webhook_id)).value
        assert found
        return found

    async def parked(self, webhook_id: UUID, **wanted: Any) -> list[ParkedView]:
        async with served(self.database) as connection:
            return (await reading.parked(connection, webhook_id, Parked(**wanted))).items

    async def deliveries(self, webhook_id: UUID, **wanted: Any) -> list[DeliveryView]:
        async with served(self.database) as connection:
            return (await reading.deliveries(connection, webhook_id, Deliveries(**wanted))).items

    async def until_settled(self, webhook_id: UUID, *, seconds: float = 120) -> None:
        """Return once the webhook has got everything there is."""

        async with owned(self.database) as connection:

            async def settled() -> bool:
                rows = await fetch(connection, SETTLED, webhook_id)
                return bool(rows and rows[0][0])

            await until(settled, seconds=seconds)

    @asynccontextmanager
    async def delivering(self, policy: Policy = LOOPBACK) -> AsyncIterator[None]:
        """A deliverer is at work meanwhile, which must not end by itself."""
        conninfo = serving_conninfo(self.database, SCHEMA)
        wake = Wake(conninfo)
        deliverer = Deliverer(
            conninfo, self.commands, SECRETS, wake, webhooks.BOOK, source="urn:test", policy=policy,
            clock=self.clock,
        )  # fmt: skip
        tasks = [asyncio.create_task(wake.listen()), asyncio.create_task(deliverer.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends


SETTLED = """SELECT s.position = (SELECT max(position) FROM events)
                    AND NOT EXISTS (SELECT FROM webhook_deliveries d
                                     WHERE d.webhook_id = s.webhook_id AND d.open)
               FROM webhook_standings s WHERE s.webhook_id = %s"""


@asynccontextmanager
async def office(database: str) -> AsyncIterator[Office]:
    """An office whose view of webhooks is kept."""
    async with opened(serving(database)) as log, following(database, webhooks.VIEW):
        yield Office(database, Commands(log))


async def eventually(condition: Callable[[], object]) -> None:
    """Return once it is true."""

    async def true() -> bool:
        return bool(condition())

    await until(true)


def by_stream(receiver: Receiver) -> dict[str, list[int]]:
    """The positions of what was taken, the first time each, of every stream."""
    found: dict[str, list[int]] = {}
    for received in receiver.taken:
        positions = found.setdefault(received.subject, [])
        if received.position not in positions:
            positions.append(received.position)
    return found


def covered(receiver: Receiver) -> list[int]:
    """Every position that the deliveries say they cover, in order."""
    spans = {r.position: int(r.event["coversfrom"]) for r in receiver.taken}
    return [each for last, first in sorted(spans.items()) for each in range(first, last + 1)]


async def until_received(receiver: Receiver, many: int) -> None:
    await eventually(lambda: len(receiver.received) >= many)


async def until_status(at: Office, webhook_id: UUID, status: str, attempts: int) -> None:
    async def so() -> bool:
        found = await at.parked(webhook_id)
        return bool(found) and (found[0].status, found[0].attempts) == (status, attempts)

    await until(so)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deliverer looks more often than it has to."""
    monkeypatch.setattr(delivering, "CANDIDATE_SECONDS", 0.02)
    monkeypatch.setattr(delivering, "REFRESH_SECONDS", 0.02)
    monkeypatch.setattr(lanes, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(lanes, "SAVE_SECONDS", 0.02)
    monkeypatch.setattr(crews, "GRACE_SECONDS", 0.1)
