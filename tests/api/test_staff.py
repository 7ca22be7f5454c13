"""Teams and analysts over HTTP, and compliance by whom they belong to."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest

from tests.api.serving import NOWHERE, Service, problem, wrong
from tests.api.test_compliance import CALENDAR, POLICY, RESOLVE

TEAMS, ANALYSTS = "/v1/teams", "/v1/analysts"
NIGHT = {"name": "night desk", "provider": "third_party", "provider_name": "Central Exemplo"}
FIELDS = ("analyst", "team", "provider", "provider_name")


def made(service: Service, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = service.post(path, body, role="supervisor")
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"{path}/{found['id']}"
    return found


def done(service: Service, path: str, body: dict[str, Any]) -> list[str]:
    """The types of the events that a command recorded."""
    answer = service.post(path, body, role="supervisor")
    assert answer.status_code == 200, answer.text
    return [event["type"] for event in answer.json()["events"]]


def assigned(service: Service, complaint_id: str, **fields: Any) -> tuple[str | None, ...]:
    """Analyst, team and provider that an assignment recorded."""
    [event] = service.do(complaint_id, "assign", **fields)["events"]
    return tuple(event["data"].get(name) for name in FIELDS)


def test_an_analyst_whose_subject_looks_like_an_id_is_found_by_it(service: Service, night: str) -> None:
    subject = str(uuid4())
    made(service, ANALYSTS, {"subject": subject, "team": NIGHT["name"]})
    assert service.fresh(f"{ANALYSTS}/{subject}").json()["subject"] == subject
    assert done(service, f"{ANALYSTS}/{subject}/leave", {}) == ["analyst-left"]
    assert night


@pytest.fixture(scope="module")
def night(service: Service) -> str:
    """The id of a team of a provider, with an analyst."""
    team = made(service, TEAMS, NIGHT)
    made(service, ANALYSTS, {"subject": "dora", "team": "night desk"})
    return str(team["id"])


def test_a_team_is_read_by_the_name_that_assignments_have_or_by_its_id(service: Service, night: str) -> None:
    for key in ("night%20desk", night):
        answer = service.fresh(f"{TEAMS}/{key}")
        assert answer.json().items() >= NIGHT.items()
        assert (answer.json()["id"], answer.headers["etag"]) == (night, '"1"')
    assert service.fresh(f"{ANALYSTS}/dora").json()["team"] == "night desk"
    assert [item["id"] for item in service.fresh(f"{TEAMS}?name=night%20desk").json()["items"]] == [night]
    found = service.fresh(f"{ANALYSTS}?team=night%20desk", role="admin").json()["items"]
    assert [item["subject"] for item in found] == ["dora"]


@pytest.mark.parametrize("path", [TEAMS, ANALYSTS])
def test_what_nobody_registered_is_not_found(service: Service, path: str) -> None:
    command = "dissolve" if path == TEAMS else "leave"
    for key in ("nobody", NOWHERE):
        problem(service.fresh(f"{path}/{key}"), 404, "not-found")
        problem(service.post(f"{path}/{key}/{command}", {}, role="supervisor"), 404, "not-found")


def test_a_name_is_registered_once(service: Service, night: str) -> None:
    taken = problem(service.post(TEAMS, NIGHT, role="supervisor"), 409, "name-taken")
    assert night in taken["detail"]
    again = {"subject": "dora", "team": "night desk"}
    problem(service.post(ANALYSTS, again, role="supervisor"), 409, "name-taken")


def test_bad_input_is_named_by_field_with_the_reason(service: Service, night: str) -> None:
    answer = service.post(TEAMS, {"name": "", "provider": "rented"}, role="supervisor")
    assert set(wrong(answer)) == {"$.name", "$.provider"}
    answer = service.post(TEAMS, {"name": "cards", "provider": "in_house", "skills": []}, role="supervisor")
    assert set(wrong(answer)) == {"$.skills"}
    answer = service.post(ANALYSTS, {"subject": "eva", "team": "nite desk"}, role="supervisor")
    assert wrong(answer) == {"$.team": "no team in service is called nite desk"}
    answer = service.post(f"{ANALYSTS}/dora/change-team", {"team": "nite desk"}, role="supervisor")
    assert wrong(answer) == {"$.team": "no team in service is called nite desk"}
    assert set(wrong(service.get(f"{TEAMS}?provider=rented"))) == {"provider"}
    assert set(wrong(service.get("/v1/sla/compliance?provider=rented"))) == {"provider"}
    assert night


def test_an_assignment_knows_what_was_registered_just_before(service: Service, night: str) -> None:
    found = service.register()["id"]
    theirs = ("night desk", "third_party", "Central Exemplo")
    assert assigned(service, found, analyst="dora") == ("dora", *theirs)
    made(service, TEAMS, {"name": "cards", "provider": "in_house"})
    assert assigned(service, found, team="cards") == (None, "cards", "in_house", None)
    assert done(service, f"{ANALYSTS}/dora/change-team", {"team": "cards"}) == ["analyst-team-changed"]
    assert assigned(service, found, analyst="dora") == ("dora", "cards", "in_house", None)
    assert done(service, f"{ANALYSTS}/dora/change-team", {"team": "night desk"}) == ["analyst-team-changed"]
    assert assigned(service, found, analyst="dora") == ("dora", *theirs)
    assert night


def test_a_team_that_nobody_registered_is_assigned_as_ever(service: Service) -> None:
    found = service.register()["id"]
    assert assigned(service, found, team="loans", analyst="eva") == ("eva", "loans", None, None)
    assert assigned(service, found, analyst="ivo") == ("ivo", "loans", None, None)
    made(service, TEAMS, {"name": "loans", "provider": "independent"})
    assert assigned(service, found, team="loans") == ("ivo", "loans", "independent", None)
    assert service.do(found, "assign", team="loans")["events"] == []


def test_a_team_with_analysts_is_not_dissolved(service: Service) -> None:
    team = made(service, TEAMS, {"name": "short", "provider": "in_house"})["id"]
    made(service, ANALYSTS, {"subject": "gil", "team": "short"})
    refused = problem(service.post(f"{TEAMS}/{team}/dissolve", {}, role="supervisor"), 409, "team-in-use")
    assert refused["detail"] == "analysts belong to it: gil"
    assert done(service, f"{ANALYSTS}/gil/leave", {"reason": "Retired."}) == ["analyst-left"]
    assert done(service, f"{TEAMS}/{team}/dissolve", {}) == ["team-dissolved"]
    assert assigned(service, service.register()["id"], team="short") == (None, "short", None, None)
    assert service.fresh(f"{TEAMS}/short").json()["dissolved"] is True


def test_a_stale_change_is_refused(service: Service) -> None:
    made(service, TEAMS, {"name": "stale", "provider": "in_house"})
    path, change = f"{TEAMS}/stale/change-provider", {"provider": "independent"}
    answer = service.post(path, change, role="supervisor", headers={"if-match": '"9"'})
    assert problem(answer, 412, "version-mismatch")["current_version"] == 1
    assert service.post(path, change, role="supervisor", headers={"if-match": '"1"'}).status_code == 200


def test_a_repeated_registration_is_answered_as_the_first_time(service: Service) -> None:
    body, key = {"name": "twice", "provider": "in_house"}, {"idempotency-key": "register-twice"}
    first, again = (service.post(TEAMS, body, role="supervisor", headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()


def test_compliance_is_told_by_provider_from_registration_to_resolution(own_service: Service) -> None:
    service, sofia = own_service, own_service.key("sofia", "supervisor")
    assert service.post("/v1/sla/calendars", CALENDAR, role="supervisor").status_code == 201
    assert service.post("/v1/sla/policies", POLICY, role="supervisor").status_code == 201
    asked = service.post("/v1/sla/policies/desk/activate", {}, role="supervisor").json()
    approval = {"approval_id": asked["events"][0]["data"]["approval_id"]}
    assert service.post("/v1/sla/policies/desk/approve", approval, token=sofia).status_code == 200
    made(service, TEAMS, NIGHT)
    made(service, TEAMS, {"name": "cards", "provider": "in_house"})
    made(service, ANALYSTS, {"subject": "dora", "team": "night desk"})
    for who in ({"analyst": "dora"}, {"team": "cards"}, {"team": "loans"}):
        complaint = service.register(received_at=(datetime.now(UTC) - timedelta(hours=1)).isoformat())["id"]
        service.do(complaint, "assign", **who)
        service.do(complaint, "resolve", **RESOLVE)
    groups = service.fresh("/v1/sla/compliance?by=provider").json()["groups"]
    assert {group.get("provider"): (group["met"], group["n"]) for group in groups} == {
        "in_house": (1, 1),
        "third_party": (1, 1),
        None: (1, 1),
    }
    [named] = service.fresh("/v1/sla/compliance?by=provider_name&provider=third_party").json()["groups"]
    assert (named["provider_name"], named["met"]) == ("Central Exemplo", 1)
    [clock] = service.fresh("/v1/sla/clocks?provider=third_party").json()["items"]
    assert (clock["analyst"], clock["team"], clock["provider_name"]) == (
        "dora",
        "night desk",
        "Central Exemplo",
    )
    drawn = service.fresh("/v1/sla/compliance?by=provider", headers={"accept": "image/svg+xml"}).text
    texts = [each.text for each in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314 - our own
    assert {"Compliance by provider", "in_house", "third_party", "none"} <= set(texts)
    assert set(wrong(service.get("/v1/sla/compliance?by=providers"))) == {"by"}
