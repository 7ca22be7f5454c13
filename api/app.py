"""The composition root of the API: settings in, an app out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import structlog
from litestar import Litestar

from api import (
    asyncapi,
    audit,
    batch,
    complaints,
    compliance,
    customers,
    feed,
    openapi,
    operations,
    public,
    simulations,
    sla_documents,
    sla_presets,
    staff,
    views,
    webhooks,
)
from api.auth import Authenticator, Guard
from api.parts import conninfo, master_key, open_commands, open_log, prepare_database
from api.problems import HANDLERS
from api.reading import SESSION, Pool, Reader
from api.request_id import RequestId
from api.services import Services
from api.streams import Streams, following
from api.worker import followers
from infra.access import KeyRing
from infra.batching import Gate, Shared
from infra.database import serving_conninfo
from infra.feed import BY_INDEX
from infra.hub import Hub
from infra.log import Log
from infra.projector import Standstill, Wake
from infra.reference import Reference
from infra.secrets import Secrets
from infra.settings import Settings

log = structlog.get_logger()

FOLLOWING = 3
"""Connections that the feed and the streams of a process share, apart from those of other requests."""


def create_app(settings: Settings) -> RequestId:
    """The HTTP API."""
    document = openapi.Document()
    app = Litestar(
        route_handlers=[
            complaints.ROUTER,
            batch.ROUTER,
            public.ROUTER,
            customers.ROUTER,
            *staff.ROUTERS,
            audit.ROUTER,
            *sla_documents.ROUTERS,
            sla_presets.ROUTER,
            compliance.ROUTER,
            simulations.ROUTER,
            webhooks.ROUTER,
            feed.ROUTER,
            operations.ROUTER,
            views.ROUTER,
            document.router(),
            asyncapi.ROUTER,
        ],
        middleware=[Guard],
        exception_handlers=HANDLERS,
        request_max_body_size=settings.body_limit,
        openapi_config=None,
        logging_config=None,
        lifespan=[lambda app: _serving(app, settings)],
        debug=False,
    )
    document.describe(app)
    return RequestId(app)


def _pool(settings: Settings, most: int, **options: str) -> Pool:
    milliseconds = str(int(settings.statement_timeout * 1000))
    return Pool(
        serving_conninfo(settings.url(), settings.schema, statement_timeout=milliseconds, **options),
        min_size=1,
        max_size=most,
        timeout=settings.longest_wait,
        reconnect_timeout=1.0,  # then the next request tries again, without the growing pauses
        kwargs={"autocommit": True},
        open=False,
    )


@contextlib.asynccontextmanager
async def _serving(app: Litestar, settings: Settings) -> AsyncIterator[None]:
    await _prepare(settings)
    events, ring = open_log(settings), KeyRing(conninfo(settings))
    try:
        async with (
            _pool(settings, settings.pool_size, **SESSION) as pool,
            _pool(settings, FOLLOWING, **BY_INDEX) as following_pool,
        ):
            parts = app.state.services = _services(settings, events, ring, pool, following_pool)
            await parts.reference.begin()
            async with _at_work(
                parts.wake.listen(),
                parts.reference.follow(parts.wake),
                parts.hub.run(),
                parts.streams.run(),
            ):
                yield
    finally:
        await events.close()
        await ring.close()


async def _prepare(settings: Settings) -> None:
    """What the server would say of a failure is that there was one."""
    try:
        await prepare_database(settings)
    except Exception as error:
        log.critical("cannot-serve", exc_info=error)
        raise


@contextlib.asynccontextmanager
async def _at_work(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """The work is done meanwhile, for as long as this is open."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _services(settings: Settings, events: Log, ring: KeyRing, pool: Pool, following_pool: Pool) -> Services:
    reference = Reference(pool.connection)
    commands = open_commands(settings, events, reference)
    wake = Wake(conninfo(settings))
    authenticator = Authenticator(settings, ring)
    follower = Reader(following_pool, patience=settings.statement_timeout + 1)
    hub = Hub(following(follower), wake, settings.source(), heartbeat_seconds=settings.stream_heartbeat)
    return Services(
        settings=settings,
        log=events,
        commands=commands,
        reference=reference,
        reader=Reader(pool, patience=settings.statement_timeout + 1),
        follower=follower,
        wake=wake,
        waiting=Shared(),
        hub=hub,
        streams=Streams(hub, authenticator, most=settings.stream_clients),
        authenticator=authenticator,
        gate=Gate(settings.longest_wait),
        secrets=Secrets(master_key(settings)),
        followers=frozenset(each.follower for each in followers(settings, commands)),
        standstill=Standstill(),
    )
