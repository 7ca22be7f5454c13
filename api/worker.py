"""The worker: everything that follows the log or the clock."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence

import psycopg

from api import simulations, views
from api.broker import publisher
from api.delivering import deliverer
from api.measuring import measuring
from api.parts import KEYS, VIEWS, conninfo, master_key, open_commands, open_log, prepare_database
from api.reacting import reaction
from api.watching import CLOCKS, DEADLINES
from domain.complaint import COMPLAINT
from domain.complaint.commands import Acknowledge
from domain.complaint.events import ComplaintRegistered
from domain.messages import Event, Refused
from infra.collecting import collect_seldom
from infra.commands import Commands
from infra.database import Link, connect
from infra.events import Recorded
from infra.jobs import Handler, Jobs, forget
from infra.log import purge
from infra.pending import keep_short
from infra.projector import Reactor, Runner, Tail, View, Wake
from infra.reference import Reference
from infra.settings import Settings
from infra.vault import Vault
from infra.watchdog import Watchdog

PURGE_SECONDS = 3600


async def work(settings: Settings) -> None:
    """Run all followers of the log and the house-keeping, until cancelled."""
    collect_seldom()
    await prepare_database(settings)
    events = open_log(settings)
    wake, tail = Wake(conninfo(settings)), Tail(conninfo(settings), events.vault)
    link = Link(conninfo(settings))
    reference = Reference(link.use)
    commands = open_commands(settings, events, reference)
    try:
        await reference.begin()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(wake.listen())
            tasks.create_task(reference.follow(wake))
            tasks.create_task(_keep_house(settings))
            tasks.create_task(keep_short(conninfo(settings)))
            tasks.create_task(Jobs(conninfo(settings), answers(settings)).run())
            tasks.create_task(Jobs(conninfo(settings), rebuilds(settings)).run())
            tasks.create_task(Watchdog(conninfo(settings), commands, DEADLINES).run())
            tasks.create_task(Watchdog(conninfo(settings), commands, CLOCKS).run())
            tasks.create_task(deliverer(settings, commands, wake).run())
            for follower in followers(settings, commands):
                runner = Runner(follower, conninfo(settings), events.vault, wake, tail=tail)
                tasks.create_task(runner.run())
            if settings.nats_url:
                tasks.create_task(publisher(settings, settings.nats_url, wake).run())
    finally:
        await link.close()
        await tail.close()
        await events.close()


async def _keep_house(settings: Settings) -> None:
    while True:
        with contextlib.suppress(psycopg.OperationalError, psycopg.InterfaceError):
            async with await connect(conninfo(settings)) as connection:
                await purge(connection)
                await forget(connection)
        await asyncio.sleep(PURGE_SECONDS)


def answers(settings: Settings) -> Mapping[str, Handler]:
    """What answers long questions, by their kind."""
    return {simulations.KIND: simulations.simulating(conninfo(settings))}


def rebuilds(settings: Settings) -> Mapping[str, Handler]:
    """What rebuilds views: the longest job there is, so that the others do not wait for it."""
    rebuilding = views.rebuilding(conninfo(settings), Vault(master_key(settings), remembered=KEYS))
    return dict.fromkeys(views.KINDS.values(), rebuilding)


def followers(settings: Settings, commands: Commands) -> Sequence[View | Reactor]:
    """Everything that follows the log."""
    return (*VIEWS, *reactors(settings, commands))


def reactors(settings: Settings, commands: Commands) -> tuple[Reactor, ...]:
    """The reactors that the settings ask for."""
    always = (measuring(commands, conninfo(settings)),)
    return (acknowledging(commands), *always) if settings.auto_acknowledge else always


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

    return Reactor("acknowledging", react, (ComplaintRegistered,))
