"""Sending one event: signed as Standard Webhooks has it, bounded whatever the receiver does."""

import asyncio
import base64
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from msgspec.structs import replace
from standardwebhooks import Webhook, WebhookVerificationError

from infra.webhooks import sending
from infra.webhooks.sending import Attempt, Message, Policy, Sender
from tests.infra.webhooks import LOOPBACK
from tests.ports import free_port
from tests.receiver import Answer, Received, answering, receiving, well

pytestmark = pytest.mark.anyio

SECRET, OLDER = bytes(range(32)), bytes(range(1, 33))
MESSAGE = Message(url="", message_id="a/1", body=b'{"id":"a/1"}', secrets=[SECRET, OLDER])


async def send(url: str, policy: Policy = LOOPBACK, **changes: Any) -> Attempt:
    async with Sender(policy) as sender:
        return await sender.send(replace(MESSAGE, url=url, **changes), datetime.now(UTC))


async def answered(answer: Answer, policy: Policy = LOOPBACK) -> Attempt:
    with receiving(answer) as receiver:
        return await send(f"{receiver.url}/hook", policy)


@pytest.mark.parametrize("secret", [SECRET, OLDER])
async def test_any_live_secret_verifies_what_is_sent(secret: bytes) -> None:
    with receiving() as receiver:
        attempt = await send(f"{receiver.url}/hook?x=1")
    assert (attempt.delivered, attempt.status, attempt.error) == (True, 204, None)
    (received,) = receiver.received
    headers = {name.lower(): value for name, value in received.headers.items()}
    verifier = Webhook("whsec_" + base64.b64encode(secret).decode())
    assert verifier.verify(received.body, headers) == {"id": "a/1"}
    assert (headers["webhook-id"], received.path) == ("a/1", "/hook?x=1")
    assert headers["content-type"] == "application/cloudevents+json"
    with pytest.raises(WebhookVerificationError):
        verifier.verify(received.body + b" ", headers)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_every_2xx_is_success(status: int) -> None:
    assert (await answered(answering(status))).delivered


@pytest.mark.parametrize("status", [400, 401, 404, 410, 429, 500, 503])
async def test_everything_else_is_not(status: int) -> None:
    attempt = await answered(answering(status, "no, sorry"))
    assert not attempt.delivered
    assert (attempt.status, attempt.error) == (status, f"answered {status}")
    assert attempt.response == ("no, sorry")
    assert attempt.gone == (status == 410)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    with receiving() as elsewhere, receiving(answering(status, Location=f"{elsewhere.url}/x")) as receiver:
        attempt = await send(receiver.url)
    assert attempt.error == f"answered {status}: redirects are not followed"
    assert elsewhere.received == []


async def test_retry_after_is_told() -> None:
    attempt = await answered(answering(503, **{"Retry-After": "30"}))
    assert attempt.retry_after == timedelta(seconds=30)


async def hanging(_request: web.Request, _received: Received) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


def streaming(chunk: bytes, pause: float, status: int = 200) -> Answer:
    """Sends for ever, as long as it is read."""

    async def answer(request: web.Request, _received: Received) -> web.StreamResponse:
        response = web.StreamResponse(status=status)
        await response.prepare(request)
        while True:
            await response.write(chunk)
            await asyncio.sleep(pause)

    return answer


async def test_a_receiver_that_hangs_is_given_up() -> None:
    attempt = await answered(hanging, replace(LOOPBACK, timeout=0.2))
    assert attempt.error == "no whole answer within 0.2 s"


@pytest.mark.parametrize(("chunk", "pause"), [(b"x" * 65_536, 0), (b"x", 0.05)])
async def test_an_endless_answer_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, chunk: bytes, pause: float
) -> None:
    monkeypatch.setattr(sending, "BODY_SECONDS", 0.3)
    attempt = await answered(streaming(chunk, pause))
    assert attempt.delivered
    assert attempt.response is not None
    assert set(attempt.response) <= {"x"}
    assert len(attempt.response) <= sending.SHOWN_CHARACTERS
    failed = await answered(streaming(chunk, pause, status=500))
    assert failed.error == "answered 500"


async def test_ten_megabytes_are_not_read() -> None:
    sent = 0

    async def big(request: web.Request, _received: Received) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(160):
            await response.write(b"x" * 65_536)
            sent += 65_536
        return response

    attempt = await answered(big)
    assert attempt.response == "x" * sending.SHOWN_CHARACTERS
    assert sent < 10 * 1024 * 1024


async def test_an_answer_is_kept_as_text_that_a_database_takes() -> None:
    async def odd(_request: web.Request, _received: Received) -> web.StreamResponse:
        return web.Response(body=b"a\x00\xff\xe3b")

    assert (await answered(odd)).response == "a\ufffd\ufffd\ufffdb"


async def test_a_receiver_that_is_not_there_is_an_error() -> None:
    attempt = await send(f"http://127.0.0.1:{free_port()}/")
    assert attempt.status is None
    assert attempt.error is not None
    assert "ConnectionRefusedError" in attempt.error


async def test_an_answer_that_is_no_http_is_an_error() -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"nonsense\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        attempt = await send(f"http://127.0.0.1:{port}/")
    assert attempt.error
    assert not attempt.delivered


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"])
async def test_nothing_is_sent_to_an_address_that_is_not_allowed(host: str) -> None:
    with receiving() as receiver:
        attempt = await send(f"http://{host}:{receiver.port}/", Policy(http=True))
    assert attempt.error is not None
    assert attempt.error.startswith("Forbidden: ") or "no address" in attempt.error, attempt.error
    assert receiver.received == []


async def test_what_a_name_leads_to_is_checked_when_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to("127.0.0.1", "::1"))
    with receiving() as receiver:
        attempt = await send(f"http://crm.example.com:{receiver.port}/", Policy(http=True))
        assert attempt.error is not None
        assert "127.0.0.1 is not a public address" in attempt.error
        assert receiver.received == []
        assert (await send(f"http://crm.example.com:{receiver.port}/", LOOPBACK)).delivered
    assert receiver.received[0].headers["Host"] == f"crm.example.com:{receiver.port}"


def resolving_to(*addresses: str, slow: threading.Event | None = None) -> Callable[..., list[Any]]:
    """What takes the place of the system's resolver; names with `slow` in them wait until the event."""

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if slow and "slow" in host:
            slow.wait(30)
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (each, port, 0, 0))
            if ":" in each
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in addresses
        ]

    return getaddrinfo


async def test_names_that_take_long_to_resolve_keep_no_other_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    freed = threading.Event()
    with receiving() as receiver:
        monkeypatch.setattr(socket, "getaddrinfo", resolving_to("127.0.0.1", slow=freed))
        async with Sender(LOOPBACK) as sender:

            async def to(host: str) -> Attempt:
                message = replace(MESSAGE, url=f"http://{host}:{receiver.port}/")
                return await sender.send(message, datetime.now(UTC))

            slow = [asyncio.create_task(to(f"slow{n}.example.com")) for n in range(40)]
            await asyncio.sleep(0.1)
            assert (await to("quick.example.com")).delivered
            assert not any(each.done() for each in slow)
            freed.set()
            assert all(each.delivered for each in await asyncio.gather(*slow))


async def test_cookies_are_not_kept() -> None:
    async def baking(_request: web.Request, _received: Received) -> web.StreamResponse:
        response = web.Response()
        response.set_cookie("session", "1")
        return response

    with receiving(baking) as receiver:
        async with Sender(LOOPBACK) as sender:
            for _ in range(2):
                await sender.send(replace(MESSAGE, url=receiver.url), datetime.now(UTC))
    assert ["Cookie" in received.headers for received in receiver.received] == [False, False]


async def test_the_time_in_the_signature_is_the_time_of_sending() -> None:
    with receiving(well) as receiver:
        await send(receiver.url)
    assert abs(int(receiver.received[0].headers["webhook-timestamp"]) - time.time()) < 60
