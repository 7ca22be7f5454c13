"""The watchdog over clocks: warnings, breaches and escalations at their moment, once, come what may."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from api.watching import CLOCKS
from domain.complaint import COMPLAINT
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.messages import tag_of
from infra.commands import Commands
from infra.reference import Reference
from infra.watchdog import Watchdog
from projections import sla_due
from tests.api.watchdogs import ALL, dog, hours, in_force, looked, told, unprojected
from tests.infra.followers import following
from tests.infra.logs import caller, fetch, opened, served, serving, until
from tests.projections.house import House, house

pytestmark = pytest.mark.anyio

REACHED = c.ContactCustomer(channel="phone", summary="We spoke.", outcome="reached")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_complaint_is_measured_by_what_is_in_force_when_it_is_registered(database: str) -> None:
    async with in_force(database) as at:
        stream = await at.register()
        registered, applied = await at.events(stream)
        assert isinstance(applied.event, e.SlaApplied)
        (pinned,) = applied.event.policies
        assert (pinned.policy, pinned.version, pinned.calendar_version) == ("desk", 1, 1)
        assert (applied.event.cause, applied.occurred_at) == ("registered", registered.occurred_at)


async def test_each_is_recorded_at_its_moment_and_not_before(database: str) -> None:
    async with in_force(database) as at:
        stream = await at.register()
        begun = at.now
        for number, what in enumerate(ALL):
            at.now = begun + what[1] - timedelta(milliseconds=1)
            assert await looked(at) == 0
            at.now = begun + what[1] + timedelta(milliseconds=1)
            assert await looked(at) == 1
            found = await told(at, stream)
            assert [name for name, _ in found] == [name for name, _ in ALL[: number + 1]]
            assert abs(found[-1][1] - what[1]) < timedelta(milliseconds=1)
        at.now += timedelta(days=1)
        assert await looked(at) == 0


async def test_a_watchdog_that_slept_records_all_in_order_each_at_its_moment(database: str) -> None:
    async with in_force(database) as at:
        stream = await at.register()
        at.now += timedelta(days=1)
        assert await looked(at) == 1
        found = await told(at, stream)
        assert [name for name, _ in found] == [name for name, _ in ALL]
        assert all(
            abs(took - wanted) < hours(0.001) for (_, took), (_, wanted) in zip(found, ALL, strict=True)
        )
        assert await looked(at) == 0


async def test_two_watchdogs_over_a_view_that_lags_record_once(database: str) -> None:
    async with in_force(database) as at, opened(serving(database)) as log:
        stream = await at.register()
        await at.project(sla_due.VIEW)
        at.now += hours(4.5)
        dogs = [
            dog(at),
            Watchdog(
                serving(database), Commands(log, at.reference, clock=lambda: at.now), CLOCKS, lambda: at.now
            ),
        ]
        for _ in range(3):
            await unprojected(at, *dogs)
        assert [name for name, _ in await told(at, stream)] == ["warning-raised", "breached"]
        at.now += hours(1)
        await looked(at, *dogs)
        assert [name for name, _ in await told(at, stream)] == ["warning-raised", "breached", "escalated"]


async def test_a_watchdog_whose_clock_is_behind_records_nothing_early_and_nothing_twice(
    database: str,
) -> None:
    async with in_force(database) as at, opened(serving(database)) as log:
        stream = await at.register()
        late = Commands(log, at.reference, clock=lambda: at.now - hours(3))
        behind = Watchdog(serving(database), late, CLOCKS, lambda: at.now - hours(3))
        await at.project(sla_due.VIEW)
        at.now += hours(4.5)
        assert await unprojected(at, behind) == 0
        assert await unprojected(at, dog(at)) == 1
        at.now += hours(2.8)
        await unprojected(at, behind)  # its view and its clock do not know of the breach yet
        assert [name for name, _ in await told(at, stream)] == ["warning-raised", "breached"]
        await looked(at, behind, dog(at))
        assert [name for name, _ in await told(at, stream)] == [name for name, _ in ALL]


async def test_what_was_done_in_time_is_neither_warned_of_nor_breached(database: str) -> None:
    async with in_force(database) as at:
        stream = await at.register()
        await at.project(sla_due.VIEW)
        await at.do(stream, REACHED)
        at.now += timedelta(days=1)
        assert await unprojected(at) == 1  # the view has not seen it: the decision has
        assert await told(at, stream) == []


async def test_a_fact_that_comes_late_corrects_the_breach_by_an_event(database: str) -> None:
    async with in_force(database) as at:
        stream = await at.register()
        begun = at.now
        at.now += hours(6)
        await looked(at)
        late = c.ContactCustomer(
            channel="phone",
            summary="Noted on paper.",
            outcome="reached",
            occurred_at=begun + hours(1),
            backdating_reason="The system was down.",
        )
        await at.do(stream, late, supervisor=True)
        await looked(at)
        events = await at.events(stream)
        corrected = events[-1].event
        assert isinstance(corrected, e.SlaBreachCorrected)
        assert (corrected.verdict, corrected.met_at) == ("met", begun + hours(1))
        assert await looked(at) == 0


async def test_what_nobody_measures_costs_nothing(database: str) -> None:
    async with house(database) as at:
        stream = await at.register()
        await at.project(sla_due.VIEW)
        assert [event.tag for event in await at.events(stream)] == [tag_of(e.ComplaintRegistered)]
        assert await sla_due.next_due(at.connection) is None


async def test_a_watchdog_that_dies_in_the_middle_leaves_the_rest_to_another(database: str) -> None:
    async with in_force(database) as at:
        streams = [await at.register() for _ in range(30)]
        await at.project(sla_due.VIEW)
        at.now += hours(4.5)
        before = await recorded(at)
        dying = asyncio.create_task(dog(at).look(at.connection))
        async with served(database) as other:

            async def begun() -> bool:
                return await recorded_on(other) > before

            await until(begun)
        dying.cancel()
        await asyncio.wait([dying])
        async with served(database) as fresh:
            while await dog(at).look(fresh):
                await at.project(sla_due.VIEW)
        for stream in streams:
            assert [name for name, _ in await told(at, stream)] == ["warning-raised", "breached"]


async def test_a_running_watchdog_wakes_up_when_something_falls_due(database: str) -> None:
    async with in_force(database) as at, following(database, sla_due.VIEW):
        stream = await at.register()
        at.now += hours(2.5)
        running = asyncio.create_task(dog(at).run())
        await until_told(at, stream, 1)
        at.now += hours(10)  # it sleeps, and is not called
        await until_told(at, stream, 3)
        running.cancel()
        await asyncio.wait([running])


async def until_told(at: House, stream: UUID, many: int) -> None:
    async def so() -> bool:
        return len(await told(at, stream)) == many

    await until(so)


async def recorded(at: House) -> int:
    return await recorded_on(at.connection)


async def recorded_on(connection: Any) -> int:
    """How many events of clocks there are."""
    ((many,),) = await fetch(
        connection, "SELECT count(*) FROM events WHERE tag IN ('sla-warning-raised', 'sla-breached')"
    )
    return int(many)


async def test_a_process_that_has_not_read_the_policies_reads_them_when_it_meets_a_complaint_of_theirs(
    database: str,
) -> None:
    async with in_force(database) as at, opened(serving(database)) as log:
        stream = await at.register()
        late = Reference(at._connected)
        commands = Commands(log, late, clock=lambda: at.now)
        assert late.standing.active == ()
        at.now += timedelta(hours=3)
        due = c.RecordSlaDue(at=at.now)
        outcome = await commands.execute(COMPLAINT, stream, caller(origin="system"), due)
        assert [event.tag for event in outcome.events] == ["sla-warning-raised"]
        assert len(late.standing.active) == 1
