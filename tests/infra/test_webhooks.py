"""Deliveries: at least once, in the order of each complaint, whatever a receiver does."""

import asyncio
import base64
import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from aiohttp import web
from msgspec.structs import replace
from standardwebhooks import Webhook

from domain.webhook import commands as c
from infra.webhooks import lanes, schedule, store
from tests.infra.logs import ask, run, until
from tests.infra.webhooks import LOOPBACK, SECRETS, Office, eventually, impatient, office
from tests.receiver import Answer, Received, Receiver, answering, receiving, well

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("impatient")]
__all__ = ["impatient"]


def failing(wanted: Callable[[Received], bool], status: int = 500, **headers: str) -> Answer:
    """Fails on some events and takes the others."""

    async def answer(_request: web.Request, received: Received) -> web.StreamResponse:
        return web.Response(status=status if wanted(received) else 204, headers=headers)

    return answer


def of_stream(stream_id: UUID) -> Callable[[Received], bool]:
    return lambda received: received.subject == str(stream_id)


def by_stream(receiver: Receiver) -> dict[str, list[int]]:
    """The positions of what was taken, the first time each, of every stream."""
    found: dict[str, list[int]] = {}
    for received in receiver.taken:
        positions = found.setdefault(received.subject, [])
        if received.position not in positions:
            positions.append(received.position)
    return found


def covered(receiver: Receiver) -> list[int]:
    """Every position that the deliveries say they cover, in order."""
    spans = {r.position: int(r.event["coversfrom"]) for r in receiver.taken}
    return [each for last, first in sorted(spans.items()) for each in range(first, last + 1)]


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


async def until_received(receiver: Receiver, many: int) -> None:
    await eventually(lambda: len(receiver.received) >= many)


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


async def until_status(at: Office, webhook_id: UUID, status: str, attempts: int) -> None:
    async def so() -> bool:
        found = await at.parked(webhook_id)
        return bool(found) and (found[0].status, found[0].attempts) == (status, attempts)

    await until(so)


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
        await asyncio.sleep(30)
        return web.Response()

    patient = replace(LOOPBACK, timeout=30.0)
    async with office(database) as at, at.delivering(patient):
        with receiving(hanging) as slow, receiving() as quick:
            _, webhook_id = await at.webhook(slow.url), await at.webhook(quick.url)
            for _ in range(40):
                await at.complaint(notes=1)
            await at.until_settled(webhook_id)
            assert 1 <= slow.most_under_way <= lanes.AT_ONCE


async def test_a_request_that_takes_long_holds_up_its_complaint_and_no_other(database: str) -> None:
    freed = threading.Event()

    async def answer(_request: web.Request, received: Received) -> web.StreamResponse:
        if received.position == 2:
            await asyncio.to_thread(freed.wait, 30)
        return web.Response()

    patient = replace(LOOPBACK, timeout=30.0)
    async with office(database) as at, at.delivering(patient):
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
            for seconds in (8, 30):
                before = len(receiver.received)
                await until_received(receiver, min(before + 1, 20))
                at.clock.put_on(seconds=seconds)
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
