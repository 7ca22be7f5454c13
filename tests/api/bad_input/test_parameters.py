"""What is wrong in a query or a header is told by its name."""

import base64
import json
from typing import Any

import pytest

from infra.pages import asked_for
from projections.complaints import Worklist
from tests.api.serving import NOWHERE, Service, wrong


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("colour=red", "colour"),
        ("sector=billing", "sector"),
        ("limit=1&limit=2", "limit"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=x", "limit"),
        ("limit=", "limit"),
        ("limit", "limit"),
        ("limit=1.0", "limit"),
        ("limit=%205", "limit"),
        ("limit=null", "limit"),
        ("limit=99999999999999999999999999", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=bnVsbA", "cursor"),
        ("cursor=W10", "cursor"),
        ("sort=name", "sort"),
        ("state=open", "state"),
        ("state=closed&state=", "state"),
        ("severity=null", "severity"),
        ("customer_id=null", "customer_id"),
        ("customer_id=5", "customer_id"),
        ("breached=1", "breached"),
        ("breached=True", "breached"),
        ("due_before=1700000000", "due_before"),
        ("due_before=2026-01-01", "due_before"),
        ("due_before=2026-01-01T00:00:00", "due_before"),
        ("due_before=0001-01-01T00:00:00%2B23:59", "due_before"),
        ("registered_to=9999-12-31T23:59:59-23:59", "registered_to"),
        ("analyst=", "analyst"),
        ("analyst=" + "x" * 201, "analyst"),
        ("analyst=a%00b", "analyst"),
        ("q=", "q"),
        ("q=" + "x" * 301, "q"),
        ("q=%FF", "query"),
        ("q=%ED%A0%80", "query"),
        ("&".join(f"x{number}=1" for number in range(300)), "query"),
    ],
)
def test_a_wrong_parameter_is_named(service: Service, query: str, field: str) -> None:
    assert wrong(service.get(f"/v1/complaints?{query}")).keys() == {field}


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/v1/customers", "email=x", "email"),
        ("/v1/customers", "tier=Gold", "tier"),
        ("/v1/audit/trail", "complaint_id=x", "complaint_id"),
        ("/v1/audit/trail", "recorded_from=2026", "recorded_from"),
        ("/v1/me", "x=1", "x"),
        (f"/v1/complaints/{NOWHERE}", "version=0", "version"),
        (f"/v1/complaints/{NOWHERE}", "version=99999999999999999", "version"),
        (f"/v1/complaints/{NOWHERE}", "position=-1", "position"),
        (f"/v1/complaints/{NOWHERE}", "as_of=2026-01-01T00:00:00", "as_of"),
        (f"/v1/complaints/{NOWHERE}/history", "as_of=0001-01-01T00:00:00%2B23:59", "as_of"),
        (f"/v1/customers/{NOWHERE}", "version=1", "version"),
    ],
)
def test_no_resource_takes_a_parameter_that_it_does_not_know(
    service: Service, path: str, query: str, field: str
) -> None:
    assert wrong(service.get(f"{path}?{query}", role="supervisor")).keys() == {field}


def test_a_command_takes_no_parameters(service: Service, made: dict[str, Any]) -> None:
    answer = service.post(f"/v1/complaints/{made['id']}/investigate?dry_run=true", {})
    assert wrong(answer) == {"dry_run": "unknown parameter"}


@pytest.mark.parametrize(
    "moment", ["2026-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"]
)
def test_times_at_the_edge_are_taken_as_filters(service: Service, moment: str) -> None:
    for name in ("registered_from", "registered_to", "due_before"):
        assert service.get(f"/v1/complaints?{name}={moment}").status_code == 200
    both = f"registered_from={moment}&registered_to={moment}&sort=severity"
    assert service.get(f"/v1/complaints?{both}").status_code == 200
    for name in ("recorded_from", "recorded_to", "occurred_from", "occurred_to"):
        assert service.get(f"/v1/audit/trail?{name}={moment}", role="auditor").status_code == 200
    assert service.get(f"/v1/complaints/{NOWHERE}?as_of={moment}").status_code == 404


def test_a_forged_cursor_is_refused_whatever_is_in_it(service: Service) -> None:
    asked = asked_for(Worklist(), "-registered_at")
    cursors: tuple[Any, ...] = (
        [*asked, "2026-01-01T00:00:00+23:59", NOWHERE],
        [*asked, "0001-01-01T00:00:00+23:59", NOWHERE],
        [*asked, "2026-01-01T00:00:00", NOWHERE],
        [*asked, 5, NOWHERE],
        [*asked, "2026-01-01T00:00:00Z", "x"],
        [asked.list, "registered_at", asked.filters, "2026-01-01T00:00:00Z", NOWHERE],
        ["-registered_at"],
        ["-registered_at", "2026-01-01T00:00:00Z", NOWHERE],
        {},
    )
    for forged in cursors:
        cursor = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
        answer = service.get(f"/v1/complaints?cursor={cursor}")
        assert answer.status_code in {200, 400}, (forged, answer.text)
        if answer.status_code == 400:
            assert wrong(answer).keys() == {"cursor"}


@pytest.mark.parametrize("position", ["-1", "abc", "", "1.5", "9" * 19, "+1", "１".encode()])
def test_a_malformed_position_is_named(service: Service, made: dict[str, Any], position: str | bytes) -> None:
    headers = {"min-log-position": position}
    for path in ("/v1/complaints", f"/v1/complaints/{made['id']}", f"/v1/complaints/{made['id']}/history"):
        assert wrong(service.get(path, headers=headers)).keys() == {"Min-Log-Position"}


@pytest.mark.parametrize(
    "given", ["nonsense", "wait=", "wait=-1", "wait=99999999", "é".encode("latin-1"), ";;,"]
)
def test_preferences_that_mean_nothing_are_passed_over(service: Service, given: str | bytes) -> None:
    assert service.get("/v1/complaints?limit=1", headers={"prefer": given}).status_code == 200
