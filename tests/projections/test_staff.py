"""Teams and analysts as the view shows them: each one, and lists of them."""

from typing import Any
from uuid import uuid4

import pytest

from domain.analyst import ANALYST, ChangeTeam, Leave
from domain.staff import Team
from domain.team import TEAM, ChangeProvider, DissolveTeam
from infra.reference import Reference
from projections import staff
from projections.staff import Analysts, Teams
from tests.infra.logs import caller
from tests.projections.house import House, house

pytestmark = pytest.mark.anyio


async def teams(at: House, **wanted: Any) -> list[str]:
    return [item.name for item in (await staff.teams(at.connection, Teams(**wanted))).items]


async def analysts(at: House, **wanted: Any) -> list[str]:
    return [item.subject for item in (await staff.analysts(at.connection, Analysts(**wanted))).items]


async def test_a_team_shows_whom_it_belongs_to_now(database: str) -> None:
    async with house(database) as at:
        team = await at.team("night", provider="third_party", provider_name="Central Exemplo")
        registered_at = at.now
        await at.commands.execute(TEAM, team, caller(), ChangeProvider(provider="independent"))
        await at.project(staff.VIEW)
        found = (await staff.team(at.connection, team)).value
        assert found
        assert (found.name, found.provider, found.provider_name) == ("night", "independent", None)
        assert (found.version, found.etag, found.dissolved) == (2, 2, False)
        assert found.registered_at == registered_at
        await at.commands.execute(TEAM, team, caller(), DissolveTeam())
        await at.project(staff.VIEW)
        gone = (await staff.team(at.connection, team)).value
    assert gone
    assert (gone.dissolved, gone.provider) == (True, "independent")


async def test_an_analyst_shows_the_team_of_now(database: str) -> None:
    async with house(database) as at:
        await at.team("night")
        await at.team("day")
        dora = await at.analyst("dora", "night")
        await at.commands.execute(ANALYST, dora, caller(), ChangeTeam(team="day"))
        await at.project(staff.VIEW)
        found = (await staff.analyst(at.connection, dora)).value
        assert found
        assert (found.subject, found.team, found.version) == ("dora", "day", 2)
        await at.commands.execute(ANALYST, dora, caller(), Leave())
        await at.project(staff.VIEW)
        gone = (await staff.analyst(at.connection, dora)).value
    assert gone
    assert gone.team is None


async def test_nobody_is_found_where_there_is_none(database: str) -> None:
    async with house(database) as at:
        await at.team("night")
        await at.project(staff.VIEW)
        answers = [await find(at.connection, uuid4()) for find in (staff.team, staff.analyst)]
    assert [(answer.value, answer.log_position) for answer in answers] == [(None, 1), (None, 1)]


async def test_another_process_knows_the_staff_from_the_log_and_reads_nothing_twice(database: str) -> None:
    async with house(database) as at:
        night = await at.team("night", provider="third_party", provider_name="Central Exemplo")
        await at.analyst("dora", "night")
        other = Reference()
        await other.read(at.connection)
        assert other.staff == at.reference.staff
        assert other.staff.members == {"dora": "night"}
        await at.commands.execute(TEAM, night, caller(), ChangeProvider(provider="in_house"))
        await other.read(at.connection)
        assert other.staff.teams == {"night": Team(name="night", provider="in_house")}


async def test_lists_are_in_the_order_of_names_and_every_filter_keeps_what_it_names(database: str) -> None:
    async with house(database) as at:
        await at.team("night", provider="third_party", provider_name="Central Exemplo")
        await at.team("day", provider="third_party", provider_name="Outra Central")
        await at.team("cards")
        for subject, team in (("rui", "cards"), ("dora", "night"), ("ana", "cards")):
            await at.analyst(subject, team)
        await at.project(staff.VIEW)
        assert await teams(at) == ["cards", "day", "night"]
        assert await teams(at, sort="-name", provider="third_party") == ["night", "day"]
        assert await teams(at, provider_name="Outra Central") == ["day"]
        assert await teams(at, name="cards") == ["cards"]
        assert await analysts(at) == ["ana", "dora", "rui"]
        assert await analysts(at, team="cards", sort="-subject") == ["rui", "ana"]
        assert await analysts(at, subject="dora") == ["dora"]
        first = await staff.teams(at.connection, Teams(limit=2))
        rest = await staff.teams(at.connection, Teams(limit=2, cursor=first.next))
        assert [item.name for item in (*first.items, *rest.items)] == ["cards", "day", "night"]
