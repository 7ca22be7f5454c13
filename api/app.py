"""The composition root: settings in, a running API or worker out. Its arguments are the seams of the tests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import psycopg
import structlog
from litestar import Litestar
from litestar.types import ASGIApp
from psycopg_pool import AsyncConnectionPool

from api import audit as audit_api
from api import batch, openapi, operations, public
from api import complaints as complaints_api
from api import customers as customers_api
from api.auth import Authenticator, guard
from api.problems import HANDLERS
from api.reading import Pool, Reader
from api.request_id import RequestId
from api.services import Services
from api.watching import watchdog
from domain.aggregate import Event, Refused
from domain.complaint import COMPLAINT
from domain.complaint.commands import Acknowledge
from domain.complaint.events import ComplaintRegistered
from infra.access import KeyRing
from infra.commands import Caller, Commands
from infra.database import check_append_only, connect, serving_conninfo
from infra.events import Recorded
from infra.log import Log, purge
from infra.projector import Reactor, Runner, View, Wake, prepare
from infra.secrets import Secrets
from infra.settings import Settings
from infra.vault import Vault, load_master_key
from projections import audit, complaints, customers, deadlines

VIEWS: tuple[View, ...] = (complaints.VIEW, audit.VIEW, customers.VIEW, deadlines.VIEW)
PURGE_SECONDS = 3600

log = structlog.get_logger()


def conninfo(settings: Settings) -> str:
    """How serving processes connect."""
    return serving_conninfo(settings.url(), settings.schema)


def open_log(settings: Settings) -> Log:
    """The log, with the keys to read it."""
    return Log(conninfo(settings), Vault(_master_key(settings)))


def _master_key(settings: Settings) -> bytes:
    return load_master_key(settings.master_key_file(), settings.master_key)


def open_commands(settings: Settings, events: Log) -> Commands:
    """The one way in."""
    return Commands(
        events,
        reopen_window=timedelta(days=settings.reopen_window_days),
        redress_limits=settings.limits_of_redress(),
    )


async def prepare_database(settings: Settings) -> None:
    """Make sure that the serving role can only append, and that the views have their tables.

    Raises:
        DatabaseNotReady: the log is not migrated, or the role may do too much.
    """
    async with await connect(conninfo(settings)) as connection:
        await check_append_only(connection)
        await prepare(connection, VIEWS)


def create_app(settings: Settings) -> ASGIApp:
    """The HTTP API."""
    document = openapi.Document()
    app = Litestar(
        route_handlers=[
            complaints_api.ROUTER,
            batch.ROUTER,
            public.ROUTER,
            customers_api.ROUTER,
            audit_api.ROUTER,
            operations.ROUTER,
            document.router(),
        ],
        guards=[guard],
        exception_handlers=HANDLERS,
        request_max_body_size=settings.body_limit,
        openapi_config=None,
        logging_config=None,
        lifespan=[lambda app: _serving(app, settings)],
        debug=False,
    )
    document.describe(app)
    return RequestId(app)


@contextlib.asynccontextmanager
async def _serving(app: Litestar, settings: Settings) -> AsyncIterator[None]:
    await prepare_database(settings)
    milliseconds = str(int(settings.statement_timeout * 1000))
    pool: Pool = AsyncConnectionPool(
        serving_conninfo(settings.url(), settings.schema, statement_timeout=milliseconds),
        min_size=1,
        max_size=settings.pool_size,
        timeout=2.0,
        reconnect_timeout=1.0,  # then the next request tries again, without the growing pauses
        kwargs={"autocommit": True},
        open=False,
    )
    events = open_log(settings)
    ring = KeyRing(conninfo(settings))
    await pool.open()
    commands = open_commands(settings, events)
    app.state.services = Services(
        settings=settings,
        log=events,
        commands=commands,
        reader=Reader(pool, patience=settings.statement_timeout + 1),
        authenticator=Authenticator(settings, ring),
        secrets=Secrets(_master_key(settings)),
        followers=frozenset(follower.follower for follower in followers(settings, commands)),
    )
    try:
        yield
    finally:
        await pool.close()
        await events.close()
        await ring.close()


async def work(settings: Settings) -> None:
    """Run all followers of the log and the house-keeping, until cancelled."""
    await prepare_database(settings)
    events = open_log(settings)
    wake = Wake(conninfo(settings))
    commands = open_commands(settings, events)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(wake.listen())
            tasks.create_task(_keep_house(settings))
            tasks.create_task(watchdog(conninfo(settings), commands).run())
            for follower in followers(settings, commands):
                tasks.create_task(Runner(follower, conninfo(settings), events.vault, wake).run())
    finally:
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
    """Acknowledges each new complaint, through the channel it came by; imported ones were acknowledged elsewhere."""

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
    """The caller of a reactor's command: keyed by the event it reacts to, so that at least once becomes once."""
    return Caller(
        actor=f"system:{reactor}",
        correlation=recorded.correlation,
        causation=f"{recorded.stream_id}/{recorded.version}",
        key=f"{reactor}/{recorded.position}/{recorded.stream_id}",
        origin="system",
    )
