"""Leading a follower: batches, the checkpoint that fences off a deposed leader, failures."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator

import psycopg
import structlog

from infra.batching import Overloaded
from infra.database import LOST, DatabaseNotReady, Unavailable, passes
from infra.log import head
from infra.projector.checkpoints import add_checkpoints, create
from infra.projector.followers import Connection, Events, Reactor, View
from infra.projector.place import Deposed, Place
from infra.projector.rebuilding import BeingRebuilt, Rebuild
from infra.projector.tail import Tail
from infra.projector.wake import Wake
from infra.pulse import pulsing
from infra.rows import Bundle, Memory, TooLong, bundling, remembering
from infra.vault import Vault

log = structlog.get_logger()

POLL_SECONDS = 1.0
STRETCH_SECONDS = 2.0
"""How long a view that is behind may fold before it commits, unless it has rows enough to write before."""
REMEMBERED = 20_000
"""Rows of each table that the leader of a view need not read again."""

FEW = 32
"""A batch of so many events at most is written in one message."""

# What passes by itself: to be tried again, never a reason to stand still.
PASSING = (*LOST, Unavailable, Overloaded)

# What a crash of the server takes back of a view, its checkpoint goes back with: it is folded again.
# Nothing is written but in the transactions that say so: never a row without the checkpoint.
LEADING = """SELECT set_config(name, value, false)
               FROM (VALUES ('synchronous_commit', 'off'), ('default_transaction_read_only', 'on'))
                    AS setting (name, value)"""


class Failed(Exception):
    """A follower cannot take in one event."""

    def __init__(self, position: int, cause: Exception) -> None:
        super().__init__(f"at position {position}: {type(cause).__name__}")
        self.position = position
        self.cause = cause


class Lead:
    """The lead of one follower, as long as its connection lives.

    It looks at its checkpoint each second: one that hangs loses its connection, and with it the lead.
    """

    def __init__(  # noqa: PLR0917 - what a runner hands on to each of its leads
        self,
        follower: View | Reactor,
        connection: Connection,
        tail: Tail,
        wake: Wake,
        conninfo: str,
        vault: Vault,
        batch: int,
    ) -> None:
        self._follower = follower
        self._name = follower.follower
        self._connection = connection
        self._place = Place(connection, self._name, tail.moves)
        self._tail = tail
        self._wake = wake
        self._conninfo = conninfo
        self._vault = vault
        self._batch = batch
        self._memory = Memory(REMEMBERED)
        self._bundle = Bundle(connection)

    async def keep(self) -> None:
        """Follow the log until deposed.

        Raises:
            Deposed: the checkpoint was moved by another.
            BeingRebuilt: the view has no tables yet, and somebody else builds them.
        """
        await self._connection.set_read_only(False)  # its transactions say that they write
        with remembering(self._connection, self._memory):
            while True:
                await self._start()
                try:
                    await self._follow()
                except Failed as failed:
                    await self._stand_still(failed)

    async def _start(self) -> None:
        self._memory.forget()
        if isinstance(self._follower, Reactor):
            await add_checkpoints(self._connection, [self._name], await head(self._connection))
        else:
            if not await self._place.exists():
                await self._build(self._follower)
            await self._connection.execute(LEADING)
        await self._place.take()

    async def _build(self, view: View) -> None:
        """Build a view that is new while the log is long; where that fails, following it shows the event."""
        try:
            async with pulsing(self._connection):
                await Rebuild(self._conninfo, self._vault, view).run()
        except (BeingRebuilt, DatabaseNotReady, *PASSING):
            raise
        except Exception as error:
            log.critical("rebuild-failed", view=self._name, error=type(error).__name__, exc_info=error)
            await create(self._connection, [view])

    async def _follow(self) -> None:
        while True:
            grown = self._wake.arm()
            if events := await self._read(self._batch):
                await self._take(events)
                continue
            # Not `wait_for`: before Python 3.12 it may swallow a cancellation that meets the wake-up.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await grown.wait()
            if not grown.is_set():
                await self._place.check()

    async def _read(self, limit: int) -> Events:
        """The next events; where one cannot be read, those before it."""
        try:
            return await self._tail.after(self._place.position, limit)
        except PASSING:
            raise
        except Exception as error:
            if limit == 1:
                raise Failed(self._place.position + 1, error) from error
        return await self._read(limit // 2)

    async def _take(self, events: Events, *, more: bool = True) -> None:
        """Take in a batch, and more if there is; where that fails, its halves, up to the one that fails."""
        try:
            await self._advance(events, more=more)
        except (Deposed, Unavailable, Overloaded):
            raise
        except Exception as error:
            if passes(error):
                raise
            self._memory.forget()
            if len(events) == 1:
                raise Failed(events[0].position, error) from error
            half = len(events) // 2
            await self._take(events[:half], more=False)
            await self._take(events[half:], more=False)

    async def _advance(self, events: Events, *, more: bool) -> None:
        if not self._follower.concerned(events):
            await self._place.pass_over(events[-1].position)
        elif isinstance(self._follower, View):
            if len(events) > FEW or not await self._fold_at_once(self._follower, events):
                self._place.position = await self._fold(self._follower, events, more=more)
        else:
            async with pulsing(self._connection):
                for event in events:
                    if isinstance(event.event, self._follower.types):
                        await self._follower.react(event)
            await self._place.move(self._place.position, events[-1].position)
            self._place.position = events[-1].position

    async def _fold_at_once(self, view: View, events: Events) -> bool:
        """Fold a few events, and send what changes in one message; False: it failed, to be looked into."""
        position = events[-1].position
        try:
            with bundling(self._connection, self._bundle) as bundle:
                await view.apply(self._connection, events)
                await self._memory.flush(self._connection)
            if bundle:
                await self._place.move_with(bundle, position)
        except (psycopg.Error, TooLong):
            self._memory.forget()
            return False
        if not bundle:
            await self._place.pass_over(position)
        return True

    async def _fold(self, view: View, events: Events, *, more: bool) -> int:
        """Fold a stretch of the log in one transaction; the position reached."""
        position = self._place.position
        async with self._connection.transaction():
            async with contextlib.aclosing(self._stretch(events, more=more)) as stretch:
                async for batch in stretch:
                    # The checkpoint comes first, as in a rebuild: neither waits for the other in a circle.
                    await self._place.move(position, batch[-1].position)
                    position = batch[-1].position
                    await view.apply(self._connection, batch)
            await self._memory.flush(self._connection)
        return position

    async def _stretch(self, events: Events, *, more: bool) -> AsyncGenerator[Events, None]:
        """The events, and while there are many the next ones, read as those before are folded."""
        enough = time.monotonic() + STRETCH_SECONDS
        while events:
            last = len(events) < self._batch or self._memory.full or time.monotonic() > enough
            if last or not more:
                yield events
                return
            reading = asyncio.create_task(self._tail.after(events[-1].position, self._batch))
            try:
                yield events
                events = await reading
            finally:
                reading.cancel()
                await asyncio.wait([reading])

    async def _stand_still(self, failed: Failed) -> None:
        kind = type(failed.cause).__name__
        log.critical(
            "follower-failed",
            follower=self._name,
            position=failed.position,
            error=kind,
            exc_info=failed.cause,
        )
        await self._place.stand(failed.position, kind)
        while await self._place.stands():  # noqa: ASYNC110 - a row tells nobody
            await asyncio.sleep(POLL_SECONDS)
