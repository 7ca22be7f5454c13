"""Policies are applied again to a customer's open complaints when the customer's tier has changed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import psycopg
from msgspec.structs import replace

from api.reacting import reaction
from domain.complaint import COMPLAINT
from domain.complaint.commands import ApplyPolicies
from domain.complaint.lifecycle import OPEN
from domain.customer import CustomerTierChanged
from domain.messages import Event, Refused
from infra.commands import Commands
from infra.database import connect
from infra.events import Recorded
from infra.pages import Page
from infra.projector import Reactor
from projections import complaints

NAME = "measuring"
PATIENCE_SECONDS = 0.02


def measuring(commands: Commands, conninfo: str) -> Reactor:
    """The reactor; it waits for the view that knows whose complaints are open."""

    async def react(recorded: Recorded[Event]) -> None:
        if not isinstance(recorded.event, CustomerTierChanged):
            return
        async with await connect(conninfo) as connection:
            async for complaint_id in open_of(connection, recorded.stream_id, recorded.position):
                key = f"{NAME}/{recorded.position}/{complaint_id}"
                caller = replace(reaction(NAME, recorded), key=key)
                with contextlib.suppress(Refused):
                    await commands.execute(
                        COMPLAINT, complaint_id, caller, ApplyPolicies(cause="tier_changed")
                    )

    return Reactor(NAME, react, (CustomerTierChanged,))


async def open_of(
    connection: psycopg.AsyncConnection[Any], customer_id: UUID, position: int
) -> AsyncIterator[UUID]:
    """The customer's open complaints, by a view that has read as far as the position."""
    wanted = complaints.Worklist(customer_id=customer_id, state=tuple(sorted(OPEN)), sort="registered_at")
    while True:
        page = await _page(connection, wanted)
        if page is None or page.log_position < position:
            await asyncio.sleep(PATIENCE_SECONDS)
            continue
        for item in page.items:
            yield item.id
        if page.next is None:
            return
        wanted = replace(wanted, cursor=page.next)


async def _page(
    connection: psycopg.AsyncConnection[Any], wanted: complaints.Worklist
) -> Page[complaints.ComplaintItem] | None:
    """None while the view is being built."""
    with contextlib.suppress(psycopg.errors.UndefinedTable):
        return await complaints.worklist(connection, wanted)
    return None
