"""Many commands in one request: a verdict for each, in order, and none lost."""

import json
import threading
from typing import Any

import httpx
import pytest

from api import batch
from tests.api.serving import NOWHERE, REGISTER, Service, problem, wrong

NDJSON = {"content-type": "application/x-ndjson"}


def send(
    service: Service, lines: list[Any], *, role: str = "integrator", **headers: str
) -> list[dict[str, Any]]:
    answer = post(service, lines, role=role, **headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson"), answer.text
    verdicts = [json.loads(line) for line in answer.text.splitlines()]
    positions = [verdict.get("position", 0) for verdict in verdicts]
    assert answer.headers["log-position"] == str(max(positions, default=0))
    return verdicts


def post(service: Service, lines: list[Any], *, role: str = "integrator", **headers: str) -> httpx.Response:
    content = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.send(
        "POST", "/v1/complaints:batch", role=role, content=content.encode(), headers={**NDJSON, **named}
    )


def slugs(verdicts: list[dict[str, Any]]) -> list[str]:
    return [v["problem"]["type"].rpartition("/")[2] if "problem" in v else v["state"] for v in verdicts]


def test_each_line_has_its_verdict_in_order_and_bad_ones_stop_nobody(service: Service) -> None:
    made = service.register()
    lines = [
        REGISTER,
        {"command": "register", "body": REGISTER},
        "{nonsense",
        {"command": "investigate", "id": made["id"]},
        {"body": {**REGISTER, "anonymity": "anonymous"}},
        {"command": "explode", "id": made["id"]},
        {"command": "record-reply", "id": NOWHERE, "body": {"channel": "x", "message": "y"}},
        {"command": "close", "id": made["id"], "body": {"reason": "accepted"}},
        {"command": "add-note", "id": made["id"], "body": {"text": 7, "more": 1}},
        {"subject": "x"},
        {"command": "add-note", "body": {"text": "x"}},
        {"command": "register", "id": made["id"], "body": REGISTER},
    ]
    verdicts = send(service, lines, role="supervisor")
    assert [verdict["line"] for verdict in verdicts] == list(range(1, 13))
    assert [verdict["status"] for verdict in verdicts] == [201, 201, 400, 200, 201, 400, 404, 409, *[400] * 4]
    assert verdicts[0].keys() == {"line", "status", "id", "protocol", "state", "version", "position"}
    assert (verdicts[3]["id"], verdicts[3]["state"], verdicts[3]["version"]) == (made["id"], "in_progress", 2)
    assert len(verdicts[4]["access_code"]) == 19
    paths = [
        [each["path"] for each in v["problem"].get("errors", [])] for v in verdicts if v["status"] == 400
    ]
    assert paths[0] == ["$"]
    assert paths[1:] == [
        ["$.command"], ["$.body.more", "$.body.text"], ["$.description", "$.channel"], ["$.id"], ["$.id"],
    ]  # fmt: skip
    read = service.fresh(f"/v1/complaints/{verdicts[1]['id']}")
    assert read.json()["protocol"] == verdicts[1]["protocol"]


def test_blank_lines_count_and_have_no_verdict(service: Service) -> None:
    verdicts = send(service, ["", REGISTER, "  \r", REGISTER, "", ""])
    assert [verdict["line"] for verdict in verdicts] == [2, 4]
    assert send(service, []) == []


def test_a_batch_sent_again_with_its_key_does_nothing_twice(service: Service) -> None:
    lines = [REGISTER, {"subject": "x"}, {**REGISTER, "subject": "Another"}]
    first = send(service, lines, idempotency_key="day-1")
    head = service.head()
    again = send(service, lines, idempotency_key="day-1")
    assert service.head() == head
    assert [v.pop("replayed", None) for v in again] == [True, None, True]
    assert again == first
    changed = send(service, [{**REGISTER, "subject": "Changed"}], idempotency_key="day-1")
    assert slugs(changed) == ["idempotency-key-reused"]
    alone = service.post(
        "/v1/complaints", REGISTER, role="integrator", headers={"idempotency-key": "day-1/1"}
    )
    assert alone.json()["id"] == first[0]["id"]


def test_what_was_cut_off_is_done_when_the_batch_comes_again(service: Service) -> None:
    first = send(service, [REGISTER], idempotency_key="cut")
    again = send(service, [REGISTER, REGISTER], idempotency_key="cut")
    assert again[0]["id"] == first[0]["id"]
    assert [verdict.get("replayed") for verdict in again] == [True, None]


def test_lines_of_a_complaint_are_carried_out_in_their_order(service: Service) -> None:
    ids = [service.register()["id"] for _ in range(20)]
    steps: list[tuple[str, dict[str, Any]]] = [
        ("investigate", {}),
        ("request-information", {"question": "Which?"}),
        ("record-reply", {"channel": "email", "message": "This."}),
        ("propose-resolution", {"outcome": "upheld", "summary": "Yes.", "channel": "email"}),
        ("accept-resolution", {"channel": "email"}),
        ("close", {"reason": "accepted"}),
    ]
    lines = [{"command": verb, "id": each, "body": body} for verb, body in steps for each in ids]
    verdicts = send(service, lines, role="analyst")
    assert {verdict["status"] for verdict in verdicts} == {200}
    assert slugs(verdicts)[-20:] == ["closed"] * 20


def test_each_line_needs_the_role_of_its_command(service: Service) -> None:
    made = service.register()
    lines = [REGISTER, {"command": "add-note", "id": made["id"], "body": {"text": "x"}}]
    verdicts = send(service, lines, role="integrator")
    assert slugs(verdicts) == ["registered", "forbidden"]
    for role in ("sector", "auditor", "privacy", "admin"):
        problem(post(service, lines, role=role), 403, "forbidden")


def test_many_lines_at_once_are_all_recorded_while_others_write(service: Service) -> None:
    answers: list[int] = []
    writer = threading.Thread(target=lambda: answers.extend(service.register()["version"] for _ in range(20)))
    writer.start()
    verdicts = send(
        service, [{**REGISTER, "subject": f"No. {n}"} for n in range(1000)], idempotency_key="many"
    )
    writer.join()
    assert len({verdict["protocol"] for verdict in verdicts}) == 1000
    assert answers == [1] * 20


def test_a_batch_has_its_limits(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MOST_LINES", 3)
    assert len(send(service, [REGISTER] * 3)) == 3
    problem(post(service, [REGISTER] * 4), 413, "body-too-large")
    problem(post(service, [" " * (batch.MOST_BYTES + 1)]), 413, "body-too-large")
    assert len(send(service, [" " * (batch.MOST_BYTES // 2)])) == 0
    text = {"content-type": "text/plain"}
    answer = service.send("POST", "/v1/complaints:batch", content=b"{}", headers=text, role="integrator")
    problem(answer, 415, "unsupported-media-type")
    assert wrong(post(service, [REGISTER], if_match='"1"')).keys() == {"If-Match"}
    assert wrong(post(service, [REGISTER], idempotency_key="~")).keys() == {"Idempotency-Key"}
    sent = service.send("POST", "/v1/complaints:batch?x=1", content=b"{}", headers=NDJSON, role="integrator")
    assert wrong(sent).keys() == {"x"}


def bulk(service: Service, command: str, ids: list[str], body: Any = None, **more: Any) -> httpx.Response:
    sent = {"command": command, "ids": ids, **({} if body is None else {"body": body})}
    return service.post("/v1/complaints:bulk", sent, **{"role": "supervisor", **more})


def test_a_supervisor_sends_one_command_to_many_complaints(service: Service) -> None:
    ids = [service.register()["id"] for _ in range(5)]
    answer = bulk(service, "assign", [*ids, NOWHERE], {"team": "cards"}, headers={"idempotency-key": "b-1"})
    verdicts = answer.json()["verdicts"]
    assert [verdict["id"] for verdict in verdicts] == [*ids, NOWHERE]
    assert [verdict["status"] for verdict in verdicts] == [200] * 5 + [404]
    assert answer.headers["log-position"] == str(max(verdict.get("position", 0) for verdict in verdicts))
    head = service.head()
    turned = bulk(service, "assign", ids[::-1], {"team": "cards"}, headers={"idempotency-key": "b-1"})
    assert [verdict["replayed"] for verdict in turned.json()["verdicts"]] == [True] * 5
    assert service.head() == head
    problem(bulk(service, "assign", ids, {"team": "x"}, role="analyst"), 403, "forbidden")


def test_a_wrong_body_is_told_for_each_complaint(service: Service) -> None:
    ids = [service.register()["id"] for _ in range(2)]
    (first, second) = bulk(service, "assign", ids, {"team": 1}).json()["verdicts"]
    assert (first["status"], second["status"]) == (400, 400)
    assert first["problem"]["errors"][0]["path"] == "$.body.team"


def test_a_bulk_command_names_a_command_and_each_complaint_once(service: Service) -> None:
    made = service.register()["id"]
    assert wrong(bulk(service, "register", [made], REGISTER)).keys() == {"$.command"}
    assert wrong(bulk(service, "assign", [made, made.upper()], {"team": "x"})).keys() == {"$.ids"}
    assert wrong(bulk(service, "assign", [], {"team": "x"})).keys() == {"$.ids"}
    assert wrong(bulk(service, "assign", [NOWHERE] * 501, {"team": "x"})).keys() == {"$.ids"}
