"""What is right by its form and wrong all the same: times that cannot be, states, rules, ids."""

from typing import Any

import pytest

from tests.api.serving import NOWHERE, REGISTER, Service, problem, wrong


@pytest.mark.parametrize(
    ("moment", "reason"),
    [
        ("2026-02-30T00:00:00Z", "Invalid RFC3339 encoded datetime"),
        ("2026-01-01T25:00:00Z", "Invalid RFC3339 encoded datetime"),
        ("2026-01-01", "Invalid RFC3339 encoded datetime"),
        ("yesterday", "Invalid RFC3339 encoded datetime"),
        ("0000-01-01T00:00:00Z", "Invalid RFC3339 encoded datetime"),
        ("2026-01-01T00:00:00", "Expected `datetime` with a timezone component"),
        (1767225600, "Expected `datetime | null`, got `int`"),
    ],
)
def test_what_is_no_time_with_its_zone_is_refused(service: Service, moment: object, reason: str) -> None:
    found = wrong(service.post("/v1/complaints", {**REGISTER, "received_at": moment}))
    assert found == {"$.received_at": reason}


@pytest.mark.parametrize(
    ("field", "moment", "slug"),
    [
        ("received_at", "0001-01-01T00:00:00+23:59", "time-out-of-range"),
        ("received_at", "1899-12-31T23:59:59Z", "time-out-of-range"),
        ("occurred_at", "9999-12-31T23:59:59-23:59", "time-out-of-range"),
        ("received_at", "2199-12-31T23:59:59Z", "received-in-future"),
        ("occurred_at", "2199-12-31T23:59:59Z", "occurred-in-future"),
        ("occurred_at", "2000-01-01T00:00:00Z", "backdating-reason-missing"),
    ],
)
def test_a_time_that_cannot_be_is_refused(service: Service, field: str, moment: str, slug: str) -> None:
    body = problem(service.post("/v1/complaints", {**REGISTER, field: moment}), 409, slug)
    assert body["detail"]


def test_a_command_in_the_wrong_state_is_refused_with_the_states_that_allow_it(
    service: Service, made: dict[str, Any]
) -> None:
    path = f"/v1/complaints/{made['id']}/close"
    body = problem(service.post(path, {"reason": "accepted"}), 409, "wrong-state")
    assert body["detail"] == "close is not possible in the state registered; it is in: resolved"


@pytest.mark.parametrize(
    ("command", "body", "slug"),
    [
        ("assign", {}, "nothing-to-assign"),
        ("classify", {}, "nothing-to-change"),
        ("cancel-ask", {"reason": "x"}, "ask-not-named"),
        ("cancel-ask", {"reason": "x", "ask_id": NOWHERE}, "unknown-ask"),
        ("accept-resolution", {"channel": "email", "scope": "full"}, "no-proposal"),
        ("propose-resolution", {"outcome": "upheld", "summary": "x", "channel": "y",
                                "redress": {"kind": "refund", "amount": "1"}}, "amount-incomplete"),
    ],
)  # fmt: skip
def test_the_business_rules_refuse_with_a_slug_and_a_reason(
    service: Service, made: dict[str, Any], command: str, body: dict[str, Any], slug: str
) -> None:
    answer = service.post(f"/v1/complaints/{made['id']}/{command}", body)
    assert problem(answer, 409, slug)["detail"]


def test_a_customer_who_does_not_exist_is_named(service: Service, made: dict[str, Any]) -> None:
    for unknown in (NOWHERE, made["id"]):
        found = wrong(service.post("/v1/complaints", {**REGISTER, "customer_id": unknown}))
        assert found == {"$.customer_id": "no customer has this id"}


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("correct", {"reason": "x"}),
        ("relink-customer", {"reason": "x"}),
        ("add-party", {"role": "affected"}),
    ],
)
def test_a_customer_named_later_who_does_not_exist_is_named_too(
    service: Service, made: dict[str, Any], command: str, body: dict[str, Any]
) -> None:
    found = wrong(service.post(f"/v1/complaints/{made['id']}/{command}", {**body, "customer_id": NOWHERE}))
    assert found == {"$.customer_id": "no customer has this id"}


def test_an_id_of_another_kind_is_not_found(service: Service, made: dict[str, Any]) -> None:
    problem(service.post(f"/v1/customers/{made['id']}/change-tier", {"tier": "gold"}), 404, "not-found")
    problem(service.get(f"/v1/customers/{made['id']}"), 404, "not-found")
