"""A lane: the deliveries of one webhook, round after round."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from domain.webhook import generations
from infra.cloudevents import encoded, rendered, thin
from infra.events import Row
from infra.secrets import Secrets
from infra.webhooks.crews import Crew
from infra.webhooks.deliveries import Chain, Delivery, Item, chains, held
from infra.webhooks.schedule import DISABLE_AFTER, WARN_AFTER
from infra.webhooks.sending import Attempt, Message, Sender
from infra.webhooks.store import Opened, Progress, Standing, Store
from infra.webhooks.targets import Instruction, Target
from infra.webhooks.window import Window

_chance = random.Random()  # noqa: S311 - spreads load, keeps no secret

BATCH = 200
"""Events that one round takes from the log."""
AT_ONCE = 16
"""Requests to one receiver under way."""
LOST_AFTER = timedelta(seconds=60)
"""What was under way when its process died is sent again after so long."""
DOWN = 10
"""After so many failures in a row nothing new is sent while something is to be tried again."""
MOST_OPEN = 10_000
"""Deliveries that are not settled, beyond which the log is not read on."""
POLL_SECONDS = 0.25
SAVE_SECONDS = 1.0
"""How long the position of a webhook that nothing matches may go unsaved."""


class Means(NamedTuple):
    """What all lanes work with.

    `outdated` is set by a lane that was told too little of its webhook. `give_up` disables a webhook, `warn`
    tells that this is near.
    """

    window: Window
    store: Store
    sender: Sender
    secrets: Secrets
    source: str
    clock: Callable[[], datetime]
    outdated: asyncio.Event
    give_up: Callable[[Target, Standing, bool], Awaitable[int]]
    warn: Callable[[Target, Standing], Awaitable[None]]


class Lane:
    """Delivers to one webhook until it is stopped, or has disabled it.

    A round takes what is to be tried again and what is new in the log, sends streams side by side and each
    one in order, and keeps what came of it in one transaction. What is behind a failure of its stream, or
    behind a request that takes too long, is kept as waiting, and the lane goes on without it.
    """

    def __init__(self, target: Target, standing: Standing, means: Means) -> None:
        self.target = target
        self.instructions: Sequence[Instruction] = ()
        self.stirred = asyncio.Event()
        self.stopping = False
        self.ended_at: int | None = None
        """The position of the event by which the webhook was disabled from here."""
        self._standing = standing
        self._means = means
        self._open = Opened(0, 0, None)
        self._crew = Crew(self._try, self._stops, self.stirred.set)
        self._resting = False
        self._gone = False
        self._failed = False
        self._recovered = False
        self._unsaved_since: float | None = None

    @property
    def webhook_id(self) -> UUID:
        """The webhook."""
        return self.target.webhook_id

    @property
    def instructed(self) -> int:
        """The position of the last instruction that was carried out."""
        return self._standing.instructed

    def told(self, rows: Sequence[Row]) -> None:
        """New events: a lane that rests at the head, and gets none of them, only notes that they passed."""
        at_head = self._resting and rows[0].position == self._standing.position + 1
        if not at_head or any(self.target.wants(r.tag) or r.stream_id == self.webhook_id for r in rows):
            self.stirred.set()
            return
        self._reach(rows[-1].position)

    def stop(self) -> None:
        """End after the round that is under way."""
        self.stopping = True
        self.stirred.set()

    async def run(self) -> None:
        """Deliver."""
        try:
            await self._look()
            while not self.stopping and self.ended_at is None:
                self.stirred.clear()
                await self._carry_out()
                if not await self._round():
                    await self._rest()
            await self._crew.finish()
            await self._settle([], None)
        finally:
            self._crew.cancel()

    async def _carry_out(self) -> None:
        for instruction in [i for i in self.instructions if i.position > self.instructed]:
            standing = replace(self._standing, instructed=instruction.position)
            if instruction.tag == "webhook-replay-requested" and instruction.number is not None:
                before = instruction.number - 1
                standing = replace(standing, position=before, matched=before)
            if instruction.tag == "webhook-resumed":
                standing = replace(standing, failures=0, failing_since=None)
            self._standing = standing
            await self._means.store.carry_out(instruction, standing, self._means.clock())
            await self._look()

    async def _round(self) -> bool:
        """One round; False if there was nothing to do."""
        again = await self._due()
        rows = await self._unread()
        items = self._matching(rows)
        blocked = await self._blocked(items, again)
        fresh = chains([item for item in items if item.row.stream_id not in blocked])
        behind = [held(self.webhook_id, item) for item in items if item.row.stream_id in blocked]
        await self._crew.send([*again, *fresh], self._free())
        if not (again or rows or self._crew.is_late or self._is_time_to_save()):
            return False
        await self._settle([*again, *fresh], rows[-1].position if rows else None, behind, items)
        await self._judge()
        return True

    async def _due(self) -> list[Chain]:
        now = self._means.clock()
        if not self._open.next_try_at or self._open.next_try_at > now or not self._free():
            return []
        streams = 2 * AT_ONCE
        return await self._means.store.due(self.webhook_id, now, self._crew.busy, streams=streams)

    async def _unread(self) -> list[Row]:
        if self._open.many >= MOST_OPEN or not self._free() or (self._is_down() and self._open.retrying):
            return []
        rows = await self._means.window.after(self._standing.position, 2 if self._is_down() else BATCH)
        return self._known(rows)

    def _known(self, rows: list[Row]) -> list[Row]:
        """The rows before a change of the webhook itself that was not told yet: it counts from there on."""
        for n, row in enumerate(rows):
            if row.stream_id == self.webhook_id and row.position > self.target.position:
                self._means.outdated.set()
                return rows[:n]
        return rows

    def _matching(self, rows: list[Row]) -> list[Item]:
        items, matched = [], self._standing.matched
        for row in rows:
            if self.target.wants(row.tag):
                items.append(Item(row=row, covers_from=matched + 1))
                matched = row.position
        return items

    async def _blocked(self, items: list[Item], again: list[Chain]) -> set[UUID]:
        """The streams of which something is sent, or waits, already."""
        busy = self._crew.busy | {chain.stream_id for chain in again}
        if items and self._open.many:
            streams = {item.row.stream_id for item in items}
            busy |= await self._means.store.blocked(self.webhook_id, streams)
        return busy

    def _is_down(self) -> bool:
        return self._standing.failures >= DOWN

    def _free(self) -> int:
        """How many more requests may be under way."""
        return max(0, (2 if self._is_down() else AT_ONCE) - self._crew.size)

    def _stops(self, after: Chain | None) -> bool:
        """Whether no more is begun: at all, or by who has just sent a chain."""
        if self._gone or self.stopping:
            return True
        return after is not None and after.failed and self._is_down()

    async def _try(self, item: Item) -> Attempt:
        webhook, now = self.target.webhook, self._means.clock()
        event = rendered(item.row, self._means.source, item.covers_from)
        message = Message(
            url=webhook.url,
            message_id=event.id,
            body=encoded(event if webhook.payload == "full" else thin(event)),
            secrets=[self._means.secrets.webhook(self.webhook_id, g) for g in generations(webhook, now)],
        )
        attempt = await self._means.sender.send(message, now)
        self._count(attempt)
        return attempt

    def _count(self, attempt: Attempt) -> None:
        before = self._standing
        if attempt.delivered:
            self._recovered |= before.failures >= DOWN
            self._standing = replace(before, failures=0, failing_since=None)
        else:
            since = before.failing_since or attempt.at
            self._standing = replace(before, failures=before.failures + 1, failing_since=since)
            self._failed, self._gone = True, self._gone or attempt.gone

    async def _settle(
        self,
        given: list[Chain],
        reached: int | None,
        behind: Sequence[Delivery] = (),
        items: Sequence[Item] = (),
    ) -> None:
        """Keep what the round led to."""
        late = self._crew.take_late()
        now, chance = self._means.clock(), _chance.random()
        kept = list(behind)
        for chain in (*late, *given):
            kept += chain.outcomes(self.webhook_id, chance)
        for chain in given:
            kept += chain.put_off(self.webhook_id, now + LOST_AFTER)
        matched = items[-1].row.position if items else self._standing.matched
        if reached is not None:
            self._standing = replace(self._standing, matched=matched)
            self._reach(reached)
        if kept or self._is_time_to_save():
            await self._save(kept, [*late, *given], now)

    async def _save(self, kept: list[Delivery], sent: list[Chain], now: datetime) -> None:
        troubled = bool(self._open.many) or any(each.status != "delivered" for each in kept)
        freed = {chain.stream_id for chain in sent} - self._crew.under_way.keys() if troubled else ()
        recovered, self._recovered, self._unsaved_since = self._recovered, False, None
        await self._means.store.save(
            Progress(
                standing=self._standing,
                deliveries=kept,
                freed=list(freed),
                now=now,
                recovered=recovered,
            )
        )
        if troubled:
            await self._look()

    def _reach(self, position: int) -> None:
        self._standing = replace(self._standing, position=position)
        self._unsaved_since = self._unsaved_since or asyncio.get_running_loop().time()

    def _is_time_to_save(self) -> bool:
        since = self._unsaved_since
        return since is not None and asyncio.get_running_loop().time() - since >= SAVE_SECONDS

    async def _look(self) -> None:
        self._open = await self._means.store.opened(self.webhook_id, self._crew.under_way)

    async def _judge(self) -> None:
        """Disable a webhook that is gone or has failed for days; say beforehand that this is near."""
        failed, self._failed = self._failed, False
        since = self._standing.failing_since
        if self._gone:
            self.ended_at = await self._means.give_up(self.target, self._standing, True)
        elif failed and since is not None:
            failing = self._means.clock() - since
            if failing >= DISABLE_AFTER:
                self.ended_at = await self._means.give_up(self.target, self._standing, False)
            elif failing >= WARN_AFTER and self.target.webhook.warned_since != since:
                await self._means.warn(self.target, self._standing)

    async def _rest(self) -> None:
        """Until there is something to do, as far as one can be told."""
        self._resting = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self.stirred.wait()
        self._resting = False
