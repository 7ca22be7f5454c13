"""Telling the plan to a log: customers first, then cases in their order, each whole or not at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.aggregate import Context
from domain.messages import Command
from infra.commands import AlreadyClaimed, Caller, Commands
from infra.demo.plan import Entry, Plan, Ref, created_id

CORRELATION = "demo"
CONCURRENCY = 64
TELL_SECONDS = 0.1


class DemoCommands(Commands):
    """Commands whose new ids are known beforehand: later steps of a case refer to earlier ones."""

    async def _context(self, command: Command, caller: Caller, *rest: Any, **more: Any) -> Context:
        context = await super()._context(command, caller, *rest, **more)
        if caller.claim is None or command.occurred_at is None:
            return context
        return replace(context, new_id=created_id(caller.claim, command.verb, command.occurred_at))


class Progress(Struct, frozen=True, kw_only=True):
    """How far the telling is: entries are customers and cases."""

    done: int
    total: int
    seconds: float

    @property
    def rate(self) -> float:
        """Entries per second so far."""
        return self.done / self.seconds if self.seconds else 0.0


class Report(Struct, frozen=True, kw_only=True):
    """What was added now, what had been there, and how many events were recorded."""

    customers: int
    cases: int
    known: int
    events: int
    seconds: float


async def run(
    plan: Plan, commands: Commands, *, progress: Callable[[Progress], None] = lambda _: None
) -> Report:
    """Add what is not there yet.

    Raises:
        Refused: the rules do not allow a step; nothing of its case was added.
        Unavailable, Overloaded: it stopped in the middle; run it again.
    """
    job = _Job(plan, commands, progress)
    await job.look()
    for entries in (plan.customers, plan.cases):
        await job.tell(entries)
    return job.report()


class _Job:
    def __init__(self, plan: Plan, commands: Commands, progress: Callable[[Progress], None]) -> None:
        self._commands = commands
        self._progress = progress
        self._entries = (*plan.customers, *plan.cases)
        self._streams: dict[Ref, asyncio.Future[UUID]] = {}
        self._added = {"customer": 0, "complaint": 0}
        self._known = self._events = 0
        self._started = self._told = time.monotonic()

    async def look(self) -> None:
        """What an earlier run has added already."""
        taken = await self._commands.claimed([entry.claim for entry in self._entries])
        for entry in self._entries:
            self._streams[_ref(entry)] = asyncio.get_running_loop().create_future()
            if entry.claim in taken:
                self._found(entry, taken[entry.claim])

    async def tell(self, entries: tuple[Entry, ...]) -> None:
        """Workers take the entries in order; what one refers to comes before it, so none waits for ever."""
        queue = iter(entries)
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(CONCURRENCY):
                    workers.create_task(self._work(queue))
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _work(self, queue: Iterator[Entry]) -> None:
        for entry in queue:
            if not self._streams[_ref(entry)].done():
                await self._add(entry)
            self._tell()

    async def _add(self, entry: Entry) -> None:
        known = {
            ref: await self._streams[ref]
            for ref in sorted(entry.needs(), key=lambda ref: (ref.to, ref.number))
        }
        caller = Caller(actor=entry.actor, correlation=CORRELATION, claim=entry.claim, origin="import")
        try:
            outcome = await self._commands.create(entry.aggregate, caller, *entry.commands(known.__getitem__))
        except AlreadyClaimed as error:
            self._found(entry, error.stream_id)
            return
        self._added[entry.kind] += 1
        self._events += len(outcome.events)
        self._streams[_ref(entry)].set_result(outcome.stream_id)

    def _found(self, entry: Entry, stream_id: UUID) -> None:
        self._known += 1
        self._streams[_ref(entry)].set_result(stream_id)

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told >= TELL_SECONDS:
            self._told = now
            self._progress(self._state())

    def _state(self) -> Progress:
        done = sum(self._added.values()) + self._known
        return Progress(done=done, total=len(self._entries), seconds=time.monotonic() - self._started)

    def report(self) -> Report:
        """The report, after a last word on the progress."""
        state = self._state()
        self._progress(state)
        return Report(
            customers=self._added["customer"],
            cases=self._added["complaint"],
            known=self._known,
            events=self._events,
            seconds=state.seconds,
        )


def _ref(entry: Entry) -> Ref:
    return Ref("customer" if entry.kind == "customer" else "case", entry.number)
