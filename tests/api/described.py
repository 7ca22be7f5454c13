"""The OpenAPI document, written once a process: all apps have the same."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from api.app import create_app
from api.openapi import describe
from infra.settings import Settings


def document() -> dict[str, Any]:
    """One that the caller may alter."""
    found: dict[str, Any] = msgspec.json.decode(_written())
    return found


@cache
def _written() -> bytes:
    made = create_app(Settings(home=Path("unused"), database_url="postgresql://unused/unused"))
    return msgspec.json.encode(describe(made.app))
