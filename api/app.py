"""The composition root of the API: settings in, an app out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from litestar import Litestar
from psycopg_pool import AsyncConnectionPool

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
from infra.projector import Wake
from infra.reference import Reference
from infra.secrets import Secrets
from infra.settings import Settings

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
    return AsyncConnectionPool(
        serving_conninfo(settings.url(), settings.schema, statement_timeout=milliseconds, **options),
        min_size=1,
        max_size=most,
        timeout=2.0,
        reconnect_timeout=1.0,  # then the next request tries again, without the growing pauses
        kwargs={"autocommit": True},
        open=False,
    )


@contextlib.asynccontextmanager
async def _serving(app: Litestar, settings: Settings) -> AsyncIterator[None]:
    await prepare_database(settings)
    pool, following_pool = (
        _pool(settings, settings.pool_size, **SESSION),
        _pool(settings, FOLLOWING, **BY_INDEX),
    )
    events = open_log(settings)
    ring = KeyRing(conninfo(settings))
    reference = Reference(pool.connection)
    commands = open_commands(settings, events, reference)
    wake = Wake(conninfo(settings))
    reader = Reader(pool, patience=settings.statement_timeout + 1)
    authenticator = Authenticator(settings, ring)
    follower = Reader(following_pool, patience=settings.statement_timeout + 1)
    hub = Hub(following(follower), wake, settings.source(), heartbeat_seconds=settings.stream_heartbeat)
    streams = Streams(hub, authenticator, most=settings.stream_clients)
    app.state.services = Services(
        settings=settings,
        log=events,
        commands=commands,
        reference=reference,
        reader=reader,
        follower=follower,
        wake=wake,
        waiting=Shared(),
        hub=hub,
        streams=streams,
        authenticator=authenticator,
        gate=Gate(settings.longest_wait),
        secrets=Secrets(master_key(settings)),
        followers=frozenset(follower.follower for follower in followers(settings, commands)),
    )
    running = (wake.listen, lambda: reference.follow(wake), hub.run, streams.run)
    tasks: list[asyncio.Task[None]] = []
    try:
        await pool.open()
        await following_pool.open()
        await reference.refresh()
        tasks += [asyncio.create_task(each()) for each in running]
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await pool.close()
        await following_pool.close()
        await events.close()
        await ring.close()
