"""Live and ready, and who is asking."""

from typing import Any

import httpx
import pytest

from api import operations
from projections import customers
from tests.api.serving import Service, eventually, problem


def names(answer: dict[str, object]) -> set[str]:
    followers = answer["followers"]
    assert isinstance(followers, list)
    return {follower["name"] for follower in followers}


def ready(service: Service) -> httpx.Response:
    return service.get("/health/ready", role=None)


def positions(service: Service) -> set[int]:
    return {follower["position"] for follower in ready(service).json()["followers"]}


def failures(service: Service) -> list[dict[str, Any]]:
    return [follower for follower in ready(service).json()["followers"] if follower["failure"]]


def until_ready(service: Service) -> None:
    eventually(lambda: ready(service).status_code == 200)


def test_a_service_whose_views_keep_up_is_ready_and_says_where_each_stands(service: Service) -> None:
    made = service.register()
    service.fresh("/v1/complaints")
    service.fresh("/v1/customers")
    service.fresh("/v1/audit/trail", role="auditor")
    eventually(lambda: positions(service) == {made["position"]})  # not every view has a path to wait on
    answer = ready(service)
    body = answer.json()
    assert (answer.status_code, body["status"], body["head"]) == (200, "ready", made["position"])
    views = {
        "complaints_4",
        "audit_2",
        "customers_2",
        "deadlines_1",
        "webhooks_1",
        "sla_4",
        "sla_documents_1",
        "sla_due_4",
        "staff_1",
    }
    assert names(body) == views | {"reactor measuring"}
    assert service.get("/health/live", role=None).json() == {"status": "live"}


def test_a_view_that_lets_the_newest_event_wait_is_not_ready(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    until_ready(own_service)
    monkeypatch.setattr(operations, "STALE_SECONDS", 0.0)
    own_service.stop_worker()
    own_service.register()
    answer = own_service.get("/health/ready", role=None)
    assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")
    assert answer.headers["retry-after"] == "1"
    assert {follower["position"] for follower in answer.json()["followers"]} == {0}
    assert min(follower["behind_seconds"] for follower in answer.json()["followers"]) > 0
    monkeypatch.undo()
    assert own_service.get("/health/ready", role=None).status_code == 200  # not yet for too long
    own_service.start_worker()
    until_ready(own_service)


def test_a_view_that_stands_still_is_not_ready_though_its_next_event_is_recorded_in_the_future(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a clock that went an hour ahead, and back."""
    until_ready(own_service)
    own_service.stop_worker()
    own_service.register()
    own_service.ask(
        """ALTER TABLE ouvidoria.events DISABLE TRIGGER ALL;
           UPDATE ouvidoria.events SET recorded_at = recorded_at + interval '1 hour'"""
    )
    assert own_service.get("/health/ready", role=None).status_code == 200  # seen there for the first time
    monkeypatch.setattr(operations, "STALE_SECONDS", 0.0)
    answer = own_service.get("/health/ready", role=None)
    assert answer.status_code == 503
    assert min(follower["behind_seconds"] for follower in answer.json()["followers"]) > 0
    monkeypatch.undo()
    own_service.start_worker()
    until_ready(own_service)
    assert own_service.get("/health/ready", role=None).status_code == 200


def test_a_view_that_failed_is_shown_with_where_and_why_while_the_others_go_on(
    own_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object) -> None:
        raise ZeroDivisionError("maria@example.org")

    monkeypatch.setattr(customers, "fold", stumble)
    made = own_service.post("/v1/customers", {"name": "Bia"}).json()
    eventually(lambda: failures(own_service))
    answer = ready(own_service)
    (failed,) = failures(own_service)
    assert (failed["name"], failed["failed_position"]) == ("customers_2", made["position"])
    assert failed["failure"] == "ZeroDivisionError"
    assert "maria" not in answer.text
    filed = own_service.register()
    assert own_service.fresh(f"/v1/complaints/{filed['id']}").status_code == 200
    behind = {"min-log-position": str(filed["position"]), "prefer": "wait=0"}
    problem(own_service.get("/v1/customers", headers=behind), 503, "view-behind")
    assert own_service.get("/v1/customers").json()["items"] == []


def test_what_an_earlier_version_left_over_does_not_count(own_service: Service) -> None:
    own_service.ask(
        "INSERT INTO ouvidoria_views.checkpoints (follower, position, failure) VALUES ('old_1', 0, 'x')"
    )
    own_service.register()
    until_ready(own_service)
    assert "old_1" not in names(own_service.get("/health/ready", role=None).json())


def test_a_service_without_its_views_is_not_ready(own_service: Service) -> None:
    own_service.stop_worker()
    own_service.ask("DELETE FROM ouvidoria_views.checkpoints WHERE follower = 'audit_2'")
    assert own_service.get("/health/ready", role=None).status_code == 503
    problem(own_service.get("/v1/audit/trail", role="auditor"), 503, "unavailable")
