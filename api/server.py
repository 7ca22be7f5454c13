"""The ASGI server: uvicorn on uvloop, on a socket of its own or one that the supervisor hands down."""

import os

import uvicorn

from api.app import create_app
from infra.settings import Settings


def serve(settings: Settings) -> None:
    """Serve the API until told to stop; requests under way are finished first."""
    inherited = os.environ.get("OUVIDORIA_LISTEN_FD")
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        fd=int(inherited) if inherited else None,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    uvicorn.Server(config).run()
