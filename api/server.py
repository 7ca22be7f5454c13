"""The ASGI server: uvicorn on uvloop, on a socket of its own or on the one that the supervisor hands down."""

import gc
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.app import create_app
from api.request_id import RequestId
from api.services import Services
from infra.settings import Settings
from infra.supervisor import inherited_listener

OBJECTS = 10_000
"""So many new containers make the collector look at the youngest; Python's own 700 come in ten requests."""


class Protocol(HttpToolsProtocol):
    """Lets a handler drop a connection whose client takes nothing: closing it would wait for the client."""

    def on_message_begin(self) -> None:
        """Prepare for a request."""
        super().on_message_begin()
        self.scope["state"]["abort"] = self.transport.abort


class Server(uvicorn.Server):
    """Ends what would not end by itself, streams and long polls, then waits for other requests under way."""

    def __init__(self, app: RequestId, **how: Any) -> None:
        """`how`: as `config` takes it."""
        self._app = app
        super().__init__(config(app, **how))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        found: Services = self._app.app.state.services
        found.end_waiting()
        await super().shutdown(sockets)


def serve(settings: Settings) -> None:
    """Serve the API until told to stop; requests under way are finished first."""
    listener = inherited_listener()
    server = Server(create_app(settings), host=settings.host, port=settings.port)
    spare_collections()
    server.run(sockets=[listener] if listener else None)


def spare_collections() -> None:
    """Look for cycles of garbage less often, and not among what is there now, which stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, 20, 50)


def config(app: Any, *, host: str = "127.0.0.1", port: int = 0, patience: int = 10) -> uvicorn.Config:
    """How the server is set up for any app; it waits `patience` seconds for requests under way."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing here depends on how the caller came
        timeout_graceful_shutdown=patience,
    )
