"""The worker: everything that follows the log or the clock."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import psycopg

from api.delivering import deliverer
from api.parts import VIEWS, conninfo, open_commands, open_log, prepare_database
from api.publishing import publisher
from api.watching import watchdog
from domain.aggregate import Event, Refused
from domain.complaint import COMPLAINT
from domain.complaint.commands import Acknowledge
from domain.complaint.events import ComplaintRegistered
from infra.collecting import collect_seldom
from infra.commands import Caller, Commands
from infra.database import connect
from infra.events import Recorded
from infra.log import purge
from infra.projector import Reactor, Runner, Tail, View, Wake
from infra.settings import Settings

PURGE_SECONDS = 3600


async def work(settings: Settings) -> None:
    """Run all followers of the log and the house-keeping, until cancelled."""
    collect_seldom()
    await prepare_database(settings)
    events = open_log(settings)
    wake, tail = Wake(conninfo(settings)), Tail(conninfo(settings), events.vault)
    commands = open_commands(settings, events)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(wake.listen())
            tasks.create_task(_keep_house(settings))
            tasks.create_task(watchdog(conninfo(settings), commands).run())
            tasks.create_task(deliverer(settings, commands, wake).run())
            for follower in followers(settings, commands):
                runner = Runner(follower, conninfo(settings), events.vault, wake, tail=tail)
                tasks.create_task(runner.run())
            if settings.nats_url:
                tasks.create_task(publisher(settings, settings.nats_url, wake).run())
    finally:
        await tail.close()
        await events.close()


async def _keep_house(settings: Settings) -> None:
    while True:
        with contextlib.suppress(psycopg.OperationalError, psycopg.InterfaceError):
            async with await connect(conninfo(settings)) as connection:
                await purge(connection)
        await asyncio.sleep(PURGE_SECONDS)


def followers(settings: Settings, commands: Commands) -> Sequence[View | Reactor]:
    """Everything that follows the log."""
    return (*VIEWS, *reactors(settings, commands))


def reactors(settings: Settings, commands: Commands) -> tuple[Reactor, ...]:
    """The reactors that the settings ask for."""
    return (acknowledging(commands),) if settings.auto_acknowledge else ()


def acknowledging(commands: Commands) -> Reactor:
    """Acknowledges each new complaint through its channel, except imported ones: they were before."""

    async def react(recorded: Recorded[Event]) -> None:
        event = recorded.event
        if not isinstance(event, ComplaintRegistered) or recorded.origin == "import":
            return
        with contextlib.suppress(Refused):  # it is no longer open: there is nothing to acknowledge
            await commands.execute(
                COMPLAINT,
                recorded.stream_id,
                reaction("acknowledging", recorded),
                Acknowledge(channel=event.channel, automatic=True),
            )

    return Reactor("acknowledging", react)


def reaction(reactor: str, recorded: Recorded[Any]) -> Caller:
    """The caller of a reactor's command, keyed by the event it reacts to: at least once becomes once."""
    return Caller(
        actor=f"system:{reactor}",
        correlation=recorded.correlation,
        causation=f"{recorded.stream_id}/{recorded.version}",
        key=f"{reactor}/{recorded.position}/{recorded.stream_id}",
        origin="system",
    )
