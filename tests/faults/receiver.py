"""A receiver of webhooks that flaps, and remembers what it has confirmed and what came out of turn."""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, get_args

import httpx
from standardwebhooks import Webhook, WebhookVerificationError

from tests.faults.readers import Seen

Mood = Literal["well", "refusing", "breaking", "moody"]
FINISH_SECONDS = 240.0  # what was under way in a killed process is sent again after a minute


class Receiver:
    """Confirms deliveries, or refuses them, or breaks off, as it is in the mood."""

    def __init__(self, seed: int, url: str, token: str) -> None:
        self.mood: Mood = "well"
        self.violations: list[str] = []
        self._confirmed: set[Seen] = set()
        self._reached: dict[str, int] = defaultdict(int)
        self._chance = random.Random(f"{seed}/receiver")  # noqa: S311 - chance is no secret here
        self._free = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._client = httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=15)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._subscribe()

    def _subscribe(self) -> None:
        body = {"url": f"http://127.0.0.1:{self._server.server_address[1]}/", "payload": "thin"}
        answer = self._client.post("/v1/webhooks", json=body)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        self._id, self._from = made["id"], made["position"]
        self._reached[self._id] = made["version"]
        self._secret = Webhook(made["secret"])
        self._thread.start()

    def flap(self) -> None:
        """Be in another mood from now on."""
        self.mood = self._chance.choice([mood for mood in get_args(Mood) if mood != self.mood])

    def finish(self, log: Sequence[Seen]) -> Iterator[str]:
        """Be well, and tell what never came, or came out of turn."""
        self.mood = "well"
        due = {event for event in log if event.position > self._from}
        deadline = time.monotonic() + FINISH_SECONDS
        while due - self._confirmed and time.monotonic() < deadline:
            self._client.post(f"/v1/webhooks/{self._id}/resume-parked", json={})
            time.sleep(1)
        yield from self.violations
        for missing in sorted(due - self._confirmed)[:5]:
            yield f"{missing} was not delivered"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._client.close()

    def receive(self, body: bytes, headers: dict[str, str]) -> Mood:
        """What becomes of a delivery; only a confirmed one counts as received."""
        mood: Mood = self.mood
        if mood == "moody":
            mood = self._chance.choice(["well", "refusing", "breaking"])
        with self._free:
            try:
                event = self._secret.verify(body, headers)
            except WebhookVerificationError as error:
                self.violations.append(f"a delivery has a bad signature: {error}")
                return "refusing"
            self._take(event, confirmed=mood == "well")
        return mood

    def _take(self, event: dict[str, Any], *, confirmed: bool) -> None:
        stream, version = event["id"].rsplit("/", 1)
        if int(version) > self._reached[stream] + 1:
            self.violations.append(f"{event['id']} came when {self._reached[stream]} was the last confirmed")
        if confirmed:
            self._reached[stream] = max(self._reached[stream], int(version))
            self._confirmed.add(Seen(int(event["sequence"]), event["id"]))


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Whoever calls may be killed in the middle."""


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            mood = receiver.receive(body, {name.lower(): value for name, value in self.headers.items()})
            if mood == "breaking":
                self.close_connection = True
                return
            self.send_response(200 if mood == "well" else 503)
            if mood == "refusing":
                self.send_header("retry-after", "1")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Handler
