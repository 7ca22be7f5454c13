"""A complaint over HTTP, from registration to closing, and what can be read of it."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.protocol import is_valid
from tests.api.serving import NOWHERE, REGISTER, Service, problem, wrong


def test_a_complaint_goes_from_registration_to_closing(service: Service) -> None:
    made = service.register()
    states = [made["state"]]
    for command, fields in (
        ("acknowledge", {"channel": "email"}),
        ("investigate", {}),
        ("request-information", {"question": "Which card?"}),
        ("record-reply", {"channel": "email", "message": "The blue one."}),
        ("consult-sector", {"sector": "billing", "question": "Twice?"}),
        ("record-sector-answer", {"sector": "billing", "answer": "Yes."}),
        ("propose-resolution", {"outcome": "upheld", "summary": "A refund.", "channel": "email"}),
        ("accept-resolution", {"channel": "email", "scope": "full"}),
        ("close", {"reason": "accepted"}),
    ):
        states.append(service.do(made["id"], command, **fields)["state"])
    assert states == [
        "registered",
        "registered",
        "in_progress",
        "awaiting_customer",
        "in_progress",
        "awaiting_sector",
        "in_progress",
        "proposed",
        "resolved",
        "closed",
    ]
    read = service.fresh(f"/v1/complaints/{made['id']}").json()
    assert (read["state"], read["version"], read["protocol"]) == ("closed", 11, made["protocol"])
    assert (read["resolution"]["basis"], read["close_reason"]) == ("accepted", "accepted")


def test_a_new_complaint_is_answered_with_its_place_its_version_and_its_event(service: Service) -> None:
    answer = service.post("/v1/complaints", REGISTER, headers={"x-request-id": "from-outside-1"})
    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/json")
    assert answer.headers["location"] == f"/v1/complaints/{body['id']}"
    assert (answer.headers["etag"], answer.headers["log-position"]) == ('"1"', str(body["position"]))
    assert body.keys() == {"id", "protocol", "state", "version", "position", "events", "access_code"}
    assert body["access_code"] is None
    assert UUID(body["id"]).version == 7
    assert is_valid(body["protocol"])
    (event,) = body["events"]
    assert event["data"] | REGISTER == event["data"]
    assert datetime.fromisoformat(event["recorded_at"]).tzinfo == UTC
    assert {name: event[name] for name in ("type", "position", "version", "actor", "origin")} == {
        "type": "complaint-registered",
        "position": service.head(),
        "version": 1,
        "actor": "analyst",
        "origin": "live",
    }
    assert (event["correlation_id"], event["causation_id"]) == ("from-outside-1", None)


def test_a_command_is_answered_with_the_complaint_after_it_and_all_its_events(service: Service) -> None:
    made = service.register()
    service.do(made["id"], "propose-resolution", outcome="upheld", summary="A refund.", channel="email")
    answer = service.post(
        f"/v1/complaints/{made['id']}/accept-resolution", {"channel": "email", "scope": "full"}
    )
    body = answer.json()
    assert [event["type"] for event in body["events"]] == ["resolution-accepted", "complaint-resolved"]
    assert [event["version"] for event in body["events"]] == [3, 4]
    assert body["events"][-1]["position"] == body["position"] == service.head()
    assert (body["id"], body["protocol"], body["state"]) == (made["id"], made["protocol"], "resolved")
    assert (body["version"], answer.headers["etag"]) == (4, '"4"')
    assert "location" not in answer.headers


def test_a_command_that_changes_nothing_is_accepted_without_events(service: Service) -> None:
    made = service.register()
    service.do(made["id"], "assign", analyst="ana")
    head = service.head()
    again = service.do(made["id"], "assign", analyst="ana")
    assert (again["events"], again["version"], service.head()) == ([], 2, head)


def test_every_view_shows_what_was_written_to_who_asks_for_that_position(service: Service) -> None:
    made = service.register(product="wallet")
    customer = service.post("/v1/customers", {"name": "Bia"})
    headers = {"min-log-position": customer.headers["log-position"]}
    places: dict[str, Callable[[Any], Any]] = {
        f"/v1/complaints/{made['id']}": lambda body: body["id"],
        f"/v1/complaints/by-protocol/{made['protocol']}": lambda body: body["id"],
        "/v1/complaints?product=wallet": lambda body: body["items"][0]["id"],
        f"/v1/complaints/{made['id']}/history": lambda body: body["items"][0]["stream_id"],
        f"/v1/audit/trail?complaint_id={made['id']}": lambda body: body["items"][0]["stream_id"],
    }
    for path, found in places.items():
        answer = service.get(path, role="supervisor", headers=headers)
        assert found(answer.json()) == made["id"], path
        assert int(answer.headers["log-position"]) >= int(customer.headers["log-position"])
    read = service.get(f"/v1/customers/{customer.json()['id']}", headers=headers)
    assert (read.json()["name"], read.headers["etag"]) == ("Bia", '"1"')
    listed = service.get("/v1/customers", headers=headers).json()["items"]
    assert [each["name"] for each in listed] == ["Bia"]


def test_the_detail_has_all_that_was_told_and_the_etag_to_send(service: Service) -> None:
    told = {
        "contact": {"name": "Bia", "email": "bia@example.org"},
        "product": "card",
        "category": "billing",
        "severity": "high",
        "subject_refs": [{"type": "invoice", "value": "4471"}],
        "points": [{"point_id": "a", "main": True, "category": "billing"}],
        "remedy_sought": "A refund.",
    }
    made = service.register(**told)
    answer = service.fresh(f"/v1/complaints/{made['id']}")
    assert answer.headers["etag"] == '"1"'
    read = answer.json()
    assert read["contact"] == {"name": "Bia", "email": "bia@example.org"}
    assert {name: read[name] for name in told if name != "contact"} | {} == {
        name: value for name, value in told.items() if name != "contact"
    }


def test_a_complaint_can_be_read_as_it_was_at_a_version_a_position_or_a_time(service: Service) -> None:
    made = service.register()
    assigned = service.do(made["id"], "assign", analyst="ana")
    service.do(made["id"], "investigate")
    path = f"/v1/complaints/{made['id']}"
    for past in (
        {"version": 2},
        {"position": assigned["position"]},
        {"as_of": assigned["events"][0]["recorded_at"]},
    ):
        was = service.get(path, params=past)
        assert (was.json()["version"], was.json()["state"], was.json()["analyst"]) == (2, "registered", "ana")
        assert was.headers["etag"] == '"2"'
        kept = service.get(f"{path}/history", params=past).json()["items"]
        assert [event["type"] for event in kept] == ["complaint-registered", "complaint-assigned"]
    problem(service.get(path, params={"version": 9}), 404, "not-found")
    problem(service.get(path, params={"as_of": "1999-12-31T23:59:59Z"}), 404, "not-found")
    assert wrong(service.get(path, params={"version": 1, "position": 1})).keys() == {"version", "position"}


def test_the_history_says_who_did_what_when_and_under_which_hash(service: Service) -> None:
    made = service.register()
    service.do(made["id"], "assign", analyst="ana", reason="Knows cards")
    entries = service.get(f"/v1/complaints/{made['id']}/history", role="auditor").json()["items"]
    assert [entry["version"] for entry in entries] == [1, 2]
    assert (entries[1]["actor"], entries[1]["reason"]) == ("analyst", "Knows cards")
    assert [len(entry["hash"]) for entry in entries] == [64, 64]
    assert all(entry["text"] and entry["data"]["type"] == entry["type"] for entry in entries)


def test_the_trail_finds_events_by_actor_action_and_request(service: Service) -> None:
    token = service.key("trail-tester", "analyst")
    made = service.post("/v1/complaints", REGISTER, token=token).json()
    done = service.post(
        f"/v1/complaints/{made['id']}/add-note",
        {"text": "x"},
        token=token,
        headers={"x-request-id": "note-7"},
    )
    assert done.status_code == 200

    def found(**asked: str) -> list[str]:
        items = service.fresh("/v1/audit/trail", role="auditor", params=asked).json()["items"]
        return [item["type"] for item in items]

    assert found(actor="trail-tester") == ["complaint-registered", "note-added"]
    assert found(actor="trail-tester", action="note-added") == ["note-added"]
    assert found(correlation="note-7") == ["note-added"]
    assert found(actor="trail-tester", recorded_to="2000-01-01T00:00:00Z") == []


def test_rows_and_the_position_of_an_answer_belong_together_while_others_write(own_service: Service) -> None:
    positions: list[int] = []
    done = threading.Event()

    def write() -> None:
        positions.extend(own_service.register()["position"] for _ in range(60))
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen: list[tuple[int, int]] = []
    while not done.is_set():
        answer = own_service.get("/v1/complaints?limit=200")
        seen.append((int(answer.headers["log-position"]), len(answer.json()["items"])))
    writer.join()
    assert len(set(seen)) > 1
    assert [rows for _, rows in seen] == [sum(p <= read for p in positions) for read, _ in seen]


def test_a_request_waits_for_the_view_and_is_told_to_come_back_when_it_stays_behind(
    own_service: Service,
) -> None:
    service = own_service
    made = service.register()
    service.fresh(f"/v1/complaints/{made['id']}")
    service.stop_worker()
    noted = service.do(made["id"], "add-note", text="x")
    behind = {"min-log-position": str(noted["position"]), "prefer": "respond-async, wait=0"}
    for path in ("/v1/complaints", f"/v1/complaints/{made['id']}", "/v1/customers", "/v1/audit/trail"):
        answer = service.get(path, role="supervisor", headers=behind)
        body = problem(answer, 503, "view-behind")
        assert answer.headers["retry-after"] == "1"
        assert f"not yet at {noted['position']}" in body["detail"]
    old = service.get(f"/v1/complaints/{made['id']}")
    assert (old.json()["version"], old.headers["log-position"]) == (1, str(made["position"]))
    history = service.get(f"/v1/complaints/{made['id']}/history", headers=behind)
    assert len(history.json()["items"]) == 2  # straight from the log
    threading.Timer(0.2, service.start_worker).start()
    waited = service.get(f"/v1/complaints/{made['id']}", headers={**behind, "prefer": "wait=30"})
    assert waited.json()["version"] == 2


def test_a_position_that_the_log_has_not_reached_is_waited_for_in_vain(service: Service) -> None:
    headers = {"min-log-position": str(service.head() + 1000), "prefer": "wait=0"}
    made = service.register()
    for path in (f"/v1/complaints/{made['id']}/history", f"/v1/complaints/{made['id']}?version=1"):
        problem(service.get(path, headers=headers), 503, "view-behind")


@pytest.mark.parametrize("kind", ["complaints", "customers"])
def test_a_thing_that_does_not_exist_is_not_found(service: Service, kind: str) -> None:
    problem(service.get(f"/v1/{kind}/{NOWHERE}"), 404, "not-found")
    command = "investigate" if kind == "complaints" else "change-tier"
    body: dict[str, Any] = {} if kind == "complaints" else {"tier": "gold"}
    problem(service.post(f"/v1/{kind}/{NOWHERE}/{command}", body), 404, "not-found")


def test_customers_are_registered_changed_and_found(service: Service) -> None:
    made = service.post("/v1/customers", {"name": "Rui", "email": "Rui@Example.org", "external_ref": "crm-9"})
    body = made.json()
    assert (made.status_code, made.headers["location"]) == (201, f"/v1/customers/{body['id']}")
    assert body.keys() == {"id", "version", "position", "events"}
    path = f"/v1/customers/{body['id']}"
    changed = service.post(
        f"{path}/change-tier", {"tier": "advanced"}, headers={"if-match": made.headers["etag"]}
    )
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    for asked in ({"email": "rui@example.ORG"}, {"external_ref": "crm-9"}, {"tier": "advanced"}):
        items = service.fresh("/v1/customers", params=asked).json()["items"]
        assert [item["id"] for item in items] == [body["id"]], asked
    filed = service.register(customer_id=body["id"])
    mine = service.fresh("/v1/complaints", params={"customer_id": body["id"]}).json()["items"]
    assert [item["id"] for item in mine] == [filed["id"]]
