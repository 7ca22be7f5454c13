"""The running service does what its OpenAPI document says, whatever is sent to it.

Each operation gets the requests that go to the limits of its schema; SCHEMATHESIS_EXAMPLES is how many random
ones it gets beside them.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import hypothesis
import msgspec
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from api.app import create_app
from api.openapi import describe
from infra.settings import Settings
from tests.api.serving import Service

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "3"))
PAST = ("version", "position", "as_of")


def document() -> dict[str, Any]:
    made = create_app(Settings(home=Path("unused"), database_url="postgresql://unused/unused"))
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(describe(made.app)))
    return found


@pytest.fixture(scope="module")
def session(service: Service) -> Iterator[requests.Session]:
    """Connections that stay open, to a service whose log has begun."""
    service.register()
    with requests.Session() as opened:
        yield opened


@schemathesis.serializer("application/x-ndjson")
def line(_ctx: object, value: object) -> bytes:
    """A batch of one line."""
    return msgspec.json.encode(value)


# An answer that never ends is no answer to wait for; test_stream opens it.
SCHEMA = schemathesis.openapi.from_dict(document()).exclude(path="/v1/events/stream")


def make_sense(case: schemathesis.Case[Any], service: Service) -> None:
    """Put in what no schema can say: ids of things that exist, fresh keys, versions and positions."""
    if "id" in case.path_parameters:
        made = next(make for name, make in MAKERS.items() if name in case.path)
        case.path_parameters["id"] = made(service)["id"]
    if "protocol" in case.path_parameters:
        case.path_parameters["protocol"] = complaint(service)["protocol"]
    for name in ("cursor", "after", *[name for name in PAST if name in case.query][1:]):
        case.query.pop(name, None)
    if isinstance(case.body, dict):
        case.body = sensible(case.body, service)
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid4().hex
    if "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    if "Min-Log-Position" in case.headers:
        case.headers["Min-Log-Position"] = "1"


def sensible(body: dict[str, Any], service: Service) -> dict[str, Any]:
    """To JSON Schema 1.0 is an integer, and any UUID a customer; to the service they are not."""
    whole = {
        name: int(value) for name, value in body.items() if isinstance(value, float) and value.is_integer()
    }
    named: dict[str, Any] = {}
    if body.get("customer_id") is not None:
        named["customer_id"] = customer(service)["id"]
    named |= {
        name: value
        for name, value in {**OF_WEBHOOKS, "from_position": 1}.items()
        if body.get(name) is not None
    }
    return {**body, **whole, **named}


def complaint(service: Service) -> dict[str, Any]:
    return service.register()


def customer(service: Service) -> dict[str, Any]:
    body: dict[str, Any] = service.post("/v1/customers", {"name": "Bia"}).json()
    return body


def webhook(service: Service) -> dict[str, Any]:
    body: dict[str, Any] = service.post("/v1/webhooks", OF_WEBHOOKS, role="integrator").json()
    service.post(f"/v1/webhooks/{body['id']}/pause", {}, role="integrator")
    return body


OF_WEBHOOKS = {"url": "https://crm.invalid/hook", "types": ["note-added"]}
MAKERS = {"complaints": complaint, "customers": customer, "webhooks": webhook}


@SCHEMA.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_the_service_keeps_to_its_document(
    case: schemathesis.Case[Any], service: Service, session: requests.Session
) -> None:
    role = "integrator" if "webhooks" in case.path else "supervisor"
    headers = {"Authorization": f"Bearer {service.keys[role]}"}
    if case.meta is not None and not case.meta.generation.mode.is_negative:
        make_sense(case, service)
    elif "Authorization" in case.headers:
        headers = {}  # it is what is wrong
    if str(case.query.get("wait", "")).isdecimal():
        case.query["wait"] = 0  # nobody will come
    # That no operation forgets to ask for a token is tried in test_roles, once and not each time.
    case.call_and_validate(
        base_url=service.url,
        headers=headers,
        session=session,
        # Overlapping windows, unknown zones and the like are no matter of a schema.
        excluded_checks=[ignored_auth, *([positive_data_acceptance] if "/sla/" in case.path else [])],
    )
