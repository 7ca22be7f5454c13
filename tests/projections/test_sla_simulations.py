"""What another policy would have made of everything that really happened."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec import structs

from domain.complaint import ComplaintEvent
from domain.complaint import events as e
from domain.customer import CUSTOMER, ChangeTier, CustomerRegistered
from domain.sla import Match
from domain.sla_policy import PolicyDefined
from projections import sla
from projections.sla import Simulation, simulating
from tests.infra.logs import caller
from tests.projections.house import House, house
from tests.projections.measured import (
    APPLIED,
    HOUR,
    MONDAY,
    REGISTERED,
    RESOLVED,
    complaint,
    counts,
    policy,
    published,
    tell,
)

pytestmark = pytest.mark.anyio


async def simulated(at: House, asked: Simulation) -> sla.Simulated:
    async def silent(_done: int, _total: int) -> None: ...

    return await sla.simulate(at.connection, asked, None, datetime.now(UTC), silent)


async def test_a_simulation_tells_what_a_stricter_policy_would_have_changed(database: str) -> None:
    async with house(database) as at:
        await published(at, policy(8))
        await complaint(at, (RESOLVED, 3))
        between = await complaint(at, (RESOLVED, 6))
        await complaint(at, (RESOLVED, 20))
        await at.project(sla.VIEW)
        period: dict[str, Any] = {"decided_from": date(2026, 6, 1), "decided_to": date(2026, 7, 1)}
        stricter = await simulated(at, Simulation(policy=policy(4), **period))
        same = await simulated(at, Simulation(policy=policy(8), **period))
    assert (counts(stricter.before.total), counts(stricter.after.total)) == (
        (2, 1, 0.666667),
        (1, 2, 0.333333),
    )
    [changed] = stricter.changed
    assert (changed.complaint_id, changed.before, changed.after) == (between, "met", "breached")
    assert (same.changed_complaints, same.before) == (0, same.after)


async def test_what_still_runs_counts_nowhere_in_a_simulation(database: str) -> None:
    async with house(database) as at:
        await published(at, policy(8))
        await complaint(at, received=datetime.now(UTC) - HOUR)
        await at.project(sla.VIEW)
        ever: dict[str, Any] = {"decided_from": date(2026, 6, 1), "decided_to": date(2199, 1, 1)}
        found = await simulated(at, Simulation(policy=policy(20), **ever))
    assert (found.before.total.n, found.after.total.n, found.changed) == (0, 0, ())


async def test_a_simulation_knows_a_policy_that_is_put_in_force_and_applied_meanwhile(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulating, "AT_ONCE", 1)
    async with house(database) as at:
        await published(at, policy(8))
        for _ in range(5):
            await complaint(at, (RESOLVED, 3))
        await at.project(sla.VIEW)

        async def another(done: int, _total: int) -> None:
            if done == 1:
                await tell(at, "sla-policy", [(PolicyDefined(policy=policy(8, name="new")), MONDAY)])
                new = (structs.replace(APPLIED.policies[0], policy="new"),)
                told = [(REGISTERED, MONDAY), (structs.replace(APPLIED, policies=new), MONDAY)]
                for _ in range(20):  # ids are random: some come after the first of the five
                    await tell(at, "complaint", told)
                await at.project(sla.VIEW)

        period: dict[str, Any] = {"decided_from": date(2026, 6, 1), "decided_to": date(2026, 7, 1)}
        wanted = Simulation(policy=policy(8), **period)
        found = await sla.simulate(at.connection, wanted, None, datetime.now(UTC), another)
    assert found.complaints > 5


async def test_a_simulated_policy_that_nothing_had_before_is_added(database: str) -> None:
    async with house(database) as at:
        await published(at, policy(8))
        await complaint(at, (RESOLVED, 3))
        await at.project(sla.VIEW)
        legal = policy(1, name="statute", layer="legal")
        found = await simulated(
            at, Simulation(policy=legal, decided_from=date(2026, 6, 1), decided_to=date(2026, 7, 1))
        )
    assert [(g.policy, g.met, g.breached) for g in found.after.groups] == [("desk", 1, 0), ("statute", 0, 1)]
    assert (found.complaints, found.changed_complaints) == (1, 1)


FOR_ADVANCED = policy(4, match=Match(tier="advanced"))
JUNE: dict[str, Any] = {"decided_from": date(2026, 6, 1), "decided_to": date(2026, 7, 1)}


async def customer(at: House, tier: str) -> UUID:
    registered = CustomerRegistered(name="Bia", kind="external", tier=tier, language="pt-BR")
    return await tell(at, "customer", [(registered, MONDAY - HOUR)])


async def of_customer(at: House, customer_id: UUID, *later: tuple[ComplaintEvent, float]) -> UUID:
    """A complaint that no policy was ever applied to."""
    registered = structs.replace(REGISTERED, protocol=uuid4().hex, customer_id=customer_id)
    events = [(registered, MONDAY), *((event, MONDAY + hours * HOUR) for event, hours in later)]
    return await tell(at, "complaint", events)


async def test_a_simulation_knows_the_tier_that_no_policy_ever_asked_for(database: str) -> None:
    async with house(database) as at:
        await published(at, policy(8, name="other", match=Match(product="none")))
        advanced = await of_customer(at, await customer(at, "advanced"), (RESOLVED, 3))
        await of_customer(at, await customer(at, "basic"), (RESOLVED, 3))
        relinked = e.CustomerRelinked(customer_id=await customer(at, "advanced"), reason="r")
        late = await of_customer(at, await customer(at, "basic"), (relinked, 2), (RESOLVED, 6))
        await at.project(sla.VIEW)
        found = await simulated(at, Simulation(policy=FOR_ADVANCED, **JUNE))
    changed = {each.complaint_id: each.after for each in found.changed}
    assert changed == {advanced: "met", late: "breached"}


async def test_a_simulation_does_not_know_what_an_import_does_not_say_of_sendings(database: str) -> None:
    """One answer of each origin, by e-mail, of which nobody says that it was sent."""
    sent = structs.replace(policy(8).targets[0], stops="final_response", requires_dispatch=True)
    answer = e.ResolutionProposed(proposal_id=uuid4(), outcome="upheld", summary="found", channel="email")
    async with house(database) as at:
        await published(at, policy(8, name="other", match=Match(product="none")))
        told = {}
        for origin in ("live", "import"):
            registered = structs.replace(REGISTERED, protocol=origin)
            events = [(registered, MONDAY), (answer, MONDAY + HOUR)]
            told[await tell(at, "complaint", events, origin=origin)] = origin
        await at.project(sla.VIEW)
        found = await simulated(at, Simulation(policy=policy(8, targets=(sent,)), **JUNE))
    assert {told[each.complaint_id]: each.after for each in found.changed} == {
        "live": "breached",
        "import": "undetermined",
    }


async def test_a_simulation_applies_policies_when_a_tier_changes_in_an_open_case(database: str) -> None:
    """Of two cases from June, the one that is still open: it is held to four hours from then on."""
    async with house(database) as at:
        await published(at, policy(8, name="other", match=Match(product="none")))
        who = await customer(at, "basic")
        opened = await of_customer(at, who)
        await of_customer(at, who, (RESOLVED, 3))
        await at.commands.execute(CUSTOMER, who, caller(), ChangeTier(tier="advanced"))
        await at.project(sla.VIEW)
        found = await simulated(at, Simulation(policy=FOR_ADVANCED, **JUNE))
    assert [(each.complaint_id, each.after) for each in found.changed] == [(opened, "breached")]
