"""A receiver that is gone, down or slow is left alone in time, and slows no other."""

import asyncio
import threading

import pytest
from aiohttp import web

from domain.webhook import commands as c
from infra.webhooks import lanes, store
from tests.infra.logs import ask, run, until
from tests.infra.webhooks import by_stream, eventually, impatient, office, until_status
from tests.receiver import Received, answering, receiving, well

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("impatient")]
__all__ = ["impatient"]


async def test_a_receiver_that_is_gone_is_left_alone_until_somebody_resumes_it(database: str) -> None:
    async with office(database) as at, at.delivering():
        with receiving(answering(410)) as receiver:
            webhook_id = await at.webhook(receiver.url)
            await at.complaint(notes=2)

            async def disabled() -> bool:
                return (await at.state(webhook_id)).state == "disabled"

            await until(disabled)
            assert (await at.state(webhook_id)).cause == "gone"
            many = len(receiver.received)
            assert many == 1
            await at.complaint()
            await asyncio.sleep(0.3)
            assert len(receiver.received) == many
            receiver.answer = well
            await at.tell(webhook_id, c.ResumeWebhook())
            await at.until_settled(webhook_id)
            assert by_stream(receiver)[receiver.received[0].subject] == [2, 3, 4]
            assert set(receiver.positions()) >= {2, 3, 4, 6}


async def test_after_days_of_nothing_but_failures_a_webhook_is_warned_of_and_disabled(
    database: str,
) -> None:
    async with office(database) as at, at.delivering():
        with receiving(answering(500)) as receiver:
            webhook_id = await at.webhook(receiver.url)
            await at.complaint()
            await until_status(at, webhook_id, "retrying", 1)
            at.clock.put_on(days=1.1)

            async def warned() -> bool:
                return (await at.state(webhook_id)).warned_since is not None

            await until(warned)
            assert (await at.state(webhook_id)).state == "active"
            at.clock.put_on(days=4)
            await at.complaint()

            async def disabled() -> bool:
                return (await at.state(webhook_id)).state == "disabled"

            await until(disabled)
            assert (await at.state(webhook_id)).cause == "failing"
            tags = await ask(
                database, "SELECT tag FROM events WHERE stream_id = %s ORDER BY version", webhook_id
            )
            assert [tag for (tag,) in tags] == ["webhook-created", "webhook-warned", "webhook-disabled"]
            receiver.answer = well
            await at.tell(webhook_id, c.ResumeWebhook())
            await at.until_settled(webhook_id)
            assert (await at.standing(webhook_id)).failing_since is None


async def test_a_success_in_between_starts_the_days_anew(database: str) -> None:
    async with office(database) as at, at.delivering():
        with receiving(answering(500)) as receiver:
            webhook_id = await at.webhook(receiver.url)
            await at.complaint()
            await until_status(at, webhook_id, "retrying", 1)
            receiver.answer = well
            at.clock.put_on(days=4)
            await at.until_settled(webhook_id)
            receiver.answer = answering(500)
            at.clock.put_on(days=2)
            await at.complaint()
            await until_status(at, webhook_id, "retrying", 1)
            assert (await at.state(webhook_id)).state == "active"


async def test_a_receiver_that_hangs_slows_no_other(database: str) -> None:
    async def hanging(_request: web.Request, _received: Received) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    async with office(database) as at, at.delivering():
        with receiving(hanging) as slow, receiving() as quick:
            _, webhook_id = await at.webhook(slow.url), await at.webhook(quick.url)
            for _ in range(40):
                await at.complaint(notes=1)
            await at.until_settled(webhook_id)
            await eventually(lambda: slow.most_under_way)
            assert slow.most_under_way <= lanes.AT_ONCE


async def test_a_request_that_takes_long_holds_up_its_complaint_and_no_other(database: str) -> None:
    freed = threading.Event()

    async def answer(_request: web.Request, received: Received) -> web.StreamResponse:
        if received.position == 2:
            await asyncio.to_thread(freed.wait, 60)
        return web.Response()

    async with office(database) as at, at.delivering():
        with receiving(answer) as receiver:
            webhook_id = await at.webhook(receiver.url)
            await at.complaint(notes=2)
            for _ in range(5):
                await at.complaint(notes=1)
            await eventually(lambda: set(receiver.positions()) == set(range(5, 15)))
            await at.complaint()
            await eventually(lambda: 15 in receiver.positions())
            freed.set()
            await at.until_settled(webhook_id)
            assert [p for p in receiver.positions() if p < 5] == [2, 3, 4]
            assert len(receiver.received) == 14


async def test_while_a_receiver_is_down_its_events_stay_in_the_log_and_not_in_rows(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "BATCH", 20)
    async with office(database) as at, at.delivering():
        with receiving(answering(500)) as receiver:
            webhook_id = await at.webhook(receiver.url)
            for _ in range(100):
                await at.complaint()
            await eventually(lambda: len(receiver.received) >= lanes.DOWN)
            await asyncio.sleep(0.5)
            rows = await ask(database, "SELECT count(*) FROM webhook_deliveries")
            assert rows[0][0] <= 60
            receiver.answer = well
            at.clock.put_on(minutes=1)
            await at.until_settled(webhook_id)
            assert sorted(receiver.positions()) == list(range(2, 102))


async def test_when_a_receiver_answers_again_what_waits_for_it_is_tried_at_once(database: str) -> None:
    async with office(database) as at, at.delivering():
        with receiving(answering(500)) as receiver:
            webhook_id = await at.webhook(receiver.url)
            for _ in range(12):
                await at.complaint()

            async def down() -> bool:
                return (await at.standing(webhook_id)).failures >= lanes.DOWN

            await until(down)
            await run(
                database,
                """UPDATE ouvidoria.webhook_deliveries
                      SET next_try_at = next_try_at + interval '5 hours' WHERE position > 2""",
            )
            receiver.answer = well
            at.clock.put_on(minutes=30)
            await at.until_settled(webhook_id)


async def test_deliveries_that_succeeded_are_forgotten_but_the_last(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "KEPT", 5)
    monkeypatch.setattr("infra.webhooks.delivering.PRUNE_SECONDS", 0.05)
    async with office(database) as at, at.delivering():
        with receiving() as receiver:
            webhook_id = await at.webhook(receiver.url)
            for _ in range(12):
                await at.complaint()
            await at.until_settled(webhook_id)

            async def few() -> bool:
                return len(await at.deliveries(webhook_id)) == 5

            await until(few)
            assert [each.position for each in await at.deliveries(webhook_id)] == [13, 12, 11, 10, 9]
