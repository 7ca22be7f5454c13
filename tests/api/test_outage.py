"""The database goes away and comes back: every request is told, nothing is lost, nothing is done twice."""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from infra import access
from tests.api.line import Line, line_to
from tests.api.serving import REGISTER, Service, eventually, problem, serving


@pytest.fixture
def line(database: str) -> Iterator[Line]:
    with line_to(database) as found:
        yield found


@pytest.fixture
def service(line: Line, tmp_path: Path) -> Iterator[Service]:
    with serving(
        line.url, tmp_path, statement_timeout=2.0, command_timeout=10.0, longest_wait=2.0
    ) as running:
        yield running
        line.mend()


def requests(made: dict[str, Any]) -> list[tuple[str, str, Any]]:
    at = f"/v1/complaints/{made['id']}"
    return [
        ("GET", "/v1/complaints", None),
        ("GET", at, None),
        ("GET", f"{at}?version=1", None),
        ("GET", f"/v1/complaints/by-protocol/{made['protocol']}", None),
        ("GET", f"{at}/history", None),
        ("GET", "/v1/audit/trail", None),
        ("GET", "/v1/customers", None),
        ("GET", "/v1/me", None),
        ("GET", "/health/ready", None),
        ("POST", "/v1/complaints", REGISTER),
        ("POST", "/v1/customers", {"name": "Bia"}),
        ("POST", f"{at}/add-note", {"text": "x"}),
    ]


def ask_all(service: Service, made: dict[str, Any]) -> list[httpx.Response]:
    with ThreadPoolExecutor(12) as pool:
        return list(
            pool.map(lambda r: service.send(r[0], r[1], json=r[2], role="supervisor"), requests(made))
        )


def until_well(service: Service, made: dict[str, Any]) -> None:
    """Nobody restarts anything: the next requests simply succeed."""
    deadline = time.monotonic() + 60
    while {answer.status_code for answer in ask_all(service, made)} != {200, 201}:
        assert time.monotonic() < deadline


def test_every_request_is_told_to_come_back_and_is_served_when_the_database_is_there_again(
    service: Service, line: Line
) -> None:
    made = service.register()
    until_well(service, made)
    line.cut()
    # A fresh copy of the keys may open for two seconds.
    eventually(lambda: service.get("/v1/me").status_code != 200)
    for answer in ask_all(service, made):
        problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "1"
    unknown = {"authorization": "Bearer ouv_unknown"}
    problem(service.get("/v1/me", headers=unknown), 503, "unavailable")
    assert service.get("/health/live", role=None).status_code == 200
    line.mend()
    until_well(service, made)


def test_a_database_that_says_nothing_is_given_up(
    service: Service, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = service.register()
    until_well(service, made)
    monkeypatch.setattr(service.services.log._patience, "seconds", 1.0)
    monkeypatch.setattr(access, "READ_SECONDS", 1.0)
    line.hold()
    for answer in ask_all(service, made):
        if answer.status_code != 200:  # who am I, from a fresh copy of the keys
            problem(answer, 503, "unavailable")
            assert answer.headers["retry-after"] == "1"
    line.mend()
    until_well(service, made)


def test_who_would_wait_too_long_is_told_at_once_and_served_when_it_goes_on(
    service: Service, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is recorded of what is refused: the queue ends where patience does."""
    made = service.register()
    until_well(service, made)
    monkeypatch.setattr(access, "FRESH_SECONDS", 3600.0)  # who asks is known without the database
    monkeypatch.setattr(service.services.gate, "_longest", 0.3)
    recorded = service.head()
    line.hold()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(service.post, "/v1/complaints", REGISTER)
        eventually(lambda: service.services.gate._inside)
        time.sleep(0.5)
        answer = service.post("/v1/complaints", REGISTER)
        problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "1"
        assert not waiting.done()
        line.mend()
        assert waiting.result().status_code in (201, 503)
    until_well(service, made)
    assert service.head() > recorded


def notes_of(service: Service, made: dict[str, Any]) -> list[str]:
    """The texts of all notes but those that were added to see whether it is well."""
    while (history := service.get(f"/v1/complaints/{made['id']}/history")).status_code != 200:
        problem(history, 503, "unavailable")  # given a connection that was cut while nobody used it
    notes = [entry["data"]["text"] for entry in history.json()["items"] if entry["type"] == "note-added"]
    return [text for text in notes if text != "x"]


def test_commands_sent_again_with_their_keys_are_carried_out_once_each(service: Service, line: Line) -> None:
    made, chance = service.register(), random.Random(4)  # noqa: S311 - which moments are cut is no secret
    done = threading.Event()
    answers: dict[str, str] = {}

    def insist(text: str) -> None:
        headers = {"idempotency-key": uuid4().hex}
        while True:
            answer = service.post(f"/v1/complaints/{made['id']}/add-note", {"text": text}, headers=headers)
            if answer.status_code == 200:
                answers[text] = answer.text
                return
            problem(answer, 503, "unavailable")
            time.sleep(0.02)

    def work(worker: int) -> None:
        for number in range(12):
            insist(f"{worker}/{number}")

    def disturb() -> None:
        """Cut again and again, but not so often that nothing is answered in between."""
        while not done.is_set():
            answered = len(answers)
            done.wait(chance.uniform(0.02, 0.4))
            eventually(lambda: done.is_set() or len(answers) > answered)  # noqa: B023 - called at once
            line.cut()
            time.sleep(chance.uniform(0.0, 0.05))
            line.mend()

    disturber = threading.Thread(target=disturb)
    disturber.start()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    done.set()
    disturber.join()
    until_well(service, made)
    notes = notes_of(service, made)
    assert sorted(notes) == sorted(f"{worker}/{number}" for worker in range(6) for number in range(12))
    assert len(set(answers.values())) == len(notes)
