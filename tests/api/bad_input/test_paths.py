"""Paths and methods that lead nowhere."""

from typing import Any

import pytest

from tests.api.serving import NOWHERE, Service, problem


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/v1",
        "/v1/complaints/not-a-uuid",
        "/v1/complaints/%00",
        "/v1/complaints/%FF%FE",
        f"/v1/complaints/{NOWHERE}/history/more",
        "/v1/complaints/by-protocol/%00",
        "/v1/complaints/by-protocol/%FF",
        "/v1/teams/%00",
        "/v1/analysts/a%00b",
        "/v1/sla/policies/%00",
        "/v1/complaints/by-protocol/abc",
        "/v1/complaints/by-protocol/" + "1" * 5000,
        "/v1/complaints/by-protocol/" + "1" * 20,
        "/problems/nothing",
        "/v1/complaints/../../etc/passwd",
        "//",
    ],
)
def test_a_path_that_leads_nowhere_is_a_problem_too(service: Service, path: str) -> None:
    problem(service.get(path), 404, "not-found")


def test_an_unknown_command_is_not_found(service: Service, made: dict[str, Any]) -> None:
    problem(service.post(f"/v1/complaints/{made['id']}/explode", {}), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/complaints", {"GET", "POST", "OPTIONS"}),
        ("PUT", f"/v1/complaints/{NOWHERE}", {"GET", "OPTIONS"}),
        ("GET", f"/v1/complaints/{NOWHERE}/close", {"POST", "OPTIONS"}),
        ("POST", "/health/live", {"GET", "OPTIONS"}),
        ("PATCH", "/v1/audit/trail", {"GET", "OPTIONS"}),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    service: Service, method: str, path: str, allowed: set[str]
) -> None:
    answer = service.send(method, path)
    problem(answer, 405, "method-not-allowed")
    assert set(answer.headers["allow"].split(", ")) == allowed
    options = service.send("OPTIONS", path, role=None)
    assert (options.status_code, options.content) == (204, b"")
    assert set(options.headers["allow"].split(", ")) == allowed


def test_head_is_get_without_the_body(service: Service, made: dict[str, Any]) -> None:
    path = f"/v1/complaints/{made['id']}?version=1"
    got, asked = service.get(path), service.send("HEAD", path)
    assert (asked.status_code, asked.content) == (200, b"")
    for name in ("etag", "content-length", "content-type"):
        assert asked.headers[name] == got.headers[name]
    assert service.send("HEAD", "/nowhere").status_code == 404
    assert service.send("HEAD", f"/v1/complaints/{made['id']}/close").status_code == 405


def test_a_trailing_slash_changes_nothing(service: Service) -> None:
    assert service.get("/v1/complaints/?limit=1").status_code == 200
