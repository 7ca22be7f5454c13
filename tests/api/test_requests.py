"""Every response names its request; the log lines and events of the request name it too, and nobody else."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog

from infra import logs
from tests.api.serving import REGISTER, Service, serving

MARK = "Zuleica"
Lines = Callable[[], list[dict[str, Any]]]
PERSON = {"name": f"{MARK} da Silva", "email": f"{MARK}@example.org".lower(), "phone": "+55 11 98765-4321"}
MARKS = (MARK, MARK.lower(), "98765-4321", "%5Auleica")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave logging as the other tests have it."""
    root, access = logging.getLogger(), logging.getLogger("uvicorn.access")
    before = (root.handlers[:], root.level, access.disabled, sys.excepthook, structlog.get_config())
    yield
    root.handlers[:], root.level, access.disabled, sys.excepthook = before[:4]
    structlog.configure(**before[4])


def logged(service: Service, capsys: pytest.CaptureFixture[str]) -> Lines:
    """What reads the lines that are logged from here on; pytest has another standard error for fixtures."""
    capsys.readouterr()
    logs.configure(service.settings)
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize("given", ["abc", "a" * 128, "2026.11:22_x-y"])
def test_a_sane_request_id_is_given_back(service: Service, given: str) -> None:
    answer = service.get("/health/live", role=None, headers={"x-request-id": given})
    assert answer.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a b", "a" * 129, "é".encode("latin-1"), 'x"y', "<script>", None])
def test_any_other_request_id_is_replaced(service: Service, given: str | bytes | None) -> None:
    headers = {} if given is None else {"x-request-id": given}
    answer = service.get("/health/live", role=None, headers=headers)
    assert UUID(answer.headers["x-request-id"]).version == 4


def test_every_response_names_its_request(service: Service) -> None:
    large = "x" * (service.settings.body_limit + 1)
    answers = [
        service.get("/nowhere"),
        service.send("DELETE", "/v1/complaints"),
        service.send("POST", "/v1/complaints", content=large, headers={"connection": "close"}),
        service.send("POST", "/v1/complaints", content="x", headers={"content-type": "text/plain"}),
        service.get("/v1/me", role=None),
        service.send("OPTIONS", "/v1/complaints"),
        service.send("HEAD", "/v1/complaints"),
        service.get("/schema"),
        service.get("/problems/malformed"),
    ]
    assert [answer.status_code for answer in answers] == [404, 405, 413, 415, 401, 204, 200, 200, 200]
    ids = [answer.headers.get_list("x-request-id") for answer in answers]
    assert [len(each) for each in ids] == [1] * 9
    assert len({each[0] for each in ids}) == 9


def test_an_event_and_the_log_line_carry_the_id_of_their_request(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = logged(service, capsys)
    answer = service.post("/v1/complaints", REGISTER, headers={"x-request-id": "seen-7"})
    made = answer.json()
    assert made["events"][0]["correlation_id"] == "seen-7"
    noted = service.post(
        f"/v1/complaints/{made['id']}/add-note", {"text": "x"}, headers={"x-request-id": "seen-8"}
    )
    assert noted.status_code == 200
    history = service.get(f"/v1/complaints/{made['id']}/history").json()["items"]
    assert [entry["correlation"] for entry in history] == ["seen-7", "seen-8"]
    written = {line.get("request_id"): line for line in lines() if line["event"] == "request"}
    assert (
        written["seen-8"]
        | {
            "method": "POST",
            "route": "/v1/complaints/{stream_id}/add-note",
            "id": made["id"],
            "status": 200,
        }
        == written["seen-8"]
    )
    assert {"timestamp", "level", "ms"} <= written["seen-8"].keys()


def test_a_request_without_a_route_is_logged_without_its_path(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = logged(service, capsys)
    service.get(f"/{MARK}?q={MARK}")
    (line,) = [line for line in lines() if line["event"] == "request"]
    assert (line["route"], line["status"]) == (None, 404)


def drive(service: Service) -> None:
    """A whole case, and everything that can go wrong with one, all of it about one person."""
    said = f"{MARK} says: 98765-4321"
    customer = service.post("/v1/customers", {**PERSON, "external_ref": MARK}).json()["id"]
    service.post(f"/v1/customers/{customer}/change-contact", {"name": said, "remove": ["phone"]})
    made = service.register(
        subject=said,
        description=said,
        contact=PERSON,
        customer_id=customer,
        remedy_sought=said,
        subject_refs=[{"type": "account", "value": MARK}],
    )
    case = f"/v1/complaints/{made['id']}"
    for command, fields in (
        ("acknowledge", {"channel": "email", "message": said}),
        ("assign", {"analyst": "ana", "reason": said}),
        ("contact-customer", {"channel": "phone", "summary": said, "outcome": "reached"}),
        ("request-information", {"question": said}),
        ("record-reply", {"channel": "email", "message": said}),
        ("consult-sector", {"sector": "billing", "question": said}),
        ("record-sector-answer", {"sector": "billing", "answer": said}),
        ("propose-resolution", {"outcome": "upheld", "summary": said, "channel": "email"}),
        ("reject-resolution", {"channel": "email", "reason": said}),
        ("resolve", {"outcome": "upheld", "summary": said, "basis": "final_position"}),
        ("close", {"reason": "no_reply"}),
        ("reopen", {"reason": said}),
        ("add-note", {"text": said}),
        ("withdraw", {"by": "customer", "reason": said}),
    ):
        service.do(made["id"], command, **fields)
    for path in (case, f"{case}?version=3", f"{case}/history", f"/v1/complaints?q={MARK}", "/v1/customers"):
        assert service.fresh(path).status_code == 200
    service.fresh("/v1/customers", params={"email": PERSON["email"]})
    failing = [
        service.post("/v1/complaints", {"subject": [MARK], MARK: said, "contact": {MARK: 1, "email": MARK}}),
        service.send("POST", "/v1/complaints", content=f"{{{MARK}"),
        service.send("POST", "/v1/complaints", content=f'{{"subject": "{MARK}", "subject": "{MARK}"}}'),
        service.post(f"{case}/close", {"reason": said}),
        service.post(f"{case}/add-note", {"text": said, "occurred_at": "2190-01-01T00:00:00Z"}),
        service.post(f"{case}/add-note", {"text": said}, headers={"if-match": f'"{MARK}"'}),
        service.post(f"{case}/add-note", {"text": said}, headers={"idempotency-key": f"~{MARK}"}),
        service.post(f"{case}/record-sector-answer", {"sector": MARK, "answer": said}),
        service.get("/v1/complaints", params={MARK: MARK, "severity": MARK, "cursor": MARK}),
        service.get("/v1/customers", params={"email": MARK}),
        service.get(f"/v1/complaints/by-protocol/{MARK}"),
        service.get(f"/{MARK}"),
        service.get(f"{case}/{MARK}"),
        service.send("DELETE", f"{case}/{MARK}"),
        service.get("/v1/me", token=MARK),
        service.get("/v1/me", headers={"x-request-id": f"{MARK} {MARK}"}),
    ]
    assert [answer.status_code for answer in failing[:-1] if answer.status_code < 400] == []


def test_no_log_line_says_whose_case_it_is(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(database, tmp_path, log_level="debug") as service:
        logs.configure(service.settings)
        drive(service)
    captured = capsys.readouterr()
    assert captured.err.count('"event":"request"') >= 35
    assert [mark for mark in MARKS if mark in captured.err + captured.out] == []


def test_what_nobody_expected_is_told_without_detail_and_logged_with_its_place(
    service: Service, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = logged(service, capsys)
    made = service.register()

    async def stumble(*_: object) -> None:
        raise ValueError(f"{MARK} da Silva")

    monkeypatch.setattr(service.services.log, "append", stumble)
    body = {"text": f"{MARK} again"}
    answer = service.post(f"/v1/complaints/{made['id']}/add-note", body, headers={"x-request-id": "lost-1"})
    assert answer.status_code == 500
    assert answer.json().keys() == {"type", "title", "status"}
    assert answer.headers["x-request-id"] == "lost-1"
    written = [line for line in lines() if line.get("request_id") == "lost-1"]
    (unexpected,) = [line for line in written if line["event"] == "unexpected"]
    assert unexpected["exception"][0]["type"] == "ValueError"
    assert any("stumble" in frame for frame in unexpected["exception"][0]["frames"])
    assert MARK not in json.dumps(written)
    monkeypatch.undo()
    assert service.post(f"/v1/complaints/{made['id']}/add-note", body).status_code == 200
