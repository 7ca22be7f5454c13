"""Idempotency keys and `If-Match`."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from api.parts import open_commands, open_log
from domain.complaint import COMPLAINT
from domain.complaint.commands import AddNote
from infra.commands import Caller
from infra.reference import Reference
from tests.api.serving import REGISTER, Service, problem, wrong


def keyed(key: str | None = None) -> dict[str, str]:
    return {"idempotency-key": key or uuid4().hex}


def test_a_repeated_registration_gets_the_first_answer_byte_for_byte(service: Service) -> None:
    headers = keyed()
    first = service.post("/v1/complaints", REGISTER, headers=headers)
    service.do(first.json()["id"], "investigate")
    head = service.head()
    again = service.post("/v1/complaints", REGISTER, headers=headers)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for name in ("etag", "location", "log-position"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert service.head() == head


def test_a_repeated_command_gets_the_first_answer_even_where_it_would_now_be_refused(
    service: Service,
) -> None:
    made, headers = service.register(contact={"name": "Bia"}, severity="low"), keyed()
    path = f"/v1/complaints/{made['id']}/propose-resolution"
    body = {
        "outcome": "upheld",
        "summary": "Money back.",
        "channel": "email",
        "reply_by": "2190-01-31T12:00:00+03:00",
        "redress": {"kind": "refund", "amount": "149.90", "currency": "BRL"},
    }
    first = service.post(path, body, headers=headers)
    service.do(made["id"], "accept-resolution", channel="email", scope="full")
    service.do(made["id"], "close", reason="accepted")
    again = service.post(path, body, headers={**headers, "if-match": '"1"'})
    assert (again.status_code, again.content, again.headers["etag"]) == (
        200,
        first.content,
        first.headers["etag"],
    )


def test_a_command_without_events_is_remembered_too(service: Service) -> None:
    made, headers = service.register(), keyed()
    service.do(made["id"], "assign", analyst="ana")
    path = f"/v1/complaints/{made['id']}/assign"
    first = service.post(path, {"analyst": "ana"}, headers=headers)
    service.do(made["id"], "assign", analyst="rui")
    assert service.post(path, {"analyst": "ana"}, headers=headers).content == first.content


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/complaints", {**REGISTER, "subject": "Another"}),
        ("/v1/customers", {"name": "Bia"}),
    ],
)
def test_a_key_used_for_something_else_is_refused(service: Service, path: str, body: Any) -> None:
    headers = keyed()
    assert service.post("/v1/complaints", REGISTER, headers=headers).status_code == 201
    head = service.head()
    problem(service.post(path, body, headers=headers), 422, "idempotency-key-reused")
    assert service.head() == head


def test_the_same_key_and_body_on_another_complaint_is_something_else(service: Service) -> None:
    first, second, headers = service.register(), service.register(), keyed()
    assert service.post(f"/v1/complaints/{first['id']}/investigate", {}, headers=headers).status_code == 200
    answer = service.post(f"/v1/complaints/{second['id']}/investigate", {}, headers=headers)
    problem(answer, 422, "idempotency-key-reused")


def test_how_a_body_is_written_does_not_matter_to_its_key(service: Service) -> None:
    headers = keyed() | {"content-type": "application/json"}
    first = service.send("POST", "/v1/complaints", content=msgspec.json.encode(REGISTER), headers=headers)
    turned = dict(reversed(REGISTER.items()))
    spaced = msgspec.json.format(msgspec.json.encode(turned), indent=4)
    assert service.send("POST", "/v1/complaints", content=spaced, headers=headers).content == first.content


def test_keys_of_different_actors_have_nothing_to_do_with_each_other(service: Service) -> None:
    headers = keyed()
    first = service.post("/v1/complaints", REGISTER, headers=headers).json()
    second = service.post("/v1/complaints", REGISTER, headers=headers, role="supervisor").json()
    assert first["id"] != second["id"]


def test_a_refusal_is_not_remembered(service: Service) -> None:
    made, headers = service.register(), keyed()
    path = f"/v1/complaints/{made['id']}/close"
    problem(service.post(path, {"reason": "accepted"}, headers=headers), 409, "wrong-state")
    service.do(made["id"], "resolve", outcome="upheld", summary="Done.", basis="final_position")
    assert service.post(path, {"reason": "accepted"}, headers=headers).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 201, "a~b", "ação".encode("latin-1"), "a\tb"])
def test_a_malformed_key_is_named(service: Service, key: str | bytes) -> None:
    head = service.head()
    answer = service.post("/v1/complaints", REGISTER, headers={"idempotency-key": key})
    assert wrong(answer).keys() == {"Idempotency-Key"}
    assert service.head() == head


def test_concurrent_twins_register_one_complaint(service: Service) -> None:
    for _ in range(5):
        headers, head = keyed(), service.head()
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda _: service.post("/v1/complaints", REGISTER, headers=headers), range(8))  # noqa: B023 - the pool ends in here
            )
        assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
        assert service.head() == head + 1


def test_who_hangs_up_after_sending_and_asks_again_gets_the_one_complaint(service: Service) -> None:
    head = service.head()
    for number in range(10):
        key = uuid4().hex
        with socket.create_connection(("127.0.0.1", service.port)) as sent:
            sent.sendall(request(service, key))
        answer = service.post("/v1/complaints", REGISTER, headers=keyed(key))
        assert answer.status_code == 201
        assert service.head() == head + number + 1


def request(service: Service, key: str) -> bytes:
    body = msgspec.json.encode(REGISTER)
    lines = (
        "POST /v1/complaints HTTP/1.1",
        f"host: 127.0.0.1:{service.port}",
        f"authorization: Bearer {service.keys['analyst']}",
        f"idempotency-key: {key}",
        "content-type: application/json",
        f"content-length: {len(body)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def test_half_a_body_records_nothing(service: Service) -> None:
    head = service.head()
    with socket.create_connection(("127.0.0.1", service.port)) as sent:
        sent.sendall(request(service, uuid4().hex)[:-10])
    assert service.get("/health/live", role=None).status_code == 200
    assert service.head() == head


def test_a_stale_etag_is_refused_with_the_current_version(service: Service) -> None:
    made = service.register()
    service.do(made["id"], "assign", analyst="ana")
    path = f"/v1/complaints/{made['id']}/assign"
    head = service.head()
    body = problem(
        service.post(path, {"analyst": "rui"}, headers={"if-match": '"1"'}), 412, "version-mismatch"
    )
    assert body["current_version"] == 2
    assert service.head() == head
    assert service.post(path, {"analyst": "rui"}, headers={"if-match": '"2"'}).status_code == 200


@pytest.mark.parametrize("given", ["*", 'W/"1"'])
def test_any_version_and_a_weakened_etag_match(service: Service, given: str) -> None:
    made = service.register()
    answer = service.post(f"/v1/complaints/{made['id']}/investigate", {}, headers={"if-match": given})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "given", ["1", '"x"', '"1", "2"', '""', '"-1"', '"99999999999"', "", '"１"'.encode()]
)
def test_a_malformed_etag_is_named(service: Service, given: str | bytes) -> None:
    made = service.register()
    answer = service.post(f"/v1/complaints/{made['id']}/investigate", {}, headers={"if-match": given})
    assert wrong(answer).keys() == {"If-Match"}


def test_what_the_system_records_does_not_fail_an_etag(service: Service) -> None:
    made = service.register()

    async def note() -> None:
        log = open_log(service.settings)
        caller = Caller(actor="system:test", correlation="x", origin="system")
        stream_id = msgspec.convert(made["id"], type=UUID)
        await open_commands(service.settings, log, Reference()).execute(
            COMPLAINT, stream_id, caller, AddNote(text="receipt")
        )
        await log.close()

    service.run(note())
    read = service.fresh(f"/v1/complaints/{made['id']}")
    assert (read.json()["version"], read.headers["etag"]) == (2, '"1"')
    answer = service.post(f"/v1/complaints/{made['id']}/investigate", {}, headers={"if-match": '"1"'})
    assert (answer.status_code, answer.headers["etag"], answer.json()["version"]) == (200, '"3"', 3)


def test_of_two_who_saw_the_same_version_one_is_refused(service: Service) -> None:
    made = service.register()
    path, start = f"/v1/complaints/{made['id']}/assign", threading.Barrier(6)

    def assign(number: int) -> int:
        start.wait()
        return service.post(path, {"analyst": f"a{number}"}, headers={"if-match": '"1"'}).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(assign, range(6))) == [200, 412, 412, 412, 412, 412]
