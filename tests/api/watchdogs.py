"""What the tests of watchdogs over clocks share: a policy in force, and watchdogs that look when told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from api.watching import CLOCKS
from domain.complaint import events as e
from infra.watchdog import Watchdog
from projections import sla_due
from projections.sla_due import DueNow
from tests.infra.logs import serving
from tests.projections.house import House, house

NIGHT_AND_DAY = [["00:00", "24:00"]]
CALENDAR = {
    "name": "always",
    "zone": "UTC",
    "windows": dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), NIGHT_AND_DAY),
}
POLICY = {
    "name": "desk",
    "layer": "internal",
    "order": 1,
    "calendar": "always",
    "targets": [
        {
            "name": "first",
            "stops": "first_response",
            "length": {"amount": 4, "unit": "calendar_hours"},
            "warn_at": [0.5],
            "escalations": [
                {
                    "level": 1,
                    "when": "after",
                    "offset": {"amount": 1, "unit": "calendar_hours"},
                    "tell": ["head of desk"],
                }
            ],
        }
    ],
}


@asynccontextmanager
async def in_force(database: str, policy: dict[str, Any] = POLICY) -> AsyncIterator[House]:
    """A house in which the policy is in force."""
    async with house(database) as at:
        await at.put_in_force(policy, CALENDAR)
        yield at


def dog(at: House) -> Watchdog[DueNow]:
    return Watchdog(serving(at.database), at.commands, CLOCKS, lambda: at.now)


async def looked(at: House, *dogs: Watchdog[DueNow]) -> int:
    """How much all of them recorded, with the view up to date."""
    await at.project(sla_due.VIEW)
    return await unprojected(at, *dogs)


async def unprojected(at: House, *dogs: Watchdog[DueNow]) -> int:
    return sum(await asyncio.gather(*(each.look(at.connection) for each in dogs or (dog(at),))))


async def told(at: House, stream_id: UUID) -> list[tuple[str, timedelta]]:
    """What was recorded of the clocks, and how long after the registration that occurred."""
    events = await at.events(stream_id)
    begun = events[0].occurred_at
    return [
        (event.tag.removeprefix("sla-"), event.occurred_at - begun)
        for event in events
        if isinstance(event.event, e.SlaWarningRaised | e.SlaBreached | e.SlaEscalated | e.SlaBreachCorrected)
    ]


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


ALL = [("warning-raised", hours(2)), ("breached", hours(4)), ("escalated", hours(5))]
