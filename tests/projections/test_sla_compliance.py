"""Compliance as the view counts it, and what is behind a figure."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from domain.complaint import events as e
from domain.messages import Event
from projections import sla
from projections.sla import Drill
from tests.projections.house import House, house
from tests.projections.measured import (
    HOUR,
    RESOLVED,
    TO_BIA,
    TO_DAY,
    TO_LEO,
    TO_NIGHT,
    TO_US,
    asked,
    complaint,
    counts,
    policy,
    published,
)

pytestmark = pytest.mark.anyio

SOON = timedelta(seconds=1)


async def test_compliance_is_met_by_met_and_breached_and_what_is_overdue_counts(database: str) -> None:
    async with house(database) as at:
        await published(at, policy(8))
        await complaint(at, (TO_BIA, 1), (RESOLVED, 3))
        await complaint(at, (TO_BIA, 1), (RESOLVED, 20))
        await complaint(at, (TO_LEO, 1), (RESOLVED, 4))
        await complaint(at, (TO_LEO, 1), (e.ComplaintWithdrawn(by="customer", reason="moved"), 2))
        await complaint(at, received=datetime.now(UTC) - HOUR)
        await complaint(at, received=datetime.now(UTC) - 8.0001 * HOUR)
        await at.project(sla.VIEW)
        found = await asked(at, by=("team",))
        teams = {group.team: counts(group) for group in found.groups}
        by_target = await asked(at, by=("policy", "target"), period="month", policy="desk")
        drilled = await sla.drill(at.connection, Drill(outcome="breached", team="north"))
        [breached] = drilled.items
    assert teams == {"north": (1, 1, 0.5), "south": (1, 0, 1.0), None: (0, 1, 0.0)}
    assert counts(found.total) == (2, 2, 0.5)
    assert (found.total.cancelled, found.total.met_late) == (1, 1)
    june = by_target.groups[0]
    assert (june.policy, june.target, june.period, june.n) == ("desk", "resolution", date(2026, 6, 1), 3)
    assert (breached.state, breached.team) == ("met_late", "north")


async def due_soon(at: House, *events: tuple[Event, float]) -> UUID:
    """A complaint whose eight hours are over in a second, and nothing is recorded of that."""
    return await complaint(at, *events, received=datetime.now(UTC) - 8 * HOUR + SOON)


async def listed(at: House, **wanted: Any) -> list[tuple[UUID, str]]:
    """The complaints behind a figure, each with the state of its clock; the same either way round."""
    newest = (await sla.drill(at.connection, Drill(**wanted))).items
    oldest = (await sla.drill(at.connection, Drill(**wanted, sort="decided_at"))).items
    assert newest == oldest[::-1]
    assert all(clock.decided_at for clock in newest)
    return [(clock.complaint_id, clock.state) for clock in newest]


async def test_a_window_that_lapsed_counts_and_is_listed_before_anything_else_happens(database: str) -> None:
    window = structs.replace(policy(8).targets[0], obligation="window")
    async with house(database) as at:
        await published(at, policy(8, targets=(window,)))
        lapsed = await due_soon(at, (TO_BIA, 1))
        runs = await complaint(at, (TO_BIA, 0.1), received=datetime.now(UTC) - HOUR)
        earlier = await complaint(at, (TO_BIA, 1), (RESOLVED, 20))
        await at.project(sla.VIEW)
        await asyncio.sleep(SOON.total_seconds())
        total = (await asked(at, by=("team",))).total
        prepared = (await asked(at, team="north")).total
        found = await listed(at, outcome="lapsed")
        since = await listed(at, team="north", decided_from=date(2026, 7, 1), decided_to=date(2199, 1, 1))
        of_them = [(await sla.clocks_of(at.connection, each)).value for each in (lapsed, runs)]
    assert (total.lapsed, total.breached, total.overdue, prepared.lapsed) == (2, 0, 0, 2)
    assert found == [(lapsed, "lapsed"), (earlier, "lapsed")]
    assert since == [(lapsed, "lapsed")]
    [(one,), (other,)] = (each.clocks for each in of_them if each)
    assert (one.state, one.decided_at) == ("lapsed", one.due_at)
    assert (other.state, other.decided_at) == ("running", None)


async def test_a_breach_that_is_not_recorded_yet_is_listed_as_it_is_counted(database: str) -> None:
    async with house(database) as at:
        await published(at, policy(8))
        overdue = await due_soon(at)
        await complaint(at, received=datetime.now(UTC) - HOUR)
        met = await complaint(at, (RESOLVED, 3))
        await at.project(sla.VIEW)
        await asyncio.sleep(SOON.total_seconds())
        total = (await asked(at)).total
        breached, of_all = await listed(at, outcome="breached"), await listed(at)
    assert (total.breached, total.overdue, total.met) == (1, 1, 1)
    assert breached == [(overdue, "breached")]
    assert of_all == [(overdue, "breached"), (met, "met")]


async def test_what_is_behind_a_group_that_has_no_team_is_listed(database: str) -> None:
    async with house(database) as at:
        await published(at, policy(8))
        await complaint(at, (TO_BIA, 1), (RESOLVED, 20))
        stream_id = await complaint(at, (RESOLVED, 20))
        await at.project(sla.VIEW)
        groups = (await asked(at, by=("team",))).groups
        of_none = (await sla.drill(at.connection, Drill(without=("team", "analyst")))).items
        of_nobody = (await sla.drill(at.connection, Drill(without=("channel",)))).items
    assert [(group.team, group.n) for group in groups] == [("north", 1), (None, 1)]
    assert [clock.complaint_id for clock in of_none] == [stream_id]
    assert of_nobody == []


async def test_two_dimensions_are_counted_as_well_as_one(database: str) -> None:
    async with house(database) as at:
        await published(at, policy(8))
        await complaint(at, (TO_BIA, 1), (RESOLVED, 3))
        await complaint(at, (TO_LEO, 1), (RESOLVED, 20))
        await at.project(sla.VIEW)
        both = await asked(at, by=("team", "channel"))
        one = await asked(at, team="north", channel="web")
        none = await asked(at, team="north", channel="phone", decided_from=date(2026, 1, 1))
    assert [(g.team, g.channel, g.met) for g in both.groups] == [("north", "web", 1), ("south", "web", 0)]
    assert counts(one.total) == (1, 0, 1.0)
    assert counts(none.total) == (0, 0, None)


async def test_a_decision_counts_for_whom_the_complaint_was_with_then(database: str) -> None:
    async with house(database) as at:
        await published(at, policy(8))
        await complaint(at, (TO_BIA, 1), (RESOLVED, 3), (TO_LEO, 5))
        await at.project(sla.VIEW)
        found = await asked(at, by=("analyst",))
    assert [(group.analyst, group.met) for group in found.groups] == [("bia", 1)]


async def test_compliance_is_told_apart_by_whom_the_teams_belong_to(database: str) -> None:
    async with house(database) as at:
        await published(at, policy(8))
        await complaint(at, (TO_NIGHT, 1), (RESOLVED, 3))
        missed = await complaint(at, (TO_NIGHT, 1), (RESOLVED, 20))
        await complaint(at, (TO_DAY, 1), (RESOLVED, 3))
        await complaint(at, (TO_US, 1), (RESOLVED, 3))
        await complaint(at, (TO_BIA, 1), (RESOLVED, 3))
        await at.project(sla.VIEW)
        kinds = {group.provider: counts(group) for group in (await asked(at, by=("provider",))).groups}
        names = await asked(at, by=("provider_name",), provider="third_party")
        prepared = await asked(at, provider="third_party")
        drilled = await sla.drill(at.connection, Drill(outcome="breached", provider="third_party"))
        named = await sla.drill(at.connection, Drill(provider_name="Outra Central"))
    assert kinds == {"in_house": (1, 0, 1.0), "third_party": (2, 1, 0.666667), None: (1, 0, 1.0)}
    assert {group.provider_name: counts(group) for group in names.groups} == {
        "Central Exemplo": (1, 1, 0.5),
        "Outra Central": (1, 0, 1.0),
    }
    assert counts(prepared.total) == (2, 1, 0.666667)
    assert [item.complaint_id for item in drilled.items] == [missed]
    assert [(item.team, item.provider) for item in named.items] == [("day", "third_party")]


async def test_a_decision_counts_for_the_provider_the_complaint_was_with_then(database: str) -> None:
    async with house(database) as at:
        await published(at, policy(8))
        await complaint(at, (TO_NIGHT, 1), (RESOLVED, 3), (TO_US, 5))
        unassigned = e.ComplaintUnassigned(team="night")
        await complaint(at, (TO_NIGHT, 1), (unassigned, 2), (RESOLVED, 3))
        await at.project(sla.VIEW)
        found = await asked(at, by=("provider", "team"))
    assert [(group.provider, group.team) for group in found.groups] == [
        ("third_party", "night"),
        (None, None),
    ]


async def test_a_decision_counts_on_the_day_it_was_made_in_the_zone_of_its_calendar(database: str) -> None:
    async with house(database) as at:
        await published(at, policy(8))
        await complaint(at, (RESOLVED, 5), received=datetime(2026, 6, 30, 21, 0, tzinfo=UTC))
        await at.project(sla.VIEW)
        found = await asked(at, period="month")
    assert [group.period for group in found.groups] == [date(2026, 6, 1)], "it is 23:00 in São Paulo"
