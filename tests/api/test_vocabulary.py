"""Every command is offered over HTTP, with an example that works, and refuses who may not."""

from typing import Any

import msgspec
import pytest

from api.examples import OTHERS, REQUESTS
from domain import AGGREGATES
from domain.complaint import COMPLAINT
from domain.complaint.commands import Register
from domain.refusals import FORBIDDEN
from tests.api.serving import Service, problem

COMMANDS = {f"{kind}/{c.verb}": c for kind, aggregate in AGGREGATES.items() for c in aggregate.commands}


def test_every_command_has_an_example_that_decodes() -> None:
    assert REQUESTS.keys() == COMMANDS.keys()
    for action, example in REQUESTS.items():
        msgspec.json.decode(msgspec.json.encode(example), type=COMMANDS[action])


def test_the_document_shows_every_command_with_its_example_and_no_command_of_the_system(
    service: Service,
) -> None:
    document = service.get("/schema/openapi.json", role=None).json()
    for command in COMPLAINT.commands:
        path = "/v1/complaints" + ("" if command is Register else f"/{{id}}/{command.verb}")
        (content,) = document["paths"][path]["post"]["requestBody"]["content"].values()
        assert content["examples"]["example"]["value"] == REQUESTS[f"complaint/{command.verb}"]
    for command in COMPLAINT.system_commands:
        assert f"/v1/complaints/{{id}}/{command.verb}" not in document["paths"]
    for name, example in OTHERS.items():
        assert any(
            example == each["value"]
            for methods in document["paths"].values()
            for operation in methods.values()
            if operation["operationId"] == name.replace("-", "_")
            for content in operation["requestBody"]["content"].values()
            for each in content["examples"].values()
        ), name


@pytest.mark.parametrize(
    "command", [c for c in COMPLAINT.commands if c is not Register], ids=lambda c: str(c.verb)
)
def test_a_command_is_carried_out_or_refused_by_the_rules(service: Service, command: Any) -> None:
    """Its example, on a complaint of which nothing is known that it may name, but for customers."""
    made, body = service.register(), REQUESTS[f"complaint/{command.verb}"]
    if "customer_id" in body:
        body = {**body, "customer_id": service.post("/v1/customers", {"name": "Bia"}).json()["id"]}
    service.do(made["id"], "assign", team="cards")
    answer = service.post(f"/v1/complaints/{made['id']}/{command.verb}", body, role="supervisor")
    if answer.status_code == 200:
        assert answer.json()["events"], answer.text
    else:
        slug = answer.json()["type"].rpartition("/")[2]
        assert slug in {"wrong-state", "never-resolved", "no-proposal"} or slug.startswith("unknown-"), slug
        problem(answer, 409, slug)


def test_what_only_a_supervisor_may_is_forbidden_to_others(service: Service) -> None:
    made = service.register()
    body = {"reason": "Stamped earlier", "received_at": "2026-01-05T10:00:00Z"}
    path = f"/v1/complaints/{made['id']}/correct"
    problem(service.post(path, body), 403, "supervisor-required")
    assert service.post(path, body, role="supervisor").json()["events"][0]["type"] == "complaint-corrected"
    for verb in ("change-kind", "approve", "refuse"):
        answer = service.post(f"/v1/complaints/{made['id']}/{verb}", REQUESTS[f"complaint/{verb}"])
        problem(answer, 403, "forbidden")
    assert {"supervisor-required", "same-person"} == FORBIDDEN


def test_a_channel_brings_what_happened_outside_late_and_owes_no_reason(service: Service) -> None:
    made = service.post(
        "/v1/complaints", {"subject": "x", "description": "y", "channel": "procon"}, role="integrator"
    )
    path = f"/v1/complaints/{made.json()['id']}"
    bodies: dict[str, dict[str, Any]] = {
        "open-external-case": {"body": "procon", "reference": "SP-1"},
        "record-exposure": {"network": "x", "url": "https://example.com/1", "shares": 2},
        "record-reply": {"channel": "procon", "message": "Still waiting."},
    }
    for verb, body in bodies.items():
        sent = {**body, "occurred_at": "2026-01-05T10:00:00Z"}
        assert service.post(f"{path}/{verb}", sent, role="integrator").status_code == 200, verb
        if verb != "record-reply":
            problem(
                service.post(f"{path}/{verb}", {**sent, "occurred_at": "2026-01-06T10:00:00Z"}),
                409,
                "backdating-reason-missing",
            )
    opened = service.do(made.json()["id"], "open-external-case", body="procon", reference="SP-2")
    case = opened["events"][0]["data"]["case_id"]
    for verb, extra in (("answer-external-case", {}), ("decide-external-case", {"outcome": "settled"})):
        assert (
            service.post(f"{path}/{verb}", {"case_id": case, **extra}, role="integrator").status_code == 200
        )
