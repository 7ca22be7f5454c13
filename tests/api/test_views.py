"""The views over HTTP: how far they are, and rebuilding one, which changes nothing that is shown."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest

from api.parts import VIEWS
from api.views import rebuilding
from infra import jobs
from infra.database import connect, serving_conninfo
from infra.jobs import Cancelled, Work
from infra.projector import BeingRebuilt
from infra.projector.rebuilding.rebuild import LOCK
from tests.api.serving import NOWHERE, REGISTER, Service, problem, wrong

ROWS = "SELECT t::text FROM ouvidoria_views.complaints_4 t ORDER BY complaint_id"


def views(service: Service) -> dict[str, Any]:
    answer = service.get("/v1/views", role="admin")
    assert answer.status_code == 200, answer.text
    return {each["name"]: each for each in answer.json()["items"]}


def caught_up(service: Service) -> dict[str, Any]:
    """The views once all are at the newest event; a minute is more than they need."""
    found: dict[str, Any] = {}
    for _ in range(600):
        found = views(service)
        if all(each["behind"] == 0 for each in found.values()):
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def asked(service: Service, name: str, **how: bool) -> str:
    """Where the rebuild is that was asked for."""
    answer = service.post(f"/v1/views/{name}/rebuild", how, role="admin")
    assert answer.status_code == 202, answer.text
    assert answer.json()["asked"] == {"compare": False, "switch": True, **how}
    path: str = answer.headers["location"]
    return path


def ended(service: Service, path: str) -> dict[str, Any]:
    """A rebuild once it has ended; a minute is more than it needs."""
    found: dict[str, Any] = {}
    for _ in range(600):
        found = service.get(path, role="admin").json()
        if found["state"] not in {"waiting", "running"}:
            return found
        time.sleep(0.1)
    raise AssertionError(found)


@contextmanager
def rebuilt_elsewhere(service: Service, follower: str) -> Iterator[None]:
    """As if the command line rebuilt the view meanwhile."""
    conninfo = serving_conninfo(service.settings.url(), service.settings.schema)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(LOCK, [follower])
        yield


@pytest.fixture(autouse=True)
def _complaints(service: Service) -> None:
    for _ in range(3):
        assert service.post("/v1/complaints", REGISTER).status_code == 201


def test_every_view_tells_its_version_and_how_far_it_is_behind_the_newest_event(service: Service) -> None:
    found = caught_up(service)
    assert {(each["name"], each["version"]) for each in found.values()} == {
        (view.name, view.version) for view in VIEWS
    }
    head = service.head()
    for each in found.values():
        assert (each["position"], each["head"], each["behind_seconds"]) == (head, head, 0.0)
        assert (each["rebuilding"], each["rebuild_id"], each["failure"]) == (False, None, None)


def test_a_rebuilt_view_is_the_same_and_another_table(service: Service) -> None:
    caught_up(service)
    before = service.ask(ROWS)
    table = "SELECT 'ouvidoria_views.complaints_4'::regclass::oid"
    old = service.ask(table)
    found = ended(service, asked(service, "complaints", compare=True))
    assert (found["state"], found["progress"], found["failure"]) == ("done", 1.0, None)
    assert found["differences"] == {"count": 0, "shown": []}
    assert service.ask(table) != old
    assert service.ask(ROWS) == before


def test_what_differs_is_named_and_left_where_it_is_without_the_switch(service: Service) -> None:
    caught_up(service)
    service.ask("UPDATE ouvidoria_views.complaints_4 SET subject = 'altered' RETURNING complaint_id::text")
    found = ended(service, asked(service, "complaints", compare=True, switch=False))
    assert found["state"] == "done", found
    rows = {row for (row,) in service.ask("SELECT complaint_id::text FROM ouvidoria_views.complaints_4")}
    assert found["differences"]["count"] == len(rows)
    assert {tuple(each["columns"]) for each in found["differences"]["shown"]} == {("subject",)}
    assert service.ask("SELECT DISTINCT subject FROM ouvidoria_views.complaints_4") == [("altered",)]
    assert ended(service, asked(service, "complaints"))["differences"] is None
    assert service.ask("SELECT DISTINCT subject FROM ouvidoria_views.complaints_4") == [
        (REGISTER["subject"],)
    ]


def test_a_view_is_not_rebuilt_twice_at_a_time(service: Service) -> None:
    with rebuilt_elsewhere(service, "customers_2"):
        assert views(service)["customers"]["rebuilding"] is True
        problem(service.post("/v1/views/customers/rebuild", {}, role="admin"), 409, "being-rebuilt")
    assert ended(service, asked(service, "customers"))["state"] == "done"


def test_of_those_who_ask_for_a_rebuild_at_once_one_gets_it(own_service: Service) -> None:
    own_service.stop_worker()

    def ask(_number: int) -> int:
        return own_service.post("/v1/views/customers/rebuild", {}, role="admin").status_code

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(ask, range(8))) == [202, *[409] * 7]


def test_a_rebuild_can_be_given_up_and_the_old_view_stays(own_service: Service) -> None:
    own_service.stop_worker()
    path = asked(own_service, "complaints")
    standing = views(own_service)["complaints"]
    assert (standing["rebuilding"], path.endswith(str(standing["rebuild_id"]))) == (True, True)
    problem(own_service.post("/v1/views/complaints/rebuild", {}, role="admin"), 409, "being-rebuilt")
    given_up = own_service.post(f"{path}/cancel", {}, role="admin").json()
    assert (given_up["state"], given_up["asked_by"], given_up["view"]) == (
        "cancelled",
        "admin",
        "complaints",
    )
    own_service.start_worker()
    assert views(own_service)["complaints"]["rebuilding"] is False
    assert ended(own_service, path)["state"] == "cancelled"


def test_a_rebuild_that_is_given_up_in_its_last_moment_is_not_switched(service: Service) -> None:
    caught_up(service)
    table = "SELECT 'ouvidoria_views.customers_2'::regclass::oid"
    old = service.ask(table)
    state, result = asyncio.run(_rebuilt_by_hand(service, given_up=True))
    assert (state, result, service.ask(table)) == ("cancelled", None, old)
    state, result = asyncio.run(_rebuilt_by_hand(service, given_up=False))
    assert (state, result) == ("done", b"null")
    assert service.ask(table) != old


async def _rebuilt_by_hand(service: Service, *, given_up: bool) -> tuple[str, bytes | None]:
    """State and result of a rebuild's job; its handler has looked whether that is wanted, for now."""
    conninfo = serving_conninfo(service.settings.url(), service.settings.schema)
    rebuild = rebuilding(conninfo, service.services.log.vault)
    async with await connect(conninfo) as connection:
        asked = b'{"view": "customers", "asked": {}}'
        job_id = await jobs.submit(connection, "by hand", asked, "ana")
        await connection.execute("UPDATE jobs SET state = 'running' WHERE id = %s", [job_id])
        job = await jobs.find(connection, "by hand", job_id)
        assert job
        progress = Work(connection, job)
        await progress(0, 0)
        if given_up:
            await jobs.cancel(connection, job_id)
        with suppress(Cancelled):
            await rebuild(asked, progress)
        job = await jobs.find(connection, "by hand", job_id)
        assert job
        return job.state, job.result


async def _nobody(_done: int, _total: int) -> None:
    """Who is told how far it is."""


def test_a_rebuild_is_left_to_a_worker_of_the_same_version(own_service: Service) -> None:
    own_service.stop_worker()
    path = asked(own_service, "customers")
    own_service.ask("UPDATE ouvidoria.jobs SET kind = replace(kind, 'customers_2', 'customers_1')")
    assert views(own_service)["customers"]["rebuild_id"] is None
    problem(own_service.get(path, role="admin"), 404, "not-found")
    own_service.start_worker()
    assert ended(own_service, asked(own_service, "customers"))["state"] == "done"
    assert own_service.ask("SELECT kind, state FROM ouvidoria.jobs ORDER BY asked_at") == [
        ("view-rebuild customers_1", "waiting"),
        ("view-rebuild customers_2", "done"),
    ]


def test_a_rebuild_that_fails_is_not_done(service: Service) -> None:
    conninfo = serving_conninfo(service.settings.url(), service.settings.schema)
    rebuild = rebuilding(conninfo, service.services.log.vault)
    with rebuilt_elsewhere(service, "customers_2"), pytest.raises(BeingRebuilt):
        asyncio.run(rebuild(b'{"view": "customers", "asked": {}}', _nobody))  # type: ignore[arg-type]  # a coroutine is an awaitable


def test_what_cannot_be_asked_for_is_refused(service: Service) -> None:
    nowhere = problem(service.post("/v1/views/nothing/rebuild", {}, role="admin"), 404, "not-found")
    assert "customers" in nowhere["detail"]
    assert set(wrong(service.post("/v1/views/customers/rebuild", {"compare": 1}, role="admin"))) == {
        "$.compare"
    }
    problem(service.get(f"/v1/views/customers/rebuilds/{NOWHERE}", role="admin"), 404, "not-found")
    path = asked(service, "webhooks")
    other = path.replace("/webhooks/", "/customers/")
    problem(service.get(other, role="admin"), 404, "not-found")
    problem(service.post(f"{other}/cancel", {}, role="admin"), 404, "not-found")
    assert ended(service, path)["state"] == "done"
    problem(service.get("/v1/views", role="supervisor"), 403, "forbidden")
