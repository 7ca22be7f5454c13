"""The watchdog where more time is granted: what warned of the old due time warns of the new one, once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from api.watching import CLOCKS
from domain.complaint import COMPLAINT
from domain.complaint import commands as c
from infra.commands import Commands
from infra.projector import Rebuild
from infra.watchdog import Watchdog
from projections import sla_due
from tests.api.watchdogs import POLICY, dog, hours, in_force, looked, told, unprojected
from tests.infra.logs import REGISTER, caller, fetch, opened, serving
from tests.projections.house import House

pytestmark = pytest.mark.anyio

DESK: dict[str, Any] = {
    **POLICY,
    "targets": [
        {
            "name": "answer",
            "stops": "final_response",
            "length": {"amount": 4, "unit": "calendar_hours"},
            "warn_at": [0.5],
            "extension": {
                "by": "holding-response-sent",
                "to": {"amount": 8, "unit": "calendar_hours"},
            },
            "escalations": [
                {
                    "level": 1,
                    "when": "before",
                    "offset": {"amount": 90, "unit": "calendar_minutes"},
                    "tell": ["head of desk"],
                }
            ],
        }
    ],
}
BEFORE = [("warning-raised", hours(2)), ("escalated", hours(2.5))]
AFTER = [("warning-raised", hours(4)), ("escalated", hours(6.5)), ("breached", hours(8))]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def hold(at: House, stream: UUID, occurred_at: datetime | None = None) -> None:
    """Extend the length, perhaps told late."""
    given: dict[str, Any] = {"reason": "r", "expected_by": at.now + timedelta(days=1), "channel": "letter"}
    reason = "The system was down." if occurred_at else None
    late = c.SendHoldingResponse(**given, occurred_at=occurred_at, backdating_reason=reason)
    await at.do(stream, late, supervisor=True)


async def rounded(at: House, stream: UUID) -> list[tuple[str, timedelta]]:
    return [(what, timedelta(seconds=round(took.total_seconds()))) for what, took in await told(at, stream)]


async def test_two_watchdogs_warn_once_of_each_due_time(database: str) -> None:
    async with in_force(database, DESK) as at, opened(serving(database)) as log:
        other = Commands(log, at.reference, clock=lambda: at.now)
        dogs = [dog(at), Watchdog(serving(database), other, CLOCKS, lambda: at.now)]
        stream = await at.register()
        begun = at.now
        for after in (2.4, 3.0):
            at.now = begun + hours(after)
            await looked(at, *dogs)
        await hold(at, stream)
        assert await looked(at, *dogs) == 0, "nothing comes at once"
        for after in (3.5, 4.1, 6.6, 8.1, 30.0):
            at.now = begun + hours(after)
            await looked(at, *dogs)
            await unprojected(at, *dogs)
        assert await rounded(at, stream) == [*BEFORE, *AFTER]


async def test_a_watchdog_that_slept_through_both_due_times_warns_of_the_one_in_force(database: str) -> None:
    async with in_force(database, DESK) as at:
        stream = await at.register()
        at.now += hours(3)
        await hold(at, stream)
        at.now += hours(30)
        await looked(at)
        assert await rounded(at, stream) == AFTER


async def test_a_view_that_has_not_read_of_the_extension_warns_of_nothing_that_it_put_off(
    database: str,
) -> None:
    async with in_force(database, DESK) as at:
        stream = await at.register()
        await at.project(sla_due.VIEW)
        await hold(at, stream)
        at.now += hours(3)
        assert await unprojected(at) == 1  # the decision has read of it
        assert await told(at, stream) == []
        at.now += hours(30)
        await looked(at)
        assert await rounded(at, stream) == AFTER


async def test_what_falls_due_is_the_same_when_the_view_is_folded_anew(database: str) -> None:
    async with in_force(database, DESK) as at:
        stream = await at.register()
        at.now += hours(3)
        await looked(at)
        await hold(at, stream)
        await at.project(sla_due.VIEW)
        followed = await rows(at)
        await Rebuild(serving(database), at.log.vault, sla_due.VIEW).run()
        assert await rows(at) == followed
        at.now += hours(1.5)
        assert await looked(at) == 1
        assert await rounded(at, stream) == [*BEFORE, AFTER[0]]


async def test_what_an_import_brings_is_warned_of_from_then_on_alone(database: str) -> None:
    """Of three cases, two began five hours ago: one was extended; the other is overdue, which is history."""
    async with in_force(database, DESK) as at:
        at.now = datetime.now(UTC)  # until then, by when the log has it, all is history
        begun = at.now - hours(5)
        of_import = caller(origin="import")
        register = structs.replace(REGISTER, occurred_at=begun)
        extended, overdue = [await at.commands.create(COMPLAINT, of_import, register) for _ in range(2)]
        held = c.SendHoldingResponse(
            reason="r", expected_by=at.now, channel="letter", occurred_at=begun + hours(3)
        )
        await at.commands.execute(COMPLAINT, extended.stream_id, of_import, held)
        later = structs.replace(register, occurred_at=begun + hours(2))
        running = await at.commands.create(COMPLAINT, of_import, later)
        assert await looked(at) == 0
        at.now += hours(30)
        await looked(at)
        assert await rounded(at, extended.stream_id) == AFTER[1:]
        assert await rounded(at, overdue.stream_id) == []
        assert await rounded(at, running.stream_id) == [("breached", hours(4))]


async def rows(at: House) -> list[Any]:
    return await fetch(at.connection, "SELECT t::text FROM sla_due_4 t")


async def test_an_extension_recorded_after_the_breach_corrects_it_and_all_comes_again(database: str) -> None:
    async with in_force(database, DESK) as at:
        stream = await at.register()
        begun = at.now
        at.now += hours(5)
        await looked(at)
        await hold(at, stream, occurred_at=begun + hours(3))
        await looked(at)
        at.now += hours(30)
        await looked(at)
        await looked(at)
        found = await rounded(at, stream)
        assert [what for what, _ in found] == [
            *("warning-raised", "escalated", "breached"),
            *("breach-corrected", "warning-raised", "escalated", "breached"),
        ]
        assert found[-2:] == AFTER[1:]
