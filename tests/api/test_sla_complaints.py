"""Complaints that are measured, over HTTP: what applies, what changes it, and what hangs on it."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.examples import CALENDAR, POLICY
from tests.api.serving import Service, problem

LEGAL = {
    "name": "law",
    "layer": "legal",
    "order": 1,
    "calendar": "Brazil",
    "source": "Decreto 11.034/2022, art. 13",
    "targets": [
        {"name": "answer", "stops": "final_response", "length": {"amount": 7, "unit": "calendar_days"}}
    ],
}


def tiered(tier: str, order: int) -> dict[str, Any]:
    return {**POLICY, "name": f"desk {tier}", "order": order, "match": {"tier": tier}}


@pytest.fixture(scope="module", autouse=True)
def policies(service: Service) -> None:
    """The law for complaints, and a policy for each of two tiers."""
    assert service.post("/v1/sla/calendars", CALENDAR, role="supervisor").status_code == 201
    for policy in (LEGAL, tiered("basic", 1), tiered("advanced", 2)):
        put_in_force(service, policy)


def put_in_force(service: Service, policy: dict[str, Any]) -> None:
    assert service.post("/v1/sla/policies", policy, role="supervisor").status_code == 201
    path = f"/v1/sla/policies/{policy['name']}"
    asked = service.post(f"{path}/activate", {}, role="supervisor").json()
    approve = {"approval_id": asked["events"][0]["data"]["approval_id"]}
    other = service.key("sofia", "supervisor")
    assert service.post(f"{path}/approve", approve, token=other).status_code == 200


def customer(service: Service, tier: str) -> str:
    answer = service.post("/v1/customers", {"name": "Maria Souza", "tier": tier})
    return str(answer.json()["id"])


def applied(answer: dict[str, Any]) -> tuple[list[str], str]:
    """The policies that hold from the answer on, and why."""
    (data,) = (event["data"] for event in answer["events"] if event["type"] == "sla-applied")
    return [policy["policy"] for policy in data["policies"]], data["cause"]


def history(service: Service, complaint: dict[str, Any]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = service.fresh(f"/v1/complaints/{complaint['id']}/history").json()["items"]
    return entries


def test_a_complaint_is_measured_from_its_registration_by_law_and_tier(service: Service) -> None:
    made = service.register(customer_id=customer(service, "advanced"))
    assert applied(made) == (["law", "desk advanced"], "registered")
    assert applied(service.register()) == (["law"], "registered")


def test_praise_is_not_what_the_law_is_about(service: Service) -> None:
    assert [event["type"] for event in service.register(kind="praise")["events"]] == ["complaint-registered"]


def test_another_customer_has_another_tier(service: Service) -> None:
    made = service.register(customer_id=customer(service, "basic"))
    other = customer(service, "advanced")
    answer = service.do(made["id"], "relink-customer", customer_id=other, reason="Her sister.")
    assert applied(answer) == (["law", "desk advanced"], "customer_relinked")


def test_another_kind_takes_its_clocks_along(service: Service) -> None:
    made = service.register()
    path, body = f"/v1/complaints/{made['id']}/change-kind", {"kind": "praise", "reason": "She thanks."}
    asked = service.post(path, body, role="supervisor").json()
    approve = {"approval_id": asked["events"][0]["data"]["approval_id"]}
    answer = service.post(
        f"/v1/complaints/{made['id']}/approve", approve, token=service.key("samir", "supervisor")
    )
    assert applied(answer.json()) == ([], "kind_changed")


def test_a_change_of_tier_reaches_the_open_complaints_of_the_customer(service: Service) -> None:
    maria = customer(service, "basic")
    made = [service.register(customer_id=maria) for _ in range(2)]
    ended = service.register(customer_id=maria)
    service.do(ended["id"], "withdraw", by="customer", reason="Found it.")
    assert service.post(f"/v1/customers/{maria}/change-tier", {"tier": "advanced"}).status_code == 200
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if all(history(service, each)[-1]["data"].get("cause") == "tier_changed" for each in made):
            break
    for each in made:
        last = history(service, each)[-1]
        assert last["data"]["cause"] == "tier_changed"
        assert [policy["policy"] for policy in last["data"]["policies"]] == ["law", "desk advanced"]
        assert last["actor"] == "system:measuring"
    assert history(service, ended)[-1]["type"] == "complaint-withdrawn"


def test_while_the_law_wants_an_answer_nobody_is_abandoned(service: Service) -> None:
    made = service.register()
    path, body = f"/v1/complaints/{made['id']}/withdraw", {"by": "abandoned", "reason": "Never answers."}
    problem(service.post(path, body), 409, "final-response-owed")
    service.do(made["id"], "propose-resolution", outcome="upheld", summary="We pay.", channel="email")
    assert service.post(path, body).json()["state"] == "withdrawn"


def test_what_changes_no_clock_is_recorded_late_without_a_supervisor(service: Service) -> None:
    made = service.register(received_at="2026-11-01T10:00:00Z")
    late = {"occurred_at": "2026-11-02T10:00:00Z", "backdating_reason": "From the notebook."}
    reached = {"channel": "phone", "summary": "We spoke.", "outcome": "reached", **late}
    path = f"/v1/complaints/{made['id']}"
    # The law asks for a final response only, so a call moves no clock of this complaint.
    assert service.post(f"{path}/contact-customer", reached).status_code == 200
    resolve = {"outcome": "upheld", "summary": "Paid.", "basis": "final_position"}
    service.do(made["id"], "resolve", **resolve)
    basic = service.register(customer_id=customer(service, "basic"), received_at="2026-11-01T10:00:00Z")
    refused = service.post(f"/v1/complaints/{basic['id']}/contact-customer", reached)
    problem(refused, 403, "supervisor-required")


def test_the_history_of_a_complaint_is_asked_for_and_delivered(service: Service) -> None:
    made = service.register()
    for verb, tag in (("request-history", "history-requested"), ("deliver-history", "history-delivered")):
        assert service.do(made["id"], verb, channel="email")["events"][0]["type"] == tag


def test_a_breach_is_recorded_as_it_happens_and_those_concerned_are_named(service: Service) -> None:
    minute = {"amount": 1, "unit": "calendar_minutes"}
    late = {
        "level": 1,
        "when": "after",
        "offset": {"amount": 0, "unit": "calendar_minutes"},
        "tell": ["duty"],
    }
    policy = {
        **LEGAL,
        "name": "at once",
        "layer": "contract",
        "match": {"product": "alarm"},
        "targets": [
            {
                "name": "call",
                "stops": "first_response",
                "length": minute,
                "warn_at": [0.5],
                "escalations": [late],
            }
        ],
    }
    assert service.post("/v1/sla/policies", policy, role="supervisor").status_code == 201
    asked = service.post("/v1/sla/policies/at once/activate", {}, role="supervisor").json()
    approve = {"approval_id": asked["events"][0]["data"]["approval_id"]}
    other = service.key("rosa", "supervisor")
    assert service.post("/v1/sla/policies/at once/approve", approve, token=other).status_code == 200
    received = datetime.now(UTC) - timedelta(seconds=57)
    made = service.register(product="alarm", received_at=received.isoformat())
    deadline, told = time.monotonic() + 60, dict[str, dict[str, Any]]()
    while not {"sla-breached", "sla-escalated"} <= told.keys() and time.monotonic() < deadline:
        told = {entry["type"]: entry for entry in history(service, made)}
    begun = datetime.fromisoformat(made["events"][0]["data"]["received_at"])
    warned, breached = told["sla-warning-raised"], told["sla-breached"]
    assert datetime.fromisoformat(warned["occurred_at"]) == begun + timedelta(seconds=30)
    assert datetime.fromisoformat(breached["data"]["due_at"]) == begun + timedelta(seconds=60)
    assert breached["recorded_at"] >= breached["occurred_at"]
    assert (breached["actor"], breached["origin"]) == ("system:watchdog", "system")
    assert told["sla-escalated"]["data"]["tell"] == ["duty"]
    # A warning was raised: to make less of it now takes two.
    service.do(made["id"], "classify", severity="high")
    answer = service.do(made["id"], "classify", severity="low")
    assert [event["type"] for event in answer["events"]] == ["approval-requested"]


SENT_IN_TIME = {
    "name": "letters",
    "layer": "legal",
    "order": 9,
    "calendar": "Brazil",
    "source": "art. 1",
    "match": {"product": "letters"},
    "targets": [
        {
            "name": "sent",
            "stops": "final_response",
            "length": {"amount": 7, "unit": "calendar_days"},
            "requires_dispatch": True,
        }
    ],
}


def clock(service: Service, complaint_id: str) -> dict[str, Any]:
    clocks = service.fresh(f"/v1/complaints/{complaint_id}/sla").json()["clocks"]
    (found,) = (each for each in clocks if each["policy"] == "letters")
    return dict(found)


def receipt(service: Service, complaint_id: str, verb: str, **fields: Any) -> dict[str, Any]:
    body = {"notification_id": "4471@mail", "channel": "email", **fields}
    path = f"/v1/complaints/{complaint_id}/record-notification-{verb}"
    answer = service.post(path, body, role="integrator")
    assert answer.status_code == 200, answer.text
    return {**answer.json(), "etag": answer.headers["etag"]}


@pytest.fixture(scope="module")
def letters(service: Service, policies: None) -> None:
    put_in_force(service, SENT_IN_TIME)


def test_an_answer_counts_once_its_message_was_sent_and_no_more_when_it_comes_back(
    service: Service, letters: None
) -> None:
    made = service.register(product="letters")
    proposed = service.post(
        f"/v1/complaints/{made['id']}/propose-resolution",
        {"outcome": "upheld", "summary": "Refunded.", "channel": "email"},
    )
    about = proposed.json()["version"]
    assert clock(service, made["id"])["state"] == "running"
    sent = receipt(service, made["id"], "sent", about_version=about)
    (event,) = sent["events"]
    assert (event["type"], event["origin"]) == ("notification-sent", "system")
    assert sent["etag"] == proposed.headers["etag"], "a receipt fails nobody's If-Match"
    met = clock(service, made["id"])
    assert (met["state"], met["stopped_at"]) == ("met", event["occurred_at"])
    assert receipt(service, made["id"], "sent", about_version=about)["events"] == []
    receipt(service, made["id"], "failed", about_version=about, reason="550 No such mailbox")
    assert clock(service, made["id"])["state"] == "running"
    texts = [entry["text"] for entry in history(service, made)][-2:]
    assert texts == [
        f"Notification of version {about} sent to customer through email",
        f"Notification of version {about} to customer through email failed",
    ]


def test_a_receipt_is_taken_however_late_and_tells_of_an_event_that_there_is(
    service: Service, letters: None
) -> None:
    made = service.register(product="letters")
    path = f"/v1/complaints/{made['id']}/record-notification-sent"
    body = {"notification_id": "m", "channel": "email", "about_version": 1}
    long_ago = {**body, "occurred_at": "2020-01-01T00:00:00Z"}
    assert service.post(path, long_ago, role="integrator").status_code == 200
    problem(service.post(path, {**body, "about_version": 99}, role="integrator"), 409, "unknown-event")
    problem(service.post(path, body), 403, "forbidden")
