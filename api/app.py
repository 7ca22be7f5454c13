"""The composition root of the API: settings in, an app out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from litestar import Litestar
from psycopg_pool import AsyncConnectionPool

from api import audit, batch, complaints, customers, feed, openapi, operations, public, webhooks
from api.auth import Authenticator, guard
from api.parts import conninfo, master_key, open_commands, open_log, prepare_database
from api.problems import HANDLERS
from api.reading import Pool, Reader
from api.request_id import RequestId
from api.services import Services
from api.worker import followers
from infra.access import KeyRing
from infra.database import serving_conninfo
from infra.projector import Wake
from infra.secrets import Secrets
from infra.settings import Settings


def create_app(settings: Settings) -> RequestId:
    """The HTTP API."""
    document = openapi.Document()
    app = Litestar(
        route_handlers=[
            complaints.ROUTER,
            batch.ROUTER,
            public.ROUTER,
            customers.ROUTER,
            audit.ROUTER,
            webhooks.ROUTER,
            feed.ROUTER,
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
    wake = Wake(conninfo(settings))
    app.state.services = Services(
        settings=settings,
        log=events,
        commands=commands,
        reader=Reader(pool, patience=settings.statement_timeout + 1),
        wake=wake,
        authenticator=Authenticator(settings, ring),
        secrets=Secrets(master_key(settings)),
        followers=frozenset(follower.follower for follower in followers(settings, commands)),
    )
    listening = asyncio.create_task(wake.listen())
    try:
        yield
    finally:
        listening.cancel()
        await pool.close()
        await events.close()
        await ring.close()
