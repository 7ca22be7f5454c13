"""Policies and calendars over HTTP: drafted, revised, put in force by two people, read, retired."""

from typing import Any

import pytest

from api.examples import CALENDAR, POLICY
from tests.api.serving import NOWHERE, Service, problem, wrong

POLICIES, CALENDARS = "/v1/sla/policies", "/v1/sla/calendars"


def named(document: dict[str, Any], name: str, **changes: Any) -> dict[str, Any]:
    return {**document, "name": name, **changes}


@pytest.fixture(scope="module")
def other(service: Service) -> str:
    """The key of another supervisor."""
    return service.key("sofia", "supervisor")


@pytest.fixture(scope="module", autouse=True)
def calendar(service: Service) -> None:
    assert service.post(CALENDARS, CALENDAR, role="supervisor").status_code == 201


def about(name: str, **changes: Any) -> dict[str, Any]:
    """A policy about a product of its own, so that none takes what is another's."""
    return named(POLICY, name, **{"match": {"product": name}} | changes)


def define(service: Service, name: str, **changes: Any) -> dict[str, Any]:
    answer = service.post(POLICIES, about(name, **changes), role="supervisor")
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{POLICIES}/{body['id']}"
    return body


def do(service: Service, path: str, body: Any, **who: Any) -> dict[str, Any]:
    answer = service.post(path, body, **({"role": "supervisor"} | who))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def tags(answer: dict[str, Any]) -> list[str]:
    return [event["type"] for event in answer["events"]]


def approval_of(answer: dict[str, Any]) -> str:
    return str(answer["events"][0]["data"]["approval_id"])


def activate(service: Service, name: str, other: str) -> dict[str, Any]:
    asked = do(service, f"{POLICIES}/{name}/activate", {})
    return do(service, f"{POLICIES}/{name}/approve", {"approval_id": approval_of(asked)}, token=other)


def test_a_policy_is_drafted_and_put_in_force_by_two_people(service: Service, other: str) -> None:
    drafted = define(service, "two people")
    assert (drafted["active_version"], drafted["latest_version"]) == (None, 1)
    asked = do(service, f"{POLICIES}/two people/activate", {})
    assert tags(asked) == ["approval-requested"]
    approve = {"approval_id": approval_of(asked)}
    problem(service.post(f"{POLICIES}/two people/approve", approve, role="supervisor"), 403, "same-person")
    waiting = service.fresh(f"{POLICIES}/two people").json()
    assert (waiting["state"], len(waiting["approvals"])) == ("draft", 1)
    done = do(service, f"{POLICIES}/{drafted['id']}/approve", approve, token=other)
    assert tags(done) == ["approval-granted", "sla-policy-activated"]
    read = service.fresh(f"{POLICIES}/{drafted['id']}").json()
    assert (read["state"], read["active_version"], read["approvals"]) == ("active", 1, [])
    assert read["policy"]["targets"][0]["length"] == {"amount": 8, "unit": "business_hours"}
    assert read["versions"][0]["defined_by"] == "supervisor"


def test_a_refused_activation_changes_nothing_in_force(service: Service, other: str) -> None:
    define(service, "refused")
    asked = do(service, f"{POLICIES}/refused/activate", {})
    refuse = {"approval_id": approval_of(asked), "reason": "Too short."}
    assert tags(do(service, f"{POLICIES}/refused/refuse", refuse, token=other)) == ["approval-refused"]
    assert service.fresh(f"{POLICIES}/refused").json()["state"] == "draft"


def test_a_revision_is_a_new_version_and_leaves_the_one_in_force(service: Service, other: str) -> None:
    define(service, "revised")
    activate(service, "revised", other)
    longer = about("revised", order=20)
    assert tags(do(service, f"{POLICIES}/revised/revise", longer)) == ["sla-policy-revised"]
    assert tags(do(service, f"{POLICIES}/revised/revise", longer)) == []
    read = service.fresh(f"{POLICIES}/revised").json()
    assert (read["active_version"], read["latest_version"], read["policy"]["order"]) == (1, 2, 10)
    assert [each["policy"]["order"] for each in read["versions"]] == [10, 20]
    activate(service, "revised", other)
    assert service.fresh(f"{POLICIES}/revised").json()["policy"]["order"] == 20
    assert tags(do(service, f"{POLICIES}/revised/retire", {"reason": "Over."})) == ["sla-policy-retired"]
    assert service.fresh(f"{POLICIES}/revised").json()["state"] == "retired"


def test_a_name_is_taken_once(service: Service) -> None:
    define(service, "once")
    problem(service.post(POLICIES, named(POLICY, "once"), role="supervisor"), 409, "name-taken")
    problem(service.post(CALENDARS, CALENDAR, role="supervisor"), 409, "name-taken")


def test_a_definition_that_is_sent_again_with_its_key_gets_the_first_answer(service: Service) -> None:
    how: dict[str, Any] = {"role": "supervisor", "headers": {"idempotency-key": "define-1"}}
    first = service.post(POLICIES, named(POLICY, "again"), **how)
    second = service.post(POLICIES, named(POLICY, "again"), **how)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


def test_a_document_that_is_wrong_is_refused_with_every_reason_and_its_path(service: Service) -> None:
    lost = named(POLICY, "lost", calendar="nowhere", layer="royal")
    assert set(wrong(service.post(POLICIES, lost, role="supervisor"))) == {"$.layer"}
    lost["layer"] = "legal"
    assert "$.calendar" in wrong(service.post(POLICIES, lost, role="supervisor"))
    moved = {**POLICY, "name": "elsewhere"}
    define(service, "here")
    assert set(wrong(service.post(f"{POLICIES}/here/revise", moved, role="supervisor"))) == {"$.name"}


def test_a_calendar_holds_its_holidays_as_dates(service: Service) -> None:
    read = service.fresh(f"{CALENDARS}/Brazil").json()
    assert (read["state"], read["active_version"]) == ("active", 1)
    holidays = read["calendar"]["holidays"]
    assert holidays["first_year"] == 2000
    assert {"2026-07-09", "2026-09-07", "2026-12-25"} <= set(holidays["dates"])
    assert holidays["version"].startswith("holidays ")


def test_a_calendar_that_a_policy_in_force_counts_by_is_not_retired(service: Service, other: str) -> None:
    calendar = named(CALENDAR, "Rio", holidays={"country": "BR", "subdivision": "RJ"})
    assert service.post(CALENDARS, calendar, role="supervisor").status_code == 201
    define(service, "in Rio", calendar="Rio")
    activate(service, "in Rio", other)
    problem(service.post(f"{CALENDARS}/Rio/retire", {}, role="supervisor"), 409, "calendar-in-use")
    do(service, f"{POLICIES}/in Rio/retire", {})
    assert tags(do(service, f"{CALENDARS}/Rio/retire", {})) == ["sla-calendar-retired"]


def test_lists_are_filtered_and_paged(service: Service, other: str) -> None:
    define(service, "listed", layer="contract")
    activate(service, "listed", other)
    found = service.fresh(f"{POLICIES}?layer=contract&state=active").json()["items"]
    assert [item["name"] for item in found] == ["listed"]
    assert service.fresh(f"{CALENDARS}?name=Brazil&limit=1").json()["items"][0]["name"] == "Brazil"


def test_who_is_unknown_is_not_found(service: Service) -> None:
    for path in (f"{POLICIES}/nobody", f"{POLICIES}/{NOWHERE}", f"{CALENDARS}/nobody"):
        problem(service.fresh(path), 404, "not-found")
    for path in (f"{POLICIES}/nobody/activate", f"{CALENDARS}/{NOWHERE}/activate"):
        problem(service.post(path, {}, role="supervisor"), 404, "not-found")


def test_analysts_read_and_supervisors_define(service: Service) -> None:
    assert service.fresh(f"{CALENDARS}/Brazil", role="analyst").status_code == 200
    assert service.fresh(POLICIES, role="auditor").status_code == 200
    problem(service.post(POLICIES, named(POLICY, "mine"), role="analyst"), 403, "forbidden")


def test_what_an_earlier_policy_takes_is_not_put_in_force(service: Service, other: str) -> None:
    define(service, "wide", match={"category": "loans"}, order=1)
    define(service, "narrow", match={"category": "loans", "severity": "high"}, order=2)
    activate(service, "wide", other)
    refused = wrong(service.post(f"{POLICIES}/narrow/activate", {}, role="supervisor"))
    assert refused == {"$.match": "everything that meets it is taken by wide, which comes first"}
