"""The OpenAPI document: valid, complete, and true of what the code takes."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from api.examples import REQUESTS
from api.openapi.responses import SHARED
from api.openapi.schemas import schema_of
from api.problems import PROBLEMS
from domain import AGGREGATES, fields
from tests.api.described import document
from tests.api.serving import Service

DOCUMENT = document()
COMMANDS = {f"{kind}/{c.verb}": c for kind, aggregate in AGGREGATES.items() for c in aggregate.commands}
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
TRICKY = [
    "", " ", "a", " a ", "a\n", "\na", "a\nb", "a\tb", "a\r", "\x00", "a\x00", "\x1f", "\x7f", "a\x85b",
    "\u00a0", "\u2028", "\ufeff", "a@b", "a@b\n", "a @b", "a@b\x85", "a@b\ufeff", "a@b\u2003", "a@@b",
    "ação", "苦情", "☎", "A", "a_b-1", "-a", "_a", "08:30", "8:30", "24:00", "23:59\n", "1.50", "1.", ".5",
    "0001", "1,5", "٧", "BRL", "brl", "BRL\n",
    "http://a", "https://a.b/c?d", "http://", "http://a b", "http://a\x85", "http://a\n", "a/b",
    "a/B", "a/b\n", "f" * 64, "F" * 64, "f" * 64 + "\n", "1" * 12, "1" * 13,
]  # fmt: skip


def test_the_document_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    from schemathesis.specs.openapi import definitions  # noqa: PLC0415 - its import takes seconds

    assert list(definitions.OPENAPI_31_VALIDATOR.iter_errors(DOCUMENT)) == []


def test_the_service_serves_it_as_json_and_as_a_page(service: Service) -> None:
    served = service.get("/schema/openapi.json", role=None)
    assert served.json() == DOCUMENT
    page = service.get("/schema", role=None)
    assert page.headers["content-type"].startswith("text/html")
    assert [path for path in DOCUMENT["paths"] if path not in page.text] == []


def test_it_is_small_enough_to_be_read() -> None:
    assert len(json.dumps(DOCUMENT)) < 550_000


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_everything_it_refers_to_is_there_and_nothing_is_left_over() -> None:
    used = set(references(DOCUMENT))
    there = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "parameters", "headers", "responses")
        for name in DOCUMENT["components"][kind]
    }
    assert used - there == set()
    assert there - used <= {"#/components/responses/MethodNotAllowed"}  # for all paths, so of no operation


def test_every_operation_has_a_name_of_its_own_and_says_whom_it_is_for() -> None:
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-z_]+", name) for name in ids)
    for label, operation in OPERATIONS.items():
        assert operation["summary"], label
        path = label.split()[1]
        asks = path.startswith("/v1/") and not path.startswith("/v1/status/")
        assert ("For: " in operation["description"]) == asks, label


SLA = {"sla-policy": "policies", "sla-calendar": "calendars"}


def path_of(kind: str, verb: str) -> str:
    """Where a command is sent to."""
    place = f"sla/{SLA[kind]}" if kind in SLA else f"{kind}s"
    key = "key" if kind in {*SLA, "team", "analyst"} else "id"
    return f"POST /v1/{place}" + ("" if verb in ("register", "define", "create") else f"/{{{key}}}/{verb}")


def test_every_command_and_every_read_is_in_it() -> None:
    documented = {label for label in OPERATIONS if label.startswith("POST")}
    others = {
        "POST /v1/complaints:batch",
        "POST /v1/complaints:bulk",
        "POST /v1/status/{protocol}/reply",
        "POST /v1/webhooks/{id}/test",
        "POST /v1/sla/preview",
        "POST /v1/sla/presets/{key}/install",
        "POST /v1/sla/simulations",
        "POST /v1/sla/simulations/{id}/cancel",
        "POST /v1/views/{key}/rebuild",
        "POST /v1/views/{key}/rebuilds/{id}/cancel",
    }
    assert documented == others | {path_of(*action.split("/")) for action in COMMANDS}
    assert len(OPERATIONS) - len(documented) == len(
        [
            "worklist",
            "detail",
            "protocol",
            "history",
            "trail",
            "customers",
            "customer",
            "teams",
            "team",
            "analysts",
            "analyst",
            "me",
            "live",
            "ready",
            "status",
            "events",
            "webhooks",
            "webhook",
            "standing",
            "deliveries",
            "parked",
            "stream",
            "policies",
            "policy",
            "calendars",
            "calendar",
            "presets",
            "clocks of a complaint",
            "at risk",
            "clocks",
            "compliance",
            "simulation",
            "views",
            "rebuild of a view",
        ]
    )


def test_every_command_has_an_example_that_decodes_and_is_valid() -> None:
    assert REQUESTS.keys() == COMMANDS.keys()
    for action, example in REQUESTS.items():
        msgspec.json.decode(json.dumps(example), type=COMMANDS[action])
        schema = {"$ref": f"#/components/schemas/{COMMANDS[action].__name__}", **DOCUMENT}
        jsonschema_rs.validator_for(schema).validate(example)


def test_every_parameter_is_described() -> None:
    for label, operation in OPERATIONS.items():
        for parameter in operation["parameters"]:
            shared = parameter.get("$ref", "").rpartition("/")[2]
            found = DOCUMENT["components"]["parameters"][shared] if shared else parameter
            assert found["description"], (label, found["name"])


def statuses(label: str) -> set[str]:
    return set(OPERATIONS[label]["responses"])


def expected_statuses(label: str, *, asks: bool) -> set[str]:  # noqa: PLR0911 - one rule for each kind
    """What an operation may answer beside 500; `asks`: for a token."""
    place = "{" in label
    if "/status/" in label:
        return {"200", "400", "404", "503"} | (
            {"409", "413", "415", "422"} if label.startswith("POST") else set()
        )
    if "complaints:" in label:
        return {"200", "400", "401", "403", "413", "415", "503"}
    if "/simulations" in label:
        status = "202" if label.endswith("simulations") else "200"
        return {status, "400", "401", "403", "503"} | ({"404"} if place else {"413", "415"})
    if "/rebuild" in label:
        begun = label.endswith("/rebuild")
        more = {"202", "409", "413", "415"} if begun else {"200"}
        return {"400", "401", "403", "404", "503"} | more
    if label.endswith("/test"):
        return {"200", "400", "401", "403", "404", "413", "415", "503"}
    if label.startswith("POST"):
        done = "200" if place or label.endswith("preview") else "201"
        return {done, "400", "401", "403", "404", "409", "412", "413", "415", "422", "503"}
    if asks:
        return {"200", "400", "401", "403", "503"} | ({"404"} if place else set())
    return {"200", "503"} if "ready" in label else {"200"}


def test_every_response_that_an_operation_gives_is_in_it() -> None:
    for label, operation in OPERATIONS.items():
        asks = "bearer" in str(operation.get("security", DOCUMENT["security"]))
        unchanged = {"304"} if label == "GET /v1/events" else set()
        assert statuses(label) == {"500"} | unchanged | expected_statuses(label, asks=asks), label


def test_every_problem_type_is_in_it() -> None:
    shown = {slug for slugs in SHARED.values() for slug in slugs}
    assert shown == PROBLEMS.keys()
    for name, slugs in SHARED.items():
        response = DOCUMENT["components"]["responses"][name]
        (content,) = response["content"].values()
        assert list(content["examples"]) == list(slugs)
        assert len({PROBLEMS[slug][0] for slug in slugs}) == 1
        for example in content["examples"].values():
            jsonschema_rs.validator_for({**content["schema"], **DOCUMENT}).validate(example["value"])


def patterns(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("pattern"), str):
            yield value["pattern"]
        for each in value.values():
            yield from patterns(each)
    elif isinstance(value, list):
        for each in value:
            yield from patterns(each)


def test_every_pattern_is_free_of_what_only_python_knows() -> None:
    for pattern in set(patterns(DOCUMENT)):
        assert not re.search(r"\\[AZs]|\(\?P|\(\?[a-z]", pattern), pattern
        jsonschema_rs.validator_for({"type": "string", "pattern": pattern})


@pytest.mark.parametrize(
    "kind",
    [
        "FreeText",
        "Label",
        "Subject",
        "Tag",
        "Slug",
        "Email",
        "Phone",
        "Clock",
        "Amount",
        "Currency",
        "Url",
        "MediaType",
        "Sha256",
    ],
)
def test_a_schema_takes_the_text_that_the_code_takes(kind: str) -> None:
    hint = getattr(fields, kind)
    validator = jsonschema_rs.validator_for(schema_of(hint))

    def taken(text: str) -> bool:
        try:
            msgspec.convert(text, hint)
        except msgspec.ValidationError:
            return False
        return True

    assert [text for text in TRICKY if validator.is_valid(text) != taken(text)] == []
