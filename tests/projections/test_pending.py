"""Words that wait for their index are sorted in beside the followers, and are found before and after."""

import asyncio

import pytest

from infra import pending
from infra.pending import keep_short, sort_in
from projections import complaints
from tests.infra.logs import ask, served, serving, until
from tests.projections.house import house

pytestmark = pytest.mark.anyio

WAITING = """SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT gin_clean_pending_list%'
              AND wait_event_type = 'Lock' AND datname = current_database()"""
LOSE = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE query LIKE 'SELECT gin_clean_pending_list%' AND datname = current_database()"""


async def test_what_waits_is_found_before_and_after_it_is_sorted_in(database: str) -> None:
    async with house(database) as at:
        parcel = await at.register(subject="umbrella")
        await at.project(complaints.VIEW)

        assert await at.listed(q="umbrella") == [parcel]
        assert await sort_in(at.connection) > 0
        assert await at.listed(q="umbrella") == [parcel]
        assert await sort_in(at.connection) == 0


async def test_an_index_that_is_replaced_while_its_lock_is_waited_for_stops_nothing(database: str) -> None:
    async def waiting() -> bool:
        return bool(await ask(database, WAITING))

    async with served(database) as connection, served(database) as rebuilding:
        async with rebuilding.transaction():
            await rebuilding.execute("DROP INDEX complaints_text_4_document")
            sorting = asyncio.create_task(sort_in(connection))
            await until(waiting)
        assert await sorting >= 0


async def test_lists_are_kept_short_also_after_the_connection_is_lost(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "SECONDS", 0.01)
    async with house(database) as at:
        await at.project(complaints.VIEW)
        keeping = asyncio.create_task(keep_short(serving(database)))

        async def kept() -> bool:
            """By somebody else, once a complaint has come."""
            await at.register()
            await at.project(complaints.VIEW)
            await asyncio.sleep(0.05)
            async with served(database) as connection:
                return await sort_in(connection) == 0

        await until(kept)

        async def lost() -> bool:
            return bool(await ask(database, LOSE))

        await until(lost)
        await until(kept)
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeping


async def test_an_index_that_is_replaced_meanwhile_is_passed_over(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "INDEXES", "SELECT 'gone_meanwhile'")
    async with served(database) as connection:
        assert await sort_in(connection) == 0
