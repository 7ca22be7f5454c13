"""What falls due: open promises and reminders, oldest first, read through their index."""

from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

import pytest
from psycopg.rows import tuple_row

from domain.complaint import commands as c
from projections import deadlines
from projections.deadlines import DUE, NEXT, VIEW
from tests.domain.spec import PROMISE, REMIND, RESOLVE
from tests.infra.logs import NOW
from tests.projections.house import House, house

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def promise(due_at: datetime) -> c.Promise:
    return c.Promise(what="A call.", due_at=due_at)


def remind(at: datetime) -> c.SetReminder:
    return c.SetReminder(at=at, text="Ask billing again.")


async def due(at: House, moment: datetime, limit: int = 10) -> list[tuple[UUID, str, datetime]]:
    found = await deadlines.due(at.connection, moment, limit)
    return [(each.complaint_id, each.kind, each.due_at) for each in found]


async def test_promises_and_reminders_fall_due_oldest_first(database: str) -> None:
    async with house(database) as at:
        assert await at.project(VIEW) == 0
        assert await deadlines.next_due(at.connection) is None
        first = await at.register(promise(NOW + 3 * HOUR), remind(NOW + 2 * HOUR))
        second = await at.register(promise(NOW + HOUR), promise(NOW + DAY))
        await at.project(VIEW)
        assert await deadlines.next_due(at.connection) == NOW + HOUR
        assert await due(at, NOW + HOUR - timedelta(microseconds=1)) == []
        assert await due(at, NOW + HOUR) == [(second, "promise", NOW + HOUR)]
        fallen = [
            (second, "promise", NOW + HOUR),
            (first, "reminder", NOW + 2 * HOUR),
            (first, "promise", NOW + 3 * HOUR),
        ]
        assert await due(at, NOW + 4 * HOUR) == fallen
        assert await due(at, NOW + 4 * HOUR, limit=2) == fallen[:2]


async def test_what_is_recorded_kept_or_put_off_is_not_due_any_more(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(
            promise(NOW + HOUR), promise(NOW + 2 * HOUR), promise(NOW + 3 * HOUR), remind(NOW + 4 * HOUR)
        )
        await at.project(VIEW)
        missed, kept, moved, reminder = await deadlines.due(at.connection, NOW + DAY, 10)
        assert (reminder.kind, reminder.due_at) == ("reminder", NOW + 4 * HOUR)
        await at.do(stream, c.FulfilPromise(promise_id=kept.item_id))
        await at.do(stream, c.ReschedulePromise(promise_id=moved.item_id, due_at=NOW + 2 * DAY))
        await at.project(VIEW)
        assert [item.item_id for item in await deadlines.due(at.connection, NOW + DAY, 10)] == [
            missed.item_id,
            reminder.item_id,
        ]
        at.now = NOW + DAY
        await at.do(stream, c.RecordMissedPromise(promise_id=missed.item_id), origin="system")
        await at.do(stream, c.RecordDueReminder(reminder_id=reminder.item_id), origin="system")
        await at.project(VIEW)
        assert await due(at, NOW + DAY) == []
        assert await deadlines.next_due(at.connection) == NOW + 2 * DAY
        await at.do(stream, c.FulfilPromise(promise_id=missed.item_id))
        await at.project(VIEW)
        assert await due(at, NOW + 2 * DAY) == [(stream, "promise", NOW + 2 * DAY)]


async def test_what_was_promised_falls_due_after_the_end_too(database: str) -> None:
    async with house(database) as at:
        stream = await at.register(PROMISE, REMIND, RESOLVE)
        await at.project(VIEW)
        assert sorted(await due(at, NOW + DAY)) == [
            (stream, "promise", NOW + DAY),
            (stream, "reminder", NOW + DAY),
        ]


@pytest.mark.parametrize("query", [DUE, NEXT], ids=["what is due", "what is next"])
async def test_the_cost_follows_what_falls_due_and_not_what_is_open(
    database: str, query: LiteralString
) -> None:
    async with house(database) as at:
        await at.project(VIEW)
        await at.connection.execute(
            """INSERT INTO deadlines_1 SELECT md5(n::text)::uuid, md5(n::text)::uuid, 'promise',
                      %s::timestamptz + n * interval '1 minute' FROM generate_series(1, 20000) AS n""",
            [NOW],
        )
        await at.connection.execute("ANALYZE deadlines_1")
        arguments = [NOW + HOUR, 500] if query == DUE else []
        async with at.connection.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(b"EXPLAIN (ANALYZE, FORMAT JSON) " + query.encode(), arguments)
            found = await cursor.fetchone()
    assert found
    plan = found[0][0]["Plan"]
    scan = plan["Plans"][0]
    assert (plan["Node Type"], scan["Index Name"]) == ("Limit", "deadlines_1_due")
    assert scan["Actual Rows"] == (60 if query == DUE else 1)
