"""Reference data of decisions is read on as the log grows, up to what cannot be read."""

import asyncio

import pytest
from msgspec import structs

from infra.database import Link
from infra.events import UnknownEvent
from infra.log import Draft
from infra.projector import Wake
from infra.reference import Reference
from tests.infra.logs import NOW, request, serving, until
from tests.projections.house import house

pytestmark = pytest.mark.anyio


async def test_what_comes_before_an_event_that_nobody_knows_is_read_and_the_reader_waits_there(
    database: str,
) -> None:
    async with house(database) as at:
        await at.team("billing")
        unknown = [Draft("of-a-later-version", NOW, b"{}")]
        await at.log.append(structs.replace(request(wrapped_key=None), kind="team", events=unknown))
        link = Link(serving(database))
        reference = Reference(link.use)
        following = asyncio.create_task(reference.follow(Wake(serving(database))))

        async def read() -> bool:
            return following.done() or bool(reference.staff.teams)

        await until(read)
        following.cancel()
        await asyncio.wait([following])
        assert following.cancelled()
        assert [team.name for team in reference.staff.teams.values()] == ["billing"]
        await link.close()


async def test_a_process_begins_also_where_a_later_version_has_recorded_something(database: str) -> None:
    async with house(database) as at:
        await at.log.append(
            structs.replace(
                request(wrapped_key=None), kind="team", events=[Draft("of-a-later-version", NOW, b"{}")]
            )
        )
        link = Link(serving(database))
        reference = Reference(link.use)
        await reference.begin()
        with pytest.raises(UnknownEvent):  # what has to know the newest is told that it cannot
            await reference.refresh()
        await link.close()
