"""A new version of the service finds its views missing, over a long log: it works until they are there."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from api.parts import VIEWS
from infra.database import serving_conninfo
from infra.projector import checkpoints
from infra.projector.rebuilding.rebuild import LOCK
from tests.api.serving import Service, problem
from tests.api.test_health import until_ready
from tests.infra.followers import LEADERS

DROP = "; ".join(f"DROP TABLE ouvidoria_views.{table}" for view in VIEWS for table in view.tables)


@contextmanager
def held_up(service: Service) -> Iterator[None]:
    """None of the views can be built meanwhile."""
    conninfo = serving_conninfo(service.settings.url(), service.settings.schema)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for view in VIEWS:
            connection.execute(LOCK, [view.follower])
        yield


@pytest.fixture
def unbuilt(own_service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[ExitStack]:
    """The service without its views, over a log that is long; they are built once this is closed."""
    monkeypatch.setattr(checkpoints, "SHORT", 0)
    own_service.stop_worker()
    names = [view.follower for view in VIEWS]
    own_service.ask(f"DELETE FROM ouvidoria_views.checkpoints WHERE follower IN ({str(names)[1:-1]}); {DROP}")
    with ExitStack() as building:
        building.enter_context(held_up(own_service))
        yield building


def test_until_its_views_are_built_it_is_not_ready_and_takes_commands(
    own_service: Service, unbuilt: ExitStack
) -> None:
    customer = own_service.post("/v1/customers", {"name": "Bia"}).json()["id"]
    filed = own_service.register(customer_id=customer)
    changed = own_service.post(f"/v1/customers/{customer}/change-tier", {"tier": "gold"})
    assert changed.status_code == 200, changed.text
    own_service.start_worker()
    while not own_service.ask(LEADERS % "'ouvidoria reactor measuring'"):
        time.sleep(0.05)
    assert own_service.get("/health/ready", role=None).status_code == 503
    for path in ("complaints", f"complaints/{filed['id']}", "customers", "audit/trail", "sla/compliance"):
        role = "auditor" if path == "audit/trail" else "supervisor"
        answer = own_service.get(f"/v1/{path}", role=role)
        problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "1"
    unbuilt.close()
    until_ready(own_service)
    assert own_service.fresh(f"/v1/complaints/{filed['id']}").status_code == 200
