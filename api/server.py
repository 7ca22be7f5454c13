"""The ASGI server: uvicorn on uvloop, on a socket of its own or on the one that the supervisor hands down."""

import uvicorn

from api.app import create_app
from infra.settings import Settings
from infra.supervisor import inherited_listener


def serve(settings: Settings) -> None:
    """Serve the API until told to stop; requests under way are finished first."""
    listener = inherited_listener()
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    uvicorn.Server(config).run(sockets=[listener] if listener else None)
