"""A client generated from the OpenAPI document takes a complaint through a long life."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.api.serving import Service

NAME = "generated_ouvidoria"
CONFIG = "post_hooks: []\n"


class Generated:
    """The generated package: its models by name, its operations by theirs, called as one role."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._models = importlib.import_module(f"{NAME}.models")
        self._client = importlib.import_module(f"{NAME}.client")

    def operation(self, name: str) -> ModuleType:
        """The module of an operation, in the folder of its tag."""
        (found,) = Path(str(self._client.__file__)).parent.glob(f"api/*/{name}.py")
        return importlib.import_module(f"{NAME}.api.{found.parent.name}.{name}")

    def call(self, name: str, *path: Any, role: str = "analyst", body: Any = None, **more: Any) -> Any:
        """What an operation answers, as the client understands it."""
        client = self._client.AuthenticatedClient(
            base_url=self._service.url, token=self._service.keys[role], raise_on_unexpected_status=True
        )
        given = {**more, **({} if body is None else {"body": body})}
        with client as opened:
            return self.operation(name).sync(*path, client=opened, **given)

    def model(self, name: str, /, **fields: Any) -> Any:
        return getattr(self._models, name).from_dict(fields)

    def do(self, complaint_id: Any, verb: str, *, role: str = "analyst", **fields: Any) -> Any:
        """The answer to an accepted command."""
        body = self.model("".join(part.capitalize() for part in verb.split("_")), **fields)
        done = self.call(f"complaint_{verb}", complaint_id, role=role, body=body)
        assert type(done).__name__ == "ComplaintChanged", done
        return done


@pytest.fixture(scope="module")
def warnings(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What the generator warns of; while it lasts, what it made can be imported."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "openapi.json").write_bytes(service.get("/schema/openapi.json", role=None).content)
    (folder / "config.yaml").write_text(CONFIG)
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    files = ["--path", "openapi.json", "--config", "config.yaml", "--output-path", NAME]
    done = subprocess.run([*command, *files], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield done.stdout + done.stderr
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.split(".")[0] == NAME]:
        del sys.modules[name]


@pytest.fixture
def generated(service: Service, warnings: str) -> Generated:
    return Generated(service)


def test_the_generator_understands_all_but_the_lines_of_a_batch(warnings: str) -> None:
    """NDJSON has no place in OpenAPI 3.1, so nobody can generate it."""
    assert warnings.count("WARNING") == 1
    assert "POST /v1/complaints:batch" in warnings
    assert "Unsupported content type application/x-ndjson" in " ".join(warnings.split())


def test_every_other_operation_and_every_command_is_in_the_client(
    service: Service, generated: Generated
) -> None:
    document = service.get("/schema/openapi.json", role=None).json()
    names = [each["operationId"] for methods in document["paths"].values() for each in methods.values()]
    for name in names:
        if name != "complaint_batch":
            assert callable(generated.operation(name).sync), name


def test_a_client_takes_a_complaint_through_a_long_life(generated: Generated) -> None:
    owner = generated.call("customer_register", body=generated.model("RegisterCustomer", name="Maria Souza"))
    made = generated.call(
        "complaint_register",
        body=generated.model(
            "Register", subject="Cobrança dupla", description="Fatura 4471.", channel="web", severity="low",
            customer_id=str(owner.id), points=[{"point_id": "a", "main": True}, {"point_id": "b"}],
        ),
        idempotency_key="client-1",
    )  # fmt: skip
    one = made.id
    assert (made.state, made.access_code, type(made.events[0].data).__name__) == (
        "registered",
        None,
        "ComplaintRegistered",
    )
    generated.do(one, "acknowledge", channel="email", message="Recebemos.")
    generated.do(one, "classify", category="billing", severity="high", tags=["double"])
    generated.do(one, "assign", analyst="ana", team="cards")
    asked = generated.do(one, "request_information", question="Qual cartão?")
    assert asked.state == "awaiting_customer"
    ask_id = str(asked.events[0].data.ask_id)
    generated.do(one, "record_reply", role="integrator", channel="email", message="O azul.", ask_id=ask_id)
    generated.do(one, "consult_sector", sector="billing", question="Duas vezes?")
    generated.do(one, "record_sector_answer", role="sector", sector="billing", answer="Sim.")
    generated.do(one, "add_note", text="Gateway")
    promised = generated.do(one, "promise", what="Estorno", due_at="2035-01-01T00:00:00Z")
    generated.do(one, "open_external_case", role="integrator", body="procon", reference="SP-1")
    offered = generated.do(one, "offer_compensation", kind="refund", amount="149.90", currency="BRL")
    compensation = str(offered.events[0].data.compensation_id)
    generated.do(one, "accept_compensation", compensation_id=compensation, channel="email")
    generated.do(
        one, "propose_resolution", outcome="partly_upheld", summary="Estorno.", channel="email",
        point_outcomes=[{"point_id": "a", "outcome": "upheld"}, {"point_id": "b", "outcome": "not_upheld"}],
    )  # fmt: skip
    partly = generated.do(one, "accept_resolution", channel="email", scope="partial", accepted_points=["a"])
    assert partly.state == "in_progress"
    refused = generated.call("complaint_close", one, body=generated.model("Close", reason="accepted"))
    assert (type(refused).__name__, refused.type_, refused.status) == (
        "Problem",
        "/problems/wrong-state",
        409,
    )
    generated.do(one, "resolve", outcome="partly_upheld", summary="Explicado.", basis="accepted_on_contact")
    generated.do(one, "pay_compensation", compensation_id=compensation, reference="pix-1")
    generated.do(one, "fulfil_promise", promise_id=str(promised.events[0].data.promise_id))
    generated.do(one, "close", reason="accepted")
    generated.do(one, "rate", csat=5, nps=10)
    reopened = generated.do(one, "reopen", reason="Voltou a acontecer")
    assert reopened.state == "in_progress"
    position = reopened.position
    read = generated.call("complaint_detail", one, min_log_position=position)
    assert (read.state.value, read.severity.value, read.reopenings) == ("in_progress", "high", 1)
    listed = generated.call("complaint_list", customer_id=owner.id, min_log_position=position)
    assert [item.id for item in listed.items] == [one]
    past = generated.call("complaint_history", one, role="auditor")
    assert past.items[0].type_ == "complaint-registered"
    assert len(past.items) == reopened.version


def test_a_client_follows_up_without_a_token(service: Service, generated: Generated) -> None:
    body = generated.model("Register", subject="x", description="y", channel="web", anonymity="anonymous")
    made = generated.call("complaint_register", body=body)
    bulk = generated.model(
        "Bulk", command="request-information", ids=[str(made.id)], body={"question": "Where?"}
    )
    (verdict,) = generated.call("complaint_bulk", role="supervisor", body=bulk).verdicts
    assert verdict.state == "awaiting_customer"
    sent = {"access_code": made.access_code, "min_log_position": made.position}
    seen = generated.call("status_detail", made.protocol, accept_language="en", **sent)
    assert seen.questions[0].question == "Where?"
    body = generated.model("StatusReply", message="There.", ask_id=str(seen.questions[0].ask_id))
    said = generated.call("status_reply", made.protocol, body=body, access_code=made.access_code)
    assert said.state == "in_progress"
