"""What commands are decided by is held in memory by every process, which learns soon of what is recorded."""

import asyncio
from typing import Any

from litestar import Request

from api.services import services

SETTLE_SECONDS = 0.2
"""How long the answer to what changes what is in force waits, so that every process has learnt of it."""


async def settled(request: Request[Any, Any, Any]) -> None:
    """Wait until every process knows what was recorded just now."""
    await services(request).reference.refresh()
    await asyncio.sleep(SETTLE_SECONDS)
