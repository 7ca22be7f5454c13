"""What fails is tried again, then parked, and waits until somebody resumes or skips it."""

import asyncio

import pytest

from domain.webhook import commands as c
from infra.webhooks import schedule
from tests.infra.logs import until
from tests.infra.webhooks import by_stream, impatient, office, until_received, until_status
from tests.receiver import answering, failing, receiving, well

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("impatient")]
__all__ = ["impatient"]


async def test_an_event_is_tried_ten_times_and_then_parked_until_it_is_resumed(database: str) -> None:
    async with office(database) as at, at.delivering():
        with receiving(answering(500)) as receiver:
            webhook_id = await at.webhook(receiver.url, types=("complaint-registered", "note-added"))
            await at.complaint(notes=1)
            for tries in range(1, schedule.TRIES):
                await until_received(receiver, tries)
                await asyncio.sleep(0.1)
                assert len(receiver.received) == tries
                await until_status(at, webhook_id, "retrying", tries)
                at.clock.put_on(seconds=(schedule.pause(tries, 1)).total_seconds() + 1)
            await until_status(at, webhook_id, "parked", schedule.TRIES)
            at.clock.put_on(days=1)
            await asyncio.sleep(0.1)
            assert len(receiver.received) == schedule.TRIES
            (head,) = await at.parked(webhook_id)
            assert (head.next_try_at, head.waiting) == (None, 1)
            receiver.answer = well
            await at.tell(webhook_id, c.ResumeParked(stream_id=head.stream_id))
            await at.until_settled(webhook_id)
            assert receiver.positions() == [2, 3]


async def test_resuming_one_complaint_leaves_the_others_parked(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "TRIES", 1)
    async with office(database) as at, at.delivering():
        with receiving(failing(lambda r: r.event["type"].endswith("registered"))) as receiver:
            webhook_id = await at.webhook(receiver.url)
            one, other = await at.complaint(), await at.complaint(notes=1)

            async def both() -> bool:
                return [head.status for head in await at.parked(webhook_id)] == ["parked"] * 2

            await until(both)
            receiver.answer = well
            await at.tell(webhook_id, c.ResumeParked(stream_id=one))

            async def one_is_through() -> bool:
                return [head.stream_id for head in await at.parked(webhook_id)] == [other]

            await until(one_is_through)
            assert str(other) not in by_stream(receiver)
            await at.tell(webhook_id, c.ResumeParked())
            await at.until_settled(webhook_id)
            assert by_stream(receiver)[str(other)] == [3, 4]


async def test_a_skipped_event_lets_those_behind_it_go_on(database: str) -> None:
    async with office(database) as at, at.delivering():
        with receiving(failing(lambda r: r.position == 2)) as receiver:
            webhook_id = await at.webhook(receiver.url)
            await at.complaint(notes=2)
            await until_status(at, webhook_id, "retrying", 1)
            await at.tell(webhook_id, c.SkipDelivery(position=2, reason="Unreadable."))
            await at.until_settled(webhook_id)
            assert [r.position for r in receiver.taken if r.position in {2, 3, 4}] == [3, 4]
            (skipped,) = await at.deliveries(webhook_id, status="skipped")
            assert skipped.position == 2
