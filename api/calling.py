"""A small client for the terminal: one request to a running service, with a development key or any token."""

import http.client
import os
from typing import Any

import msgspec

from api import dev_keys
from infra.settings import Settings

TIMEOUT_SECONDS = 30


class CallFailed(Exception):
    """The service was not reached, or answered with a problem; the message is for a person."""


def token(settings: Settings, role: str) -> str:
    """`OUVIDORIA_TOKEN` if it is set, else the development key of the role.

    Raises:
        CallFailed: there is neither.
    """
    if given := os.environ.get("OUVIDORIA_TOKEN"):
        return given
    path = settings.home / dev_keys.FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])[role]
    except FileNotFoundError:
        raise CallFailed(f"{path} is not there; start the service or set OUVIDORIA_TOKEN") from None
    except KeyError:
        raise CallFailed(f"{path} has no key for {role}") from None


def call(settings: Settings, method: str, path: str, body: str | None, *, headers: dict[str, str]) -> Any:
    """The JSON that the service answers with.

    Raises:
        CallFailed: it cannot be reached, or answers with a status of 400 or above.
    """
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=TIMEOUT_SECONDS)
    sent = {"Content-Type": "application/json", **headers}
    try:
        connection.request(method.upper(), path, body.encode() if body else None, sent)
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise CallFailed(f"{settings.host}:{settings.port} cannot be reached: {error}") from None
    finally:
        connection.close()
    if response.status >= http.client.BAD_REQUEST:
        raise CallFailed(f"{response.status} {response.reason}\n{_pretty(content)}")
    if response.headers.get_content_type() == "application/x-ndjson":
        return msgspec.json.Decoder().decode_lines(content)
    return msgspec.json.decode(content) if content else None


def _pretty(content: bytes) -> str:
    try:
        return msgspec.json.format(content, indent=2).decode()
    except msgspec.DecodeError:
        return content.decode(errors="replace")
