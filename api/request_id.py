"""Every response carries `X-Request-ID`; the log lines and events of the request carry it too."""

import re
import time
from typing import Any
from uuid import uuid4

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

ACCEPTED = re.compile(rb"[A-Za-z0-9._:-]{1,128}")

log = structlog.get_logger()


class RequestId:
    """Wraps the whole app, so that unrouted requests are named and logged like all others."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or the lifespan."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = given.decode() if ACCEPTED.fullmatch(given) else str(uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app(scope, receive, send_named)
            _log(scope, status, time.perf_counter() - started)


def _log(scope: Any, status: int, seconds: float) -> None:
    # The path carries ids only; the query string may carry what somebody searched for.
    log.info(
        "request", method=scope["method"], path=scope["path"], status=status, ms=round(seconds * 1000, 1)
    )
