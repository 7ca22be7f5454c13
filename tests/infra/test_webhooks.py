"""Deliveries: at least once, in the order of each complaint, whatever a receiver does."""

import asyncio
import base64
from datetime import timedelta
from itertools import pairwise

import pytest
from standardwebhooks import Webhook

from domain.webhook import commands as c
from tests.infra.logs import ask, until
from tests.infra.webhooks import SECRETS, by_stream, covered, eventually, impatient, office, until_status
from tests.receiver import answering, failing, of_stream, receiving, well

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("impatient")]
__all__ = ["impatient"]


async def test_a_webhook_gets_everything_after_its_creation_in_order_and_can_tell(database: str) -> None:
    async with office(database) as at, at.delivering():
        with receiving() as receiver:
            await at.complaint(notes=3)
            webhook_id = await at.webhook(receiver.url)
            for _ in range(30):
                await at.complaint(notes=2)
            await at.until_settled(webhook_id)
            assert sorted(receiver.positions()) == list(range(6, 96))
            assert covered(receiver) == list(range(6, 96))
            assert all(found == sorted(found) for found in by_stream(receiver).values())
            assert (await at.standing(webhook_id)).position == 95


async def test_a_filtered_webhook_shows_that_it_missed_nothing_and_keeps_no_row_of_the_rest(
    database: str,
) -> None:
    async with office(database) as at, at.delivering():
        with receiving() as receiver:
            webhook_id = await at.webhook(receiver.url, types=("complaint-registered",))
            for _ in range(20):
                await at.complaint(notes=4)
            await at.until_settled(webhook_id)
            assert {received.event["type"] for received in receiver.taken} == {
                "ouvidoria.complaint-registered"
            }
            assert covered(receiver) == list(range(2, 98))
            assert len(await at.deliveries(webhook_id, limit=200)) == 20


@pytest.mark.parametrize(("payload", "says"), [("thin", False), ("full", True)])
async def test_a_payload_says_as_much_as_was_asked_and_nothing_personal(
    database: str, payload: str, says: bool
) -> None:
    async with office(database) as at, at.delivering():
        with receiving() as receiver:
            webhook_id = await at.webhook(receiver.url, payload=payload)
            await at.complaint(notes=1)
            await at.until_settled(webhook_id)
            registered = next(r for r in receiver.taken if r.position == 2)
            assert ("data" in registered.event) == says
            assert registered.event.get("data", {}).get("channel") == ("web" if says else None)
            assert all(b"Maria" not in received.body for received in receiver.taken)


async def test_a_failure_holds_up_its_complaint_and_no_other(database: str) -> None:
    async with office(database) as at, at.delivering():
        with receiving() as receiver:
            webhook_id = await at.webhook(receiver.url)
            bad = await at.complaint()
            await at.until_settled(webhook_id)
            receiver.answer = failing(of_stream(bad))
            held = [await at.note(bad) for _ in range(3)]
            others = [await at.complaint(notes=2) for _ in range(5)]
            await eventually(lambda: len(by_stream(receiver)) == 6)
            await eventually(lambda: all(len(by_stream(receiver)[str(o)]) == 3 for o in others))
            held.append(await at.note(bad))

            async def waits() -> bool:
                return bool((parked := await at.parked(webhook_id)) and parked[0].waiting == 3)

            await until(waits)
            (head,) = await at.parked(webhook_id)
            assert (head.position, head.stream_id, head.type) == (held[0], bad, "note-added")
            assert (head.status, head.attempts, head.response_status) == ("retrying", 1, 500)
            assert head.error == "answered 500"
            assert [r.position for r in receiver.received if r.subject == str(bad)].count(held[1]) == 0
            receiver.answer = well
            at.clock.put_on(minutes=1)
            await at.until_settled(webhook_id)
            assert by_stream(receiver)[str(bad)] == [2, *held]


async def test_a_replay_sends_again_from_a_position_under_the_same_ids(database: str) -> None:
    async with office(database) as at, at.delivering():
        with receiving() as receiver:
            await at.complaint(notes=4)
            webhook_id = await at.webhook(receiver.url)
            await at.complaint()
            await at.until_settled(webhook_id)
            first = {r.position: r.headers["webhook-id"] for r in receiver.taken}
            assert sorted(first) == [7]
            receiver.taken.clear()
            replay = await at.tell(webhook_id, c.Replay(from_position=3))
            await at.until_settled(webhook_id)
            assert sorted(receiver.positions()) == list(range(3, replay + 1))
            assert covered(receiver) == list(range(3, replay + 1))
            again = {r.position: r.headers["webhook-id"] for r in receiver.taken}
            assert again.items() >= first.items()


async def test_nothing_is_sent_while_paused_and_nothing_is_lost(database: str) -> None:
    async with office(database) as at, at.delivering():
        with receiving() as receiver:
            webhook_id = await at.webhook(receiver.url)
            await at.complaint()
            await at.until_settled(webhook_id)
            paused = await at.tell(webhook_id, c.PauseWebhook())
            await at.complaint(notes=3)
            await asyncio.sleep(0.3)
            assert max(receiver.positions()) <= paused
            await at.tell(webhook_id, c.ResumeWebhook())
            await at.until_settled(webhook_id)
            assert sorted(receiver.positions()) == list(range(2, paused + 6))


async def test_a_deleted_webhook_gets_nothing_and_leaves_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.webhooks.delivering.PRUNE_SECONDS", 0.05)
    async with office(database) as at, at.delivering():
        with receiving() as receiver:
            webhook_id = await at.webhook(receiver.url)
            await at.complaint()
            await at.until_settled(webhook_id)
            await at.tell(webhook_id, c.DeleteWebhook())

            async def left() -> bool:
                rows = await ask(database, "SELECT webhook_id FROM webhook_standings")
                return not rows and not await at.deliveries(webhook_id)

            await until(left)
            many = len(receiver.received)
            await at.complaint()
            await asyncio.sleep(0.2)
            assert len(receiver.received) == many


async def test_what_it_wants_counts_from_the_very_event_that_says_so(database: str) -> None:
    async with office(database) as at, at.delivering():
        with receiving() as receiver:
            webhook_id = await at.webhook(receiver.url, types=("note-added",))
            wanted = []
            for n in range(10):
                types = (("complaint-registered", "note-added")[n % 2],)
                position = await at.tell(webhook_id, c.ChangeWebhook(types=types))
                await at.complaint(notes=1)
                wanted.append(position + (1, 2)[types == ("note-added",)])
                await at.until_settled(webhook_id)
            assert sorted(receiver.positions()) == wanted


async def test_both_secrets_sign_while_two_are_live(database: str) -> None:
    async with office(database) as at, at.delivering():
        with receiving() as receiver:
            webhook_id = await at.webhook(receiver.url)
            await at.tell(webhook_id, c.RotateSecret())
            await at.complaint()
            await at.until_settled(webhook_id)
            received = next(r for r in receiver.taken if r.position == 3)
            headers = {name.lower(): value for name, value in received.headers.items()}
            assert len(headers["webhook-signature"].split()) == 2
            for generation in (1, 2):
                secret = base64.b64encode(SECRETS.webhook(webhook_id, generation)).decode()
                Webhook(secret).verify(received.body, headers)
            await at.tell(webhook_id, c.RetireSecret())
            await at.complaint()
            await at.until_settled(webhook_id)
            assert len(receiver.taken[-1].headers["webhook-signature"].split()) == 1


async def test_retry_after_is_honoured(database: str) -> None:
    async with office(database) as at, at.delivering():
        with receiving(answering(503, **{"Retry-After": "600"})) as receiver:
            webhook_id = await at.webhook(receiver.url)
            await at.complaint()
            await until_status(at, webhook_id, "retrying", 1)
            (head,) = await at.parked(webhook_id)
            assert head.next_try_at
            assert head.attempted_at
            assert timedelta(seconds=599) < head.next_try_at - head.attempted_at < timedelta(seconds=605)
            receiver.answer = well
            at.clock.put_on(seconds=500)
            await asyncio.sleep(0.2)
            assert len(receiver.received) == 1
            at.clock.put_on(seconds=110)
            await at.until_settled(webhook_id)


async def test_deliveries_are_told_page_by_page(database: str) -> None:
    async with office(database) as at, at.delivering():
        with receiving(failing(lambda r: r.position == 3)) as receiver:
            webhook_id = await at.webhook(receiver.url)
            for _ in range(4):
                await at.complaint()
            await eventually(lambda: len(receiver.received) == 4)
            await until_status(at, webhook_id, "retrying", 1)
            delivered = await at.deliveries(webhook_id, status="delivered")
            assert [each.position for each in delivered] == [5, 4, 2]
            assert {(each.response_status, each.error, each.attempts) for each in delivered} == {
                (204, None, 1)
            }
            assert all(one.position > two.position for one, two in pairwise(await at.deliveries(webhook_id)))
