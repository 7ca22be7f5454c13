"""The ASGI server: uvicorn on uvloop, on a socket of its own or on the one that the supervisor hands down."""

import gc
from typing import Any

import uvicorn

from api.app import create_app
from infra.settings import Settings
from infra.supervisor import inherited_listener


def serve(settings: Settings) -> None:
    """Serve the API until told to stop; requests under way are finished first."""
    listener = inherited_listener()
    server = uvicorn.Server(config(create_app(settings), host=settings.host, port=settings.port))
    gc.freeze()  # what is there now stays: collections need not look at it
    server.run(sockets=[listener] if listener else None)


def config(app: Any, *, host: str, port: int) -> uvicorn.Config:
    """How the server is set up, whatever app it serves."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing here depends on how the caller came
        timeout_graceful_shutdown=10,
    )
