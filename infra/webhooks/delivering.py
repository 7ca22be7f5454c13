"""The deliverer: one process at a time sends to all webhooks, each in a lane of its own."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import structlog

from domain.messages import Command
from domain.webhook import WEBHOOK, Cause
from domain.webhook.commands import DisableWebhook, WarnWebhook
from infra.batching import Overloaded
from infra.commands import Caller, Commands
from infra.database import LOST, Link, Unavailable, connect, mortal
from infra.events import Row
from infra.projector import Wake
from infra.pulse import pulsing
from infra.secrets import Secrets
from infra.webhooks.lanes import Lane, Means
from infra.webhooks.schedule import DISABLE_AFTER
from infra.webhooks.sending import Policy, Sender
from infra.webhooks.store import Standing, Store
from infra.webhooks.targets import Book, Connection, Target
from infra.webhooks.window import Window

log = structlog.get_logger()

CANDIDATE_SECONDS = 0.25
REFRESH_SECONDS = 0.2
LEAST_SECONDS = 0.02
FAILED_SECONDS = 5.0
PRUNE_SECONDS = 60.0
# The last: the view of webhooks is being built.
PASSING = (*LOST, Unavailable, Overloaded, psycopg.errors.UndefinedTable)
LOCK = "SELECT pg_try_advisory_lock(hashtextextended(current_schema() || ' webhooks', 1))"


class Deliverer:
    """Delivers while it has the lead; whoever has it next goes on where this one was cut off."""

    def __init__(
        self,
        conninfo: str,
        commands: Commands,
        secrets: Secrets,
        wake: Wake,
        book: Book,
        *,
        source: str,
        policy: Policy,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._conninfo = conninfo
        self._commands = commands
        self._secrets = secrets
        self._wake = wake
        self._book = book
        self._source = source
        self._policy = policy
        self._clock = clock
        self._lanes: dict[UUID, Lane] = {}
        self._ended: dict[UUID, int] = {}
        """Where the log has the end of lanes that disabled their webhook: the book may not know it yet."""

    async def run(self) -> None:
        """Wait for the lead and deliver, for ever; when the database was away, again."""
        while True:
            try:
                async with await connect(mortal(self._conninfo)) as connection, pulsing(connection):
                    await self._become_leader(connection)
                    await self._lead(connection)
            except* PASSING as errors:
                log.warning("webhooks-interrupted", error=type(errors.exceptions[0]).__name__)
            await asyncio.sleep(CANDIDATE_SECONDS)

    async def _become_leader(self, connection: Connection) -> None:
        while True:
            row = await (await connection.execute(LOCK)).fetchone()
            if row and row[0]:
                log.info("webhooks-lead")
                return
            await asyncio.sleep(CANDIDATE_SECONDS)

    async def _lead(self, leading: Connection) -> None:
        # What is lost with the last milliseconds before a crash of the database is sent once more.
        await leading.execute("SET synchronous_commit = off")
        reading = Link(self._conninfo)
        self._lanes = {}
        window = Window(reading, self._wake, self._stir)
        store = Store(leading, reading)
        try:
            async with Sender(self._policy) as sender, await connect(self._conninfo) as following:
                means = Means(
                    window,
                    store,
                    sender,
                    self._secrets,
                    self._source,
                    self._clock,
                    asyncio.Event(),
                    self._give_up,
                    self._warn,
                )
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(window.follow(following))
                    tasks.create_task(self._attend(tasks, means))
        finally:
            await reading.close()

    async def _attend(self, tasks: asyncio.TaskGroup, means: Means) -> None:
        """Keep a lane for every active webhook."""
        pruned_at = 0.0
        async with await connect(self._conninfo) as connection:
            while True:
                await self._refresh(connection, tasks, means)
                if time.monotonic() - pruned_at > PRUNE_SECONDS:
                    await self._clean(connection, means)
                    pruned_at = time.monotonic()
                await asyncio.sleep(LEAST_SECONDS)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(REFRESH_SECONDS):
                        await means.outdated.wait()
                means.outdated.clear()

    async def _refresh(self, connection: Connection, tasks: asyncio.TaskGroup, means: Means) -> None:
        targets = {
            target.webhook_id: target
            for target in await self._book.active(connection)
            if target.position >= self._ended.get(target.webhook_id, 0)
        }
        for webhook_id, lane in self._lanes.items():
            if webhook_id not in targets:
                lane.stop()
        new = {id_: target.created_position for id_, target in targets.items() if id_ not in self._lanes}
        begun = await means.store.begin(new) if new else {}
        starting = {id_: Lane(targets[id_], standing, means) for id_, standing in begun.items()}
        self._lanes |= starting
        await self._inform(connection, targets)
        for lane in starting.values():
            tasks.create_task(self._keep(lane))

    async def _inform(self, connection: Connection, targets: dict[UUID, Target]) -> None:
        """Tell the lanes what their webhooks are now, and what was asked of them."""
        lanes = {id_: lane for id_, lane in self._lanes.items() if id_ in targets}
        if not lanes:
            return
        asked = await self._book.instructions(
            connection, {lane.webhook_id: lane.instructed for lane in lanes.values()}
        )
        for webhook_id, lane in lanes.items():
            changed = lane.target.position != targets[webhook_id].position
            lane.target = targets[webhook_id]
            lane.instructions = [each for each in asked if each.webhook_id == webhook_id]
            if changed or lane.instructions:
                lane.stirred.set()

    async def _keep(self, lane: Lane) -> None:
        """Run a lane to its end. What goes wrong in it, and does not pass by itself, harms no other."""
        try:
            await lane.run()
        except PASSING:
            raise
        except Exception as error:
            log.critical("webhook-failed", webhook_id=str(lane.webhook_id), exc_info=error)
            await asyncio.sleep(FAILED_SECONDS)
        if lane.ended_at is not None:
            self._ended[lane.webhook_id] = lane.ended_at
        del self._lanes[lane.webhook_id]

    async def _clean(self, connection: Connection, means: Means) -> None:
        await means.store.prune()
        if deleted := await self._book.deleted(connection):
            await means.store.drop([id_ for id_ in deleted if id_ not in self._lanes])

    def _stir(self, rows: Sequence[Row]) -> bool:
        for lane in self._lanes.values():
            lane.told(rows)
        return bool(self._lanes)

    async def _give_up(self, target: Target, standing: Standing, gone: bool) -> int:
        cause: Cause = "gone" if gone else "failing"
        log.error(
            "webhook-disabled", webhook_id=str(target.webhook_id), host=target.webhook.host, cause=cause
        )
        return await self._record(
            target, DisableWebhook(cause=cause, failing_since=standing.failing_since), cause
        )

    async def _warn(self, target: Target, standing: Standing) -> None:
        since = standing.failing_since or self._clock()
        until = since + DISABLE_AFTER
        log.warning(
            "webhook-failing",
            webhook_id=str(target.webhook_id),
            host=target.webhook.host,
            failing_since=since.isoformat(),
            disabled_at=until.isoformat(),
        )
        await self._record(target, WarnWebhook(failing_since=since, disabled_at=until), "failing")

    async def _record(self, target: Target, command: Command, why: str) -> int:
        caller = Caller(
            actor="system:webhooks", correlation=f"webhooks/{target.webhook_id}/{why}", origin="system"
        )
        return (await self._commands.execute(WEBHOOK, target.webhook_id, caller, command)).position
