"""Who may do what: the whole table over HTTP, and what a sector sees."""

from typing import Any
from uuid import uuid4

import pytest

from api.examples import REQUESTS
from api.roles import MAY, ROLES
from domain import AGGREGATES
from tests.api.serving import NOWHERE, REGISTER, SECTOR, Service, problem

READS = {
    "read complaints": ["/v1/complaints", f"/v1/complaints/{NOWHERE}", "/v1/complaints/by-protocol/1234567"],
    "read staff": [
        "/v1/teams",
        f"/v1/teams/{NOWHERE}",
        "/v1/analysts",
        f"/v1/analysts/{NOWHERE}",
    ],
    "read customers": ["/v1/customers", f"/v1/customers/{NOWHERE}"],
    "read history": [f"/v1/complaints/{NOWHERE}/history"],
    "read service levels": [
        "/v1/sla/policies",
        f"/v1/sla/policies/{NOWHERE}",
        "/v1/sla/calendars",
        f"/v1/sla/calendars/{NOWHERE}",
        "/v1/sla/presets",
        "/v1/sla/at-risk",
        "/v1/sla/clocks",
        "/v1/sla/compliance",
        f"/v1/complaints/{NOWHERE}/sla",
    ],
    "read trail": ["/v1/audit/trail"],
    "read feed": ["/v1/events?wait=0"],
    "read personal feed": ["/v1/events?personal=true"],
    "read webhooks": [
        "/v1/webhooks",
        *(f"/v1/webhooks/{NOWHERE}{part}" for part in ("", "/standing", "/deliveries", "/parked")),
    ],
    "read own identity": ["/v1/me"],
}
OTHERS: dict[str, dict[str, dict[str, Any]]] = {
    "install presets": {"/v1/sla/presets/nowhere/install": {}},
    "preview service levels": {"/v1/sla/preview": {}},
    "simulate service levels": {"/v1/sla/simulations": {}},
}
PATHS = {"sla-policy": "/v1/sla/policies", "sla-calendar": "/v1/sla/calendars"}
BEFORE = {"read personal feed": "read feed"}
"""What must be allowed first."""
TRIAL = "test webhooks"
MANY = {"send batches": "/v1/complaints:batch", "send bulk commands": "/v1/complaints:bulk"}


def requests(action: str) -> list[tuple[str, str, Any]]:
    """Requests that ask for an action on things that do not exist, and so change nothing."""
    if action in READS:
        return [("GET", path, None) for path in READS[action]]
    if action == TRIAL:
        return [("POST", f"/v1/webhooks/{NOWHERE}/test", {})]
    if action in MANY:
        return [("POST", MANY[action], {})]
    if action in OTHERS:
        return [("POST", path, body) for path, body in OTHERS[action].items()]
    kind, verb = action.split("/")
    path = PATHS.get(kind, f"/v1/{kind}s")
    if verb in {"register", "define", "create"}:
        return [("POST", path, {})]
    return [("POST", f"{path}/{NOWHERE}/{verb}", REQUESTS[action])]


def test_every_command_and_every_read_is_an_action() -> None:
    commands = {f"{kind}/{c.verb}" for kind, aggregate in AGGREGATES.items() for c in aggregate.commands}
    assert MAY.keys() == commands | READS.keys() | MANY.keys() | OTHERS.keys() | {TRIAL}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", MAY)
def test_an_action_is_for_the_roles_of_the_table_only(service: Service, action: str, role: str) -> None:
    for method, path, body in requests(action):
        answer = service.send(method, path, json=body, role=role)
        if role in MAY[action]:
            assert answer.status_code in {200, 400, 404}, answer.text
        else:
            named = problem(answer, 403, "forbidden")["detail"].partition(" is for: ")[0]
            assert named in {action, BEFORE.get(action)}


@pytest.mark.parametrize("action", MAY)
def test_no_action_is_for_those_who_show_no_key(service: Service, action: str) -> None:
    for method, path, body in requests(action):
        problem(service.send(method, path, json=body, role=None), 401, "unauthenticated")


def test_a_role_that_is_refused_changes_nothing(service: Service) -> None:
    head = service.head()
    for role in ("auditor", "admin", "privacy", "sector"):
        problem(service.post("/v1/complaints", REGISTER, role=role), 403, "forbidden")
    assert service.head() == head


def test_roles_of_one_key_add_up(service: Service) -> None:
    token = service.key("both", "auditor", "integrator")
    made = service.post("/v1/complaints", REGISTER, token=token)
    assert made.status_code == 201
    assert service.get("/v1/audit/trail", token=token).status_code == 200
    problem(
        service.post(f"/v1/complaints/{made.json()['id']}/investigate", {}, token=token), 403, "forbidden"
    )


def test_the_actor_is_the_subject_of_the_key_and_not_its_role(service: Service) -> None:
    token = service.key("ana.lima", "supervisor")
    made = service.post("/v1/complaints", REGISTER, token=token).json()
    assert made["events"][0]["actor"] == "ana.lima"
    assert service.get("/v1/me", token=token).json() == {
        "subject": "ana.lima",
        "roles": ["supervisor"],
        "sector": None,
    }
    assert service.get("/v1/me", role="sector").json()["sector"] == SECTOR


@pytest.fixture
def asked(service: Service) -> dict[str, Any]:
    """A case that the sector of the role's key was asked about."""
    made = service.register(product="card")
    return {**made, **service.do(made["id"], "consult-sector", sector=SECTOR, question="Twice?")}


def ask_of(answer: dict[str, Any]) -> str:
    return str(answer["events"][0]["data"]["ask_id"])


def test_a_sector_sees_the_cases_it_was_asked_about_and_no_others(
    service: Service, asked: dict[str, Any]
) -> None:
    hidden = service.register(product="card")
    other = service.register(product="card")
    service.do(other["id"], "consult-sector", sector="logistics", question="Where?")
    items = service.fresh("/v1/complaints?product=card&limit=200", role="sector").json()["items"]
    seen = {item["id"] for item in items}
    assert asked["id"] in seen
    assert seen.isdisjoint({hidden["id"], other["id"]})
    for found, status in ((asked, 200), (hidden, 404), (other, 404)):
        for path in (f"/v1/complaints/{found['id']}", f"/v1/complaints/by-protocol/{found['protocol']}"):
            assert service.fresh(path, role="sector").status_code == status
        problem(service.get(f"/v1/complaints/{found['id']}/history", role="sector"), 403, "forbidden")
        service.get(f"/v1/complaints/{found['id']}?version=1", role="sector")


def test_a_sector_sees_a_case_as_it_was_from_its_first_question_on(
    service: Service, asked: dict[str, Any]
) -> None:
    path = f"/v1/complaints/{asked['id']}"
    assert service.get(f"{path}?version=2", role="sector").status_code == 200
    problem(service.get(f"{path}?version=1", role="sector"), 404, "not-found")
    hidden = service.register()
    problem(service.get(f"/v1/complaints/{hidden['id']}?version=1", role="sector"), 404, "not-found")


def test_a_sector_cannot_choose_whose_cases_it_sees(service: Service) -> None:
    assert service.get("/v1/complaints?sector=logistics", role="sector").status_code == 400


def test_a_key_without_a_sector_sees_nothing(service: Service, asked: dict[str, Any]) -> None:
    token = service.key("lost", "sector")
    assert service.fresh("/v1/complaints", token=token).json()["items"] == []
    problem(service.get(f"/v1/complaints/{asked['id']}", token=token), 404, "not-found")
    problem(
        service.post(f"/v1/complaints/{asked['id']}/add-note", {"text": "x"}, token=token), 404, "not-found"
    )


def test_a_sector_answers_its_own_question_and_no_other(service: Service, asked: dict[str, Any]) -> None:
    foreign = ask_of(service.do(asked["id"], "consult-sector", sector="logistics", question="Where?"))
    path = f"/v1/complaints/{asked['id']}/record-sector-answer"
    head = service.head()
    for named in ({"ask_id": foreign}, {"sector": "logistics"}):
        problem(service.post(path, {"answer": "x", **named}, role="sector"), 404, "not-found")
    mixed = {"answer": "x", "ask_id": foreign, "sector": SECTOR}
    assert service.post(path, mixed, role="sector").status_code in {404, 409}
    problem(service.post(path, {"answer": "x"}, role="sector"), 409, "ask-not-named")
    problem(service.post(path, {"answer": "x", "ask_id": str(uuid4())}, role="sector"), 409, "unknown-ask")
    assert service.head() == head
    assert service.post(path, {"answer": "Yes.", "ask_id": ask_of(asked)}, role="sector").status_code == 200


def test_a_sector_notes_on_its_own_cases_only(service: Service, asked: dict[str, Any]) -> None:
    hidden = service.register()
    note = {"text": "x"}
    assert service.post(f"/v1/complaints/{asked['id']}/add-note", note, role="sector").status_code == 200
    for stream_id in (hidden["id"], NOWHERE):
        problem(service.post(f"/v1/complaints/{stream_id}/add-note", note, role="sector"), 404, "not-found")


def test_another_role_widens_what_a_sector_sees_but_not_what_it_does(
    service: Service, asked: dict[str, Any]
) -> None:
    token = service.key("both", "sector", "auditor", sector=SECTOR)
    hidden = service.register()
    assert service.get(f"/v1/complaints/{hidden['id']}/history", token=token).status_code == 200
    assert service.fresh(f"/v1/complaints/{hidden['id']}", token=token).status_code == 200
    note = {"text": "x"}
    problem(service.post(f"/v1/complaints/{hidden['id']}/add-note", note, token=token), 404, "not-found")
    assert service.post(f"/v1/complaints/{asked['id']}/add-note", note, token=token).status_code == 200
