"""The status page: who has the access code sees how it goes on, and may say something; nobody else does."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api.customer_words import INSIDE, SHOWN, language_of
from domain.complaint import COMPLAINT
from infra.secrets import Secrets
from tests.api.serving import REGISTER, Service, problem, wrong

ANONYMOUS = {**REGISTER, "anonymity": "anonymous"}
MESSAGE = {"message": "The blue one."}


@pytest.fixture
def made(service: Service) -> dict[str, Any]:
    return service.register(anonymity="anonymous")


def status(service: Service, made: dict[str, Any], code: str | None = None, **headers: str) -> httpx.Response:
    sent = {
        "access-code": code or made["access_code"],
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    sent.setdefault("min-log-position", str(made["position"]))
    return service.get(f"/v1/status/{made['protocol']}", role=None, headers=sent)


def reply(service: Service, made: dict[str, Any], body: Any, **headers: str) -> httpx.Response:
    sent = {"access-code": made["access_code"], **{k.replace("_", "-"): v for k, v in headers.items()}}
    sent["min-log-position"] = str(made["position"])
    return service.post(f"/v1/status/{made['protocol']}/reply", body, role=None, headers=sent)


def test_a_code_is_given_to_who_stays_anonymous_and_given_again_on_a_replay(service: Service) -> None:
    first = service.post("/v1/complaints", ANONYMOUS, headers={"idempotency-key": "anon"})
    again = service.post("/v1/complaints", ANONYMOUS, headers={"idempotency-key": "anon"})
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()
    code = first.json()["access_code"]
    assert [len(group) for group in code.split("-")] == [4, 4, 4, 4]
    for anonymity in ("identified", "confidential"):
        assert service.register(anonymity=anonymity)["access_code"] is None
    found = service.ask("SELECT count(*) FROM ouvidoria.events e WHERE e::text LIKE '%" + code + "%'")
    assert found == [(0,)]


def test_codes_differ_by_complaint_and_by_key() -> None:
    secrets, one = Secrets(b"k" * 32), UUID(int=1)
    assert secrets.access_code(one) == Secrets(b"k" * 32).access_code(one)
    assert len({secrets.access_code(uuid4()) for _ in range(1000)}) == 1000
    assert Secrets(b"l" * 32).access_code(one) != secrets.access_code(one)
    assert not secrets.opens(UUID(int=2), secrets.access_code(one))
    assert not secrets.opens(one, "")
    assert not secrets.opens(one, "ção")


@pytest.mark.parametrize("way", ["lower", "spaces", "none", "misheard"])
def test_a_code_opens_however_it_is_written(service: Service, made: dict[str, Any], way: str) -> None:
    code = made["access_code"]
    written = {
        "lower": code.lower(),
        "spaces": code.replace("-", " "),
        "none": code.replace("-", ""),
        "misheard": code.replace("0", "O").replace("1", "l"),
    }[way]
    assert status(service, made, written).status_code == 200


def test_the_status_says_what_the_customer_should_know_and_nothing_else(
    service: Service, made: dict[str, Any]
) -> None:
    due = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("assign", {"analyst": "ana.lima", "reason": "INSIDE"}),
        ("add-note", {"text": "INSIDE"}),
        ("raise-flag", {"flag": "fraud", "reason": "INSIDE"}),
        ("acknowledge", {"channel": "web", "message": "Thank you."}),
        ("consult-sector", {"sector": "billing", "question": "INSIDE"}),
        ("record-sector-answer", {"sector": "billing", "answer": "INSIDE"}),
        ("contact-customer", {"channel": "web", "summary": "INSIDE", "outcome": "reached"}),
        ("contact-customer", {"channel": "web", "summary": "INSIDE", "outcome": "no_answer"}),
        ("identify-origin", {"sector": "billing", "cause": "INSIDE", "explanation": "INSIDE"}),
        ("record-reply", {"channel": "phone", "message": "INSIDE"}),
        ("request-information", {"question": "Which card?", "due_at": due}),
        ("propose-resolution", {"outcome": "upheld", "summary": "A refund.", "channel": "web"}),
        ("withdraw-proposal", {"reason": "INSIDE"}),
        ("request-information", {"question": "Which bank?"}),
    )
    for command, body in steps:
        service.do(made["id"], command, **body)
    answer = status(service, made)
    body = answer.json()
    assert "INSIDE" not in answer.text
    assert "ana.lima" not in answer.text
    assert "analyst" not in answer.text
    assert (body["protocol"], body["state"]) == (made["protocol"], "awaiting_customer")
    assert [question["question"] for question in body["questions"]] == ["Which bank?"]
    assert [(entry["type"], entry["text"]) for entry in body["history"]] == [
        ("complaint-registered", None),
        ("complaint-acknowledged", "Thank you."),
        ("customer-contacted", None),
        ("customer-replied", None),
        ("information-requested", "Which card?"),
        ("resolution-proposed", "A refund."),
        ("proposal-withdrawn", None),
        ("information-requested", "Which bank?"),
    ]
    assert datetime.fromisoformat(body["history"][4]["until"]) == datetime.fromisoformat(due)
    assert answer.headers["log-position"] == str(service.head())


def test_a_wrong_code_and_a_wrong_protocol_have_the_same_answer(
    service: Service, made: dict[str, Any]
) -> None:
    other = service.register(anonymity="anonymous")
    wrong_ones = [
        status(service, made, other["access_code"]),
        status(service, made, "0000-0000-0000-0000"),
        status(service, {**made, "protocol": "2026999999999"}),
        status(service, {**made, "protocol": "nonsense"}),
        service.get(
            f"/v1/status/{made['protocol']}", role=None, headers={"min-log-position": str(other["position"])}
        ),
        service.get(f"/v1/status/{made['protocol']}", role="supervisor"),
    ]
    bodies = [problem(answer, 404, "not-found") for answer in wrong_ones]
    assert all(body == bodies[0] for body in bodies)
    sent = {**made, "access_code": other["access_code"]}
    assert problem(reply(service, sent, MESSAGE), 404, "not-found") == bodies[0]


def test_the_words_come_in_the_language_that_is_asked_for(service: Service, made: dict[str, Any]) -> None:
    for asked, language, words in (
        ("", "pt-BR", "Recebemos a sua manifestação."),
        ("fr, es-AR;q=0.8, en", "es", "Recibimos su reclamación."),
        ("en-GB", "en", "We received your complaint."),
    ):
        answer = status(service, made, accept_language=asked)
        assert answer.headers["content-language"] == language
        assert answer.json()["history"][0]["words"] == words
    assert language_of("*") == "pt-BR"


def test_of_every_event_it_is_decided_whether_the_customer_is_told() -> None:
    assert SHOWN.keys() | INSIDE == set(COMPLAINT.events)
    assert SHOWN.keys() & INSIDE == set()
    assert all(all(words) for words in SHOWN.values())


def test_a_reply_is_recorded_as_the_customers_and_answers_what_was_asked(
    service: Service, made: dict[str, Any]
) -> None:
    ask = service.do(made["id"], "request-information", question="Which card?")["events"][0]["data"]["ask_id"]
    service.do(made["id"], "request-information", question="Which bank?")
    answer = reply(service, made, {**MESSAGE, "ask_id": ask})
    assert answer.status_code == 200
    assert answer.json().keys() == {"id", "protocol", "state", "version", "position"}
    assert answer.json()["state"] == "awaiting_customer"
    assert reply(service, made, MESSAGE).json()["state"] == "in_progress"
    entry = service.get(f"/v1/complaints/{made['id']}/history").json()["items"][3]
    assert (entry["actor"], entry["data"]["channel"], entry["data"]["ask_id"]) == (
        "customer",
        "access_code",
        ask,
    )
    shown = status(service, made).json()
    assert (shown["questions"], shown["history"][-1]["text"]) == ([], MESSAGE["message"])
    unknown = reply(service, made, {**MESSAGE, "ask_id": str(uuid4())})
    problem(unknown, 409, "unknown-ask")


def test_a_reply_sent_twice_is_recorded_once_and_customers_do_not_share_keys(
    service: Service, made: dict[str, Any]
) -> None:
    other = service.register(anonymity="anonymous")
    first = reply(service, made, MESSAGE, idempotency_key="1")
    again = reply(service, made, MESSAGE, idempotency_key="1")
    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    assert reply(service, other, {"message": "Mine."}, idempotency_key="1").json()["id"] == other["id"]
    problem(reply(service, made, {"message": "x"}, idempotency_key="1"), 422, "idempotency-key-reused")


def test_a_reply_says_something_and_only_that(service: Service, made: dict[str, Any]) -> None:
    assert wrong(reply(service, made, {})).keys() == {"$.message"}
    assert wrong(reply(service, made, {**MESSAGE, "channel": "x"})).keys() == {"$.channel"}
    assert wrong(reply(service, made, MESSAGE, idempotency_key="~")).keys() == {"Idempotency-Key"}


def test_a_reply_on_an_ended_case_waits_for_a_review(service: Service, made: dict[str, Any]) -> None:
    service.do(made["id"], "resolve", outcome="upheld", summary="Refunded.", basis="anonymous")
    assert reply(service, made, {"message": "It did not arrive."}).json()["state"] == "resolved"
    assert service.fresh(f"/v1/complaints/{made['id']}").json()["needs_review"] is True
