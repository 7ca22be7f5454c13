"""The running service does what its OpenAPI document says, whatever is sent to it.

Each operation gets the requests that go to the limits of its schema, and SCHEMATHESIS_EXAMPLES random ones.
That takes minutes: one operation in SCHEMATHESIS_EVERY is tried, all of them by `make soak`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import hypothesis
import msgspec
import pytest
import requests
from hypothesis import HealthCheck, Phase

from tests.api.described import document
from tests.api.serving import Service

if TYPE_CHECKING:  # its import takes seconds, which every process that collects tests would pay
    import schemathesis

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "1"))
EVERY = int(os.environ.get("SCHEMATHESIS_EVERY", "16"))
PAST = ("version", "position", "as_of")


@pytest.fixture(scope="module")
def session(service: Service) -> Iterator[requests.Session]:
    """Connections that stay open, to a service whose log has begun."""
    service.register()
    with requests.Session() as opened:
        opened.trust_env = False  # nobody looks for proxies before each of thousands of requests
        yield opened


@pytest.fixture(scope="module")
def schema() -> schemathesis.BaseSchema:
    import schemathesis  # noqa: PLC0415 - see above

    @schemathesis.serializer("application/x-ndjson")
    def line(_ctx: object, value: object) -> bytes:
        """A batch of one line."""
        return msgspec.json.encode(value)

    return schemathesis.openapi.from_dict(document())


# An answer that never ends is no answer to wait for; test_stream opens it.
OPERATIONS = [
    pytest.param(path, method, id=f"{method.upper()} {path}")
    for path, methods in document()["paths"].items()
    for method in methods
    if path != "/v1/events/stream"
][::EVERY]


def make_sense(case: schemathesis.Case[Any], service: Service) -> None:
    """Put in what no schema can say: ids of things that exist, fresh keys, versions and positions."""
    if "id" in case.path_parameters:
        for made in [make for name, make in MAKERS.items() if name in case.path]:
            case.path_parameters["id"] = made(service)["id"]
    if "protocol" in case.path_parameters:
        case.path_parameters["protocol"] = complaint(service)["protocol"]
    for name in ("cursor", "after", *[name for name in PAST if name in case.query][1:]):
        case.query.pop(name, None)
    if isinstance(case.body, dict):
        case.body = sensible(case.body, service)
        if "/analysts" in case.path and "team" in case.body:
            case.body["team"] = team(service)
    headers = {"Idempotency-Key": uuid4().hex, "If-Match": "*", "Min-Log-Position": "1"}
    case.headers.update({name: value for name, value in headers.items() if name in case.headers})


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


def team(service: Service) -> str:
    """The name of one in service; it is registered once."""
    service.post("/v1/teams", {"name": "billing", "provider": "in_house"}, role="supervisor")
    return "billing"


def webhook(service: Service) -> dict[str, Any]:
    body: dict[str, Any] = service.post("/v1/webhooks", OF_WEBHOOKS, role="integrator").json()
    service.post(f"/v1/webhooks/{body['id']}/pause", {}, role="integrator")
    return body


OF_WEBHOOKS = {"url": "https://crm.invalid/hook", "types": ["note-added"]}
MAKERS = {"complaints": complaint, "customers/": customer, "webhooks": webhook}
ROLES = {"webhooks": "integrator", "views": "admin"}


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_the_service_keeps_to_its_document(
    path: str, method: str, schema: schemathesis.BaseSchema, service: Service, session: requests.Session
) -> None:
    """As Schemathesis has it, but for its plugin: of its tests, which bear one name, xdist runs one."""
    from schemathesis.checks import not_a_server_error  # noqa: PLC0415 - see above
    from schemathesis.generation.feedback import FeedbackSources  # noqa: PLC0415 - see above
    from schemathesis.pytest._test_builder import build_operation_test  # noqa: PLC0415 - see above
    from schemathesis.python._constants.orchestrator import (  # noqa: PLC0415 - see above
        make_constants_value_source,
    )
    from schemathesis.specs.openapi.checks import (  # noqa: PLC0415 - see above
        ignored_auth,
        positive_data_acceptance,
    )

    role = ROLES.get(path.split("/")[2], "supervisor") if path.startswith("/v1/") else "supervisor"

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    def keeps(case: schemathesis.Case[Any]) -> None:
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
            # Overlapping windows, unknown zones and the like are no matter of a schema. No worker runs, so
            # soon as many simulations wait as there may be.
            excluded_checks=[
                ignored_auth,
                *([positive_data_acceptance] if "/sla/" in path else []),
                *([not_a_server_error] if path == "/v1/sla/simulations" else []),
            ],
        )

    build_operation_test(
        config=schema.config,
        operation=schema[path][method],
        test_func=keeps,
        given_kwargs={},
        feedback=FeedbackSources(constants_value_source=make_constants_value_source(schema)),
    )()
