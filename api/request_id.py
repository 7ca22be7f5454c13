"""Every response carries `X-Request-ID`; the log lines and events of the request carry it too."""

import re
import time
from datetime import UTC, datetime
from typing import Any

import structlog
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import Message, Receive, Scope, Send
from uuid_utils import uuid4

from infra.logs import RequestLine, log_request

ACCEPTED = re.compile(rb"[A-Za-z0-9._:-]{1,128}")


class RequestId:
    """Wraps the whole app, so that unrouted requests are named and logged like all others."""

    def __init__(self, app: Litestar) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or the lifespan."""
        if scope["type"] == ScopeType.HTTP:
            await self._serve(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _serve(self, scope: Any, receive: Receive, send: Send) -> None:
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = given.decode() if ACCEPTED.fullmatch(given) else str(uuid4())
        asked = scope["method"]
        if asked == "HEAD":  # is GET without the body
            scope = {**scope, "method": "GET"}
        scope.setdefault("state", {}).update(request_id=request_id, asked=asked)
        started, status = time.perf_counter(), 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            elif asked == "HEAD" and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=request_id)  # in the context of this request alone
        try:
            await self.app(scope, receive, send_named)
        finally:
            _log(scope, asked, status, time.perf_counter() - started)


def _log(scope: Any, method: str, status: int, seconds: float) -> None:
    # Of a path that has no route nothing is said, nor of a query string: somebody may have typed a name.
    stream_id = scope.get("path_params", {}).get("stream_id")
    log_request(
        RequestLine(
            method=method,
            route=scope.get("path_template"),
            id=str(stream_id) if stream_id else None,
            status=status,
            ms=round(seconds * 1000, 1),
            request_id=scope["state"]["request_id"],
            timestamp=datetime.now(UTC),
        )
    )
