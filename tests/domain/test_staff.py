"""Teams and analysts: whom they belong to, and what an assignment makes of it."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from domain.aggregate import Aggregate
from domain.analyst import (
    ANALYST,
    AnalystLeft,
    AnalystTeamChanged,
    ChangeTeam,
    Leave,
    RegisterAnalyst,
)
from domain.complaint import COMPLAINT
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.messages import Command, Event, Invalid, Refused
from domain.staff import Analyst, Staff, Team, staff
from domain.team import (
    TEAM,
    ChangeProvider,
    DissolveTeam,
    RegisterTeam,
    TeamDissolved,
    TeamProviderChanged,
    TeamRegistered,
)
from tests.domain.spec import NOW, REGISTER, context, play

CARDS = Team(name="cards", provider="in_house")
NIGHT = Team(name="night desk", provider="third_party", provider_name="Central Exemplo")
DORA = Analyst(subject="dora.reis", team="night desk")
STAFF = staff([CARDS, NIGHT], [DORA])
FIRST: tuple[tuple[Aggregate, Any, Any], ...] = (
    (TEAM, RegisterTeam(name="cards", provider="in_house"), CARDS),
    (ANALYST, RegisterAnalyst(subject="dora.reis", team="night desk"), DORA),
)
KINDS = [aggregate for aggregate, _, _ in FIRST]


def decided(aggregate: Aggregate, state: Any, command: Command, known: Staff = STAFF) -> list[Event]:
    return aggregate.decide(state, command, context(command, staff=known))


def after(aggregate: Aggregate, state: Any, *commands: Command, known: Staff = STAFF) -> Any:
    for command in commands:
        for event in decided(aggregate, state, command, known):
            state = aggregate.evolve(state, event, NOW)
    return state


def refused(aggregate: Aggregate, state: Any, command: Command) -> str:
    with pytest.raises(Refused) as caught:
        decided(aggregate, state, command)
    return caught.value.slug


def wrong(state: Any, command: Command, known: Staff = STAFF) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        decided(ANALYST, state, command, known)
    return {problem.path: problem.reason for problem in caught.value.problems}


def test_a_team_is_registered_with_whom_it_belongs_to() -> None:
    register = RegisterTeam(name="night desk", provider="third_party", provider_name="Central Exemplo")
    assert decided(TEAM, None, register) == [
        TeamRegistered(team="night desk", provider="third_party", provider_name="Central Exemplo")
    ]
    assert after(TEAM, None, register) == NIGHT


def test_a_team_passes_to_another_provider_once() -> None:
    change = ChangeProvider(provider="in_house", reason="The contract ended.")
    assert decided(TEAM, NIGHT, change) == [
        TeamProviderChanged(provider="in_house", reason="The contract ended.")
    ]
    moved = after(TEAM, NIGHT, change)
    assert moved == Team(name="night desk", provider="in_house")
    assert decided(TEAM, moved, change) == []


def test_a_team_is_dissolved_and_can_come_back() -> None:
    assert decided(TEAM, CARDS, DissolveTeam(reason="Merged.")) == [TeamDissolved(reason="Merged.")]
    gone = after(TEAM, CARDS, DissolveTeam())
    assert gone.dissolved
    assert decided(TEAM, gone, DissolveTeam()) == []
    assert after(TEAM, gone, ChangeProvider(provider="in_house")) == CARDS


def test_a_team_that_analysts_belong_to_is_not_dissolved() -> None:
    assert refused(TEAM, NIGHT, DissolveTeam()) == "team-in-use"
    left = after(ANALYST, DORA, Leave())
    assert decided(TEAM, NIGHT, DissolveTeam(), staff([NIGHT], [left])) == [TeamDissolved()]


def test_a_team_that_somebody_joined_as_it_was_dissolved_serves_until_nobody_belongs_to_it() -> None:
    dissolved = structs.replace(NIGHT, dissolved=True)
    assert staff([dissolved], [DORA]).teams == {"night desk": dissolved}
    assert staff([dissolved], [after(ANALYST, DORA, Leave())]).teams == {}


def test_an_analyst_changes_teams_once() -> None:
    change = ChangeTeam(team="cards", reason="Back from training.")
    assert decided(ANALYST, DORA, change) == [AnalystTeamChanged(team="cards", reason="Back from training.")]
    assert decided(ANALYST, after(ANALYST, DORA, change), change) == []


def test_an_analyst_leaves_and_can_come_back() -> None:
    assert decided(ANALYST, DORA, Leave(reason="Retired.")) == [
        AnalystLeft(team="night desk", reason="Retired.")
    ]
    gone = after(ANALYST, DORA, Leave())
    assert gone.team is None
    assert decided(ANALYST, gone, Leave()) == []
    assert after(ANALYST, gone, ChangeTeam(team="night desk")) == DORA


@pytest.mark.parametrize(
    ("state", "command"),
    [(None, RegisterAnalyst(subject="rui", team="nite desk")), (DORA, ChangeTeam(team="nite desk"))],
)
def test_an_analyst_belongs_to_a_team_in_service(state: Any, command: Command) -> None:
    assert wrong(state, command) == {"$.team": "no team in service is called nite desk"}
    gone = staff([structs.replace(CARDS, dissolved=True)], [])
    assert wrong(state, structs.replace(command, team="cards"), gone).keys() == {"$.team"}


@pytest.mark.parametrize(("aggregate", "register", "state"), FIRST)
def test_each_is_registered_once_and_first(aggregate: Aggregate, register: Command, state: Any) -> None:
    assert after(aggregate, None, register) == state
    assert refused(aggregate, state, register) == "already-registered"
    (registered,) = decided(aggregate, None, register)
    with pytest.raises(ValueError, match="once"):
        aggregate.evolve(state, registered, NOW)


@pytest.mark.parametrize(
    ("aggregate", "command", "event", "slug"),
    [
        (TEAM, DissolveTeam(), TeamDissolved(), "unknown-team"),
        (ANALYST, Leave(), AnalystLeft(team="cards"), "unknown-analyst"),
    ],
)
def test_nothing_happens_to_what_is_not_registered(
    aggregate: Aggregate, command: Command, event: Event, slug: str
) -> None:
    assert refused(aggregate, None, command) == slug
    with pytest.raises(ValueError, match="begins"):
        aggregate.evolve(None, event, NOW)


@pytest.mark.parametrize(("aggregate", "register", "state"), FIRST)
def test_times_follow_the_same_rules_as_those_of_complaints(
    aggregate: Aggregate, register: Command, state: Any
) -> None:
    late: dict[str, Any] = {"occurred_at": NOW - timedelta(hours=1)}
    assert refused(aggregate, None, structs.replace(register, **late)) == "backdating-reason-missing"
    assert after(aggregate, None, structs.replace(register, **late, backdating_reason="By letter.")) == state


def test_the_aggregates_list_their_commands() -> None:
    assert [[command.verb for command in kind.commands] for kind in KINDS] == [
        ["register", "change-provider", "dissolve"],
        ["register", "change-team", "leave"],
    ]


def test_staff_are_those_in_service() -> None:
    gone = structs.replace(CARDS, dissolved=True), after(ANALYST, DORA, Leave())
    assert staff([NIGHT, gone[0]], [gone[1]]) == Staff(teams={"night desk": NIGHT}, members={})
    assert STAFF.analysts_of("night desk") == ["dora.reis"]
    assert STAFF.analysts_of("cards") == []


def test_an_assignment_says_whom_the_team_belongs_to() -> None:
    assert decided(COMPLAINT, play(REGISTER), c.Assign(team="night desk")) == [
        e.ComplaintAssigned(team="night desk", provider="third_party", provider_name="Central Exemplo")
    ]
    assert decided(COMPLAINT, play(REGISTER), c.Assign(team="cards", analyst="ana")) == [
        e.ComplaintAssigned(team="cards", analyst="ana", provider="in_house")
    ]


def test_an_analyst_comes_with_the_team_of_the_registry() -> None:
    with_cards = after(COMPLAINT, play(REGISTER), c.Assign(team="cards"))
    assert decided(COMPLAINT, with_cards, c.Assign(analyst="dora.reis")) == [
        e.ComplaintAssigned(
            analyst="dora.reis",
            team="night desk",
            provider="third_party",
            provider_name="Central Exemplo",
        )
    ]


def test_a_team_that_is_named_goes_before_the_analysts_own() -> None:
    assert decided(COMPLAINT, play(REGISTER), c.Assign(analyst="dora.reis", team="cards")) == [
        e.ComplaintAssigned(analyst="dora.reis", team="cards", provider="in_house")
    ]


def test_names_that_nobody_registered_are_assigned_and_their_provider_is_not_known() -> None:
    assert decided(COMPLAINT, play(REGISTER), c.Assign(analyst="eva", team="loans")) == [
        e.ComplaintAssigned(analyst="eva", team="loans")
    ]
    with_cards = after(COMPLAINT, play(REGISTER), c.Assign(team="cards"))
    assert decided(COMPLAINT, with_cards, c.Assign(analyst="eva")) == [
        e.ComplaintAssigned(analyst="eva", team="cards", provider="in_house")
    ]


def test_who_has_it_is_assigned_again_only_where_the_provider_became_another() -> None:
    assigned = after(COMPLAINT, play(REGISTER), c.Assign(team="cards"), known=Staff())
    assert decided(COMPLAINT, assigned, c.Assign(team="cards"), Staff()) == []
    assert decided(COMPLAINT, assigned, c.Assign(team="cards")) == [
        e.ComplaintAssigned(team="cards", provider="in_house")
    ]
    assert (
        decided(COMPLAINT, after(COMPLAINT, assigned, c.Assign(team="cards")), c.Assign(team="cards")) == []
    )


def test_a_process_that_does_not_know_the_team_yet_takes_no_provider_away() -> None:
    assigned = after(COMPLAINT, play(REGISTER), c.Assign(team="night desk"))
    assert decided(COMPLAINT, assigned, c.Assign(team="night desk"), Staff()) == []


def test_who_no_longer_has_it_takes_the_provider_along() -> None:
    assigned = after(COMPLAINT, play(REGISTER), c.Assign(team="night desk"))
    assert (assigned.provider, assigned.provider_name) == ("third_party", "Central Exemplo")
    free = after(COMPLAINT, assigned, c.Unassign())
    assert (free.team, free.provider, free.provider_name) == (None, None, None)
