"""The clocks of a complaint as the view answers them, and what is at risk."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from msgspec import structs

from domain.complaint import COMPLAINT, ComplaintEvent
from domain.complaint import events as e
from domain.messages import tag_of
from domain.sla import Facts, Length, Target
from infra.events import decode_body
from projections import sla
from projections.sla import AtRisk, cases
from tests.projections.house import House, house
from tests.projections.measured import (
    APPLIED,
    HOUR,
    MONDAY,
    REGISTERED,
    RESOLVED,
    TO_BIA,
    TO_LEO,
    TO_NIGHT,
    TO_US,
    asked,
    complaint,
    policy,
    published,
    tell,
)

pytestmark = pytest.mark.anyio

SAMPLES = Path(__file__).parent.parent / "samples"


async def test_a_clock_says_how_it_stands_with_every_interval_and_its_reason(database: str) -> None:
    async with house(database) as at:
        await published(at, policy(8))
        question = e.InformationRequested(ask_id=uuid4(), question="which parcel?")
        reply = e.CustomerReplied(channel="web", message="the red one", answers=(question.ask_id,))
        stream_id = await complaint(at, (question, 2), (reply, 30), (RESOLVED, 33))
        await at.project(sla.VIEW)
        found = (await sla.clocks_of(at.connection, stream_id)).value
    assert found
    [clock] = found.clocks
    assert (clock.state, clock.target, clock.used_seconds) == ("met", "resolution", 5 * 3600)
    assert [interval.state for interval in clock.intervals][:3] == ["running", "paused", "resumed"]
    assert all(interval.reason for interval in clock.intervals)
    assert clock.due_at == MONDAY + 36 * HOUR


async def test_a_paused_clock_is_due_when_it_would_be_if_it_resumed_now(database: str) -> None:
    question = e.InformationRequested(ask_id=uuid4(), question="which parcel?")
    async with house(database) as at:
        await published(at, policy(8))
        begun = datetime.now(UTC) - 100 * HOUR
        stream_id = await complaint(at, (question, 2), received=begun)
        await at.project(sla.VIEW)
        before = datetime.now(UTC)
        found = (await sla.clocks_of(at.connection, stream_id)).value
        after = datetime.now(UTC)
        await asyncio.sleep(0.01)
        again = (await sla.clocks_of(at.connection, stream_id)).value
    assert found
    assert again
    [clock], [later] = found.clocks, again.clocks
    assert clock.due_at
    assert later.due_at
    assert (clock.state, clock.used_seconds) == ("paused", 2 * 3600)
    assert before + 6 * HOUR <= clock.due_at <= after + 6 * HOUR
    assert clock.due_at < later.due_at


async def test_what_a_source_declares_stands_beside_a_clock_that_nobody_can_determine(database: str) -> None:
    target = Target(
        name="answer",
        stops="external_answered",
        counts_from="external_case_opened",
        length=Length(amount=15, unit="calendar_days"),
    )
    case: dict[str, Any] = {"case_id": uuid4(), "body": "cfpb", "reference": "R1"}
    opened = e.ExternalCaseOpened(**case, opened_at=MONDAY)
    answered = e.ExternalCaseAnswered(**case, answer="refunded", declared_timely=False, time_uncertain=True)
    async with house(database) as at:
        await published(at, policy(8, targets=(target,)))
        stream_id = await complaint(at, (opened, 0), (answered, 0))
        await at.project(sla.VIEW)
        found = (await sla.clocks_of(at.connection, stream_id)).value
    assert found
    assert [(clock.state, clock.declared) for clock in found.clocks] == [("undetermined", "untimely")]


async def test_a_clock_that_began_nobody_knows_when_is_undetermined_once_it_is_due(database: str) -> None:
    begun = datetime.now(UTC) - 8 * HOUR + timedelta(seconds=1)
    registered = structs.replace(REGISTERED, received_at=begun, time_uncertain=True)
    async with house(database) as at:
        await published(at, policy(8))
        stream_id = await tell(at, "complaint", [(registered, begun), (APPLIED, begun)])
        await at.project(sla.VIEW)
        due_at = await waited(at, stream_id, "running")
        await asyncio.sleep((due_at - datetime.now(UTC)).total_seconds() + 0.01)
        await waited(at, stream_id, "undetermined")
        total = (await asked(at)).total
    assert (total.n, total.undetermined) == (0, 1)


async def waited(at: House, stream_id: UUID, state: str) -> datetime:
    """When the only clock of a complaint is due; it stands as is said."""
    found = (await sla.clocks_of(at.connection, stream_id)).value
    assert found
    [clock] = found.clocks
    assert clock.state == state
    assert clock.due_at
    return clock.due_at


async def test_a_complaint_without_policies_has_no_clocks_and_an_unknown_one_is_none(database: str) -> None:
    async with house(database) as at:
        stream_id = await tell(at, "complaint", [(REGISTERED, MONDAY)])
        await at.project(sla.VIEW)
        found = (await sla.clocks_of(at.connection, stream_id)).value
        assert found
        assert found.clocks == ()
        assert (await sla.clocks_of(at.connection, uuid4())).value is None


async def test_what_is_at_risk_is_chosen_by_provider(database: str) -> None:
    async with house(database) as at:
        await published(at, policy(8))
        theirs = await complaint(at, (TO_NIGHT, 0.1), received=datetime.now(UTC) - HOUR)
        await complaint(at, (TO_US, 0.1), received=datetime.now(UTC) - HOUR)
        await at.project(sla.VIEW)
        found = await sla.at_risk(at.connection, AtRisk(provider="third_party"))
        none = await sla.at_risk(at.connection, AtRisk(provider_name="Outra Central"))
    assert [item.complaint_id for item in found.items] == [theirs]
    assert none.items == []


async def test_what_runs_out_soonest_comes_first_and_what_is_paused_does_not_come(database: str) -> None:
    async with house(database) as at:
        await published(at, policy(8))
        now = datetime.now(UTC)
        later = await complaint(at, (TO_BIA, 0.1), received=now - 5 * HOUR)
        sooner = await complaint(at, (TO_BIA, 0.1), received=now - 7 * HOUR)
        await complaint(at, (TO_LEO, 0.1), received=now - 6 * HOUR)
        question = e.InformationRequested(ask_id=uuid4(), question="which parcel?")
        await complaint(at, (TO_BIA, 0.1), (question, 1), received=now - 7 * HOUR)
        await at.project(sla.VIEW)
        bia = await sla.at_risk(at.connection, AtRisk(analyst="bia"))
        within = await sla.at_risk(at.connection, AtRisk(within=5400))
        page = await sla.at_risk(at.connection, AtRisk(limit=1))
        following = await sla.at_risk(at.connection, AtRisk(limit=2, cursor=page.next))
    assert [item.complaint_id for item in bia.items] == [sooner, later]
    assert [item.complaint_id for item in within.items] == [sooner]
    assert [item.complaint_id for item in page.items + following.items][::2] == [sooner, later]


def test_an_event_that_is_passed_by_quickly_changes_no_dimension() -> None:
    now = cases.Dimensions(facts=Facts(channel="web"), sector="billing", team="north", provider="in_house")
    for event_type in COMPLAINT.events:
        if event_type not in cases.CHANGING:
            tag = tag_of(event_type)
            event = decode_body(tag, (SAMPLES / f"{tag}.json").read_bytes(), None, uuid4(), 1)
            assert cases.changed(now, cast("ComplaintEvent", event), origin_known=False) is now
