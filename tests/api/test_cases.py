"""Cases as a complaints handler would tell them, over HTTP."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.serving import Service, problem

PROPOSAL = {"outcome": "upheld", "summary": "A refund.", "channel": "email"}


@pytest.fixture(scope="module")
def supervisor2(service: Service) -> str:
    return service.key("supervisor2", "supervisor")


def customer(service: Service, name: str) -> str:
    return str(service.post("/v1/customers", {"name": name}).json()["id"])


def events(answer: dict[str, Any]) -> list[str]:
    return [event["type"] for event in answer["events"]]


def first(answer: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = answer["events"][0]["data"]
    return data


def test_an_anonymous_caller_follows_up_with_the_access_code(service: Service) -> None:
    made = service.register(anonymity="anonymous", kind="report", subject="Seen in the warehouse")
    service.do(made["id"], "investigate")
    service.do(made["id"], "request-information", question="Which warehouse?")
    sent = {"access-code": made["access_code"].lower(), "min-log-position": str(made["position"])}
    path = f"/v1/status/{made['protocol']}"
    seen = service.get(path, role=None, headers=sent).json()
    assert (seen["state"], seen["questions"][0]["question"]) == ("awaiting_customer", "Which warehouse?")
    told = {"message": "The one at the port.", "ask_id": seen["questions"][0]["ask_id"]}
    assert service.post(f"{path}/reply", told, role=None, headers=sent).json()["state"] == "in_progress"
    service.do(made["id"], "resolve", outcome="upheld", summary="It is cleared up.", basis="anonymous")
    seen = service.get(path, role=None, headers=sent).json()
    assert (seen["state"], seen["history"][-1]["text"]) == ("resolved", "It is cleared up.")
    read = service.fresh(f"/v1/complaints/{made['id']}").json()
    assert (read["contact"], read["customer_id"], read["anonymity"]) == (None, None, "anonymous")


def test_a_dismissal_needs_a_second_person(service: Service, supervisor2: str) -> None:
    made = service.register()
    path = f"/v1/complaints/{made['id']}"
    dismissal = {"ground": "not_ours", "reason": "A shop of a similar name"}
    asked = service.post(f"{path}/dismiss", dismissal, role="supervisor").json()
    assert (events(asked), asked["state"]) == (["approval-requested"], "registered")
    approval = first(asked)["approval_id"]
    problem(service.post(f"{path}/dismiss", dismissal), 409, "approval-pending")
    problem(service.post(f"{path}/approve", {"approval_id": approval}, role="supervisor"), 403, "same-person")
    problem(service.post(f"{path}/approve", {"approval_id": approval}), 403, "forbidden")
    refused = service.post(
        f"{path}/refuse", {"approval_id": approval, "reason": "Look again"}, token=supervisor2
    )
    assert (events(refused.json()), refused.json()["state"]) == (["approval-refused"], "registered")
    again = first(service.post(f"{path}/dismiss", dismissal).json())["approval_id"]
    done = service.post(f"{path}/approve", {"approval_id": again}, token=supervisor2).json()
    assert (events(done), done["state"]) == (["approval-granted", "complaint-dismissed"], "dismissed")
    problem(
        service.post(f"{path}/approve", {"approval_id": again}, role="supervisor"), 409, "unknown-approval"
    )
    spam = service.register()
    at_once = service.do(spam["id"], "dismiss", ground="spam", reason="An advertisement")
    assert at_once["state"] == "dismissed"


def test_what_was_approved_is_decided_against_the_state_then(service: Service, supervisor2: str) -> None:
    made = service.register()
    asked = service.do(made["id"], "dismiss", ground="insufficient", reason="Nothing to go by")
    service.do(made["id"], "resolve", outcome="upheld", summary="Done.", basis="accepted_on_contact")
    approve = {"approval_id": first(asked)["approval_id"]}
    problem(
        service.post(f"/v1/complaints/{made['id']}/approve", approve, token=supervisor2), 409, "wrong-state"
    )


def test_a_wrong_customer_was_linked(service: Service) -> None:
    wrong_one, right_one = customer(service, "Bia Souza"), customer(service, "Bia de Souza")
    made = service.register(customer_id=wrong_one)
    relinked = service.do(made["id"], "relink-customer", customer_id=right_one, reason="Of the same name")
    assert first(relinked)["previous_customer_id"] == wrong_one
    for owner, expected in ((wrong_one, []), (right_one, [made["id"]])):
        items = service.fresh("/v1/complaints", params={"customer_id": owner}).json()["items"]
        assert [item["id"] for item in items] == expected
    was = service.get(f"/v1/complaints/{made['id']}?version=1").json()
    assert was["customer_id"] == wrong_one


def test_compensation_is_agreed_its_payment_fails_and_then_it_is_paid(service: Service) -> None:
    made = service.register()
    offered = service.do(made["id"], "offer-compensation", kind="refund", amount="149.90", currency="BRL")
    named = {"compensation_id": first(offered)["compensation_id"]}
    service.do(made["id"], "accept-compensation", **named, channel="email")
    service.do(made["id"], "propose-resolution", **PROPOSAL)
    service.do(made["id"], "accept-resolution", channel="email")
    close = {"reason": "accepted"}
    problem(service.post(f"/v1/complaints/{made['id']}/close", close), 409, "redress-open")
    service.do(made["id"], "fail-compensation", **named, reason="The account is closed")
    service.do(made["id"], "pay-compensation", **named, reference="pix-2")
    assert service.do(made["id"], "pay-compensation", **named, reference="pix-2")["events"] == []
    assert service.do(made["id"], "close", **close)["state"] == "closed"


def test_a_regulators_case_goes_beside_with_its_own_protocol(service: Service) -> None:
    made = service.register()
    due = (datetime.now(UTC) + timedelta(days=10)).isoformat()
    path = f"/v1/complaints/{made['id']}"
    opened = service.post(
        f"{path}/open-external-case",
        {"body": "bcb_rdr", "reference": "2026/118204", "due_at": due},
        role="integrator",
    ).json()
    case = {"case_id": first(opened)["case_id"]}
    again = service.post(
        f"{path}/open-external-case", {"body": "bcb_rdr", "reference": "2026/118204"}, role="integrator"
    )
    assert again.json()["events"] == []
    other = service.do(made["id"], "open-external-case", body="procon", reference="SP-1")
    assert first(other)["case_id"] != case["case_id"]
    service.do(made["id"], "propose-resolution", **PROPOSAL)
    service.do(made["id"], "answer-external-case", **case, answer="The final response is attached.")
    service.do(made["id"], "accept-resolution", channel="email")
    service.do(made["id"], "close", reason="accepted")
    decided = service.post(
        f"{path}/decide-external-case", {**case, "outcome": "settled", "rating": 7}, role="integrator"
    )
    assert (events(decided.json()), decided.json()["state"]) == (["external-case-decided"], "closed")
    assert made["protocol"] != "2026/118204"


def test_a_duplicate_is_marked_and_undone(service: Service) -> None:
    owner = customer(service, "Rui")
    original, copy = (service.register(customer_id=owner) for _ in range(2))
    service.do(copy["id"], "request-information", question="Which card?")
    marked = service.do(copy["id"], "mark-duplicate", of=original["id"])
    assert marked["state"] == "duplicate"
    problem(service.post(f"/v1/complaints/{copy['id']}/assign", {"team": "x"}), 409, "wrong-state")
    assert service.do(copy["id"], "unmark-duplicate", reason="Two invoices")["state"] == "awaiting_customer"
    stranger = service.register()
    refused = service.post(f"/v1/complaints/{copy['id']}/mark-duplicate", {"of": stranger["id"]})
    problem(refused, 409, "not-a-duplicate")
    assert (
        service.do(copy["id"], "link", to=stranger["id"], relation="related")["state"] == "awaiting_customer"
    )


def mark_at_once(service: Service, pairs: list[tuple[str, str]]) -> list[int]:
    """The answers to duplicates that are all marked at the same moment."""
    barrier = threading.Barrier(len(pairs))

    def mark(pair: tuple[str, str]) -> int:
        barrier.wait()
        return service.post(f"/v1/complaints/{pair[0]}/mark-duplicate", {"of": pair[1]}).status_code

    with ThreadPoolExecutor(len(pairs)) as threads:
        return list(threads.map(mark, pairs))


def test_of_both_directions_marked_at_once_only_the_later_complaint_is_a_duplicate(service: Service) -> None:
    owner = customer(service, "Lia")
    for _ in range(5):
        earlier, later = (service.register(customer_id=owner)["id"] for _ in range(2))
        assert mark_at_once(service, [(earlier, later), (later, earlier)]) == [409, 200]
        states = [service.fresh(f"/v1/complaints/{each}").json()["state"] for each in (earlier, later)]
        assert states == ["registered", "duplicate"]
