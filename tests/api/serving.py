"""The service as tests run it: API and worker in one thread, on a real port, over a real database."""

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeVar
from uuid import UUID

import httpx
import psycopg
import uvloop

from api.app import create_app
from api.parts import conninfo, prepare_database
from api.roles import ROLES
from api.server import Server
from api.services import Services
from api.worker import work
from infra import access
from infra.access import utc_now
from infra.database import connect
from infra.settings import Settings

T = TypeVar("T")

SECTOR = "billing"
REGISTER: dict[str, Any] = {"subject": "Charged twice", "description": "Invoice 4471.", "channel": "phone"}
NOWHERE = "01935c5e-7d2a-7c3e-9a51-0c6f2b8e4d10"


class Service:
    """A running service, and a client of it. Requests are sent as `analyst` unless told otherwise."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.app = create_app(settings)
        self.keys: dict[str, str] = {}
        self._up = Event()
        self._loop = uvloop.new_event_loop()
        self._server = Server(self.app, patience=5)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = Thread(target=self._run)
        self._worker: asyncio.Task[None] | None = None
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = httpx.Client(base_url=self.url, timeout=60)

    @property
    def services(self) -> Services:
        """The parts of the running app, for tests that put something else in their place."""
        found: Services = self.app.app.state.services
        return found

    def start(self) -> None:
        self._thread.start()
        assert self._up.wait(60), "the service did not start"

    def stop(self) -> None:
        self.http.close()
        self._server.should_exit = True
        self._thread.join(60)
        assert not self._thread.is_alive()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine, run where the service runs."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def start_worker(self) -> None:
        self.run(self._start_worker())

    def stop_worker(self) -> None:
        """The views stand still from here on."""
        self.run(self._stop_worker())

    def key(
        self, subject: str, *roles: str, sector: str | None = None, expires: timedelta | None = None
    ) -> str:
        """A new key's token."""
        return self.key_and_id(subject, *roles, sector=sector, expires=expires)[1]

    def key_and_id(
        self, subject: str, *roles: str, sector: str | None = None, expires: timedelta | None = None
    ) -> tuple[UUID, str]:
        return self.run(self._make_key(subject, roles, sector, expires))

    def revoke(self, key_id: UUID) -> None:
        self.run(self._revoke(key_id))

    def send(
        self, method: str, path: str, *, role: str | None = "analyst", token: str | None = None, **more: Any
    ) -> httpx.Response:
        """A request with the key of a role, with the given token, or (role None) with none."""
        headers = dict(more.pop("headers", {}))
        if token or role:
            headers.setdefault("authorization", f"Bearer {token or self.keys[role or '']}")
        return self.http.request(method, path, headers=headers, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.send("GET", path, **more)

    def post(self, path: str, body: Any, **more: Any) -> httpx.Response:
        return self.send("POST", path, json=body, **more)

    def fresh(self, path: str, **more: Any) -> httpx.Response:
        """A read that knows everything recorded so far."""
        headers = {**more.pop("headers", {}), "min-log-position": str(self.head()), "prefer": "wait=30"}
        return self.get(path, headers=headers, **more)

    def register(self, **fields: Any) -> dict[str, Any]:
        """What the service answers to a new complaint."""
        answer = self.post("/v1/complaints", {**REGISTER, **fields})
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def do(self, complaint_id: str, command: str, **fields: Any) -> dict[str, Any]:
        """What the service answers to an accepted command."""
        answer = self.post(f"/v1/complaints/{complaint_id}/{command}", fields)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def head(self) -> int:
        """Position of the newest event."""
        return int(self.ask("SELECT coalesce(max(position), 0) FROM ouvidoria.events")[0][0])

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows, as the owner of the database sees them."""
        with psycopg.connect(self.settings.url(), autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        await prepare_database(self.settings)
        async with await connect(conninfo(self.settings)) as connection:
            for role in ROLES:
                sector = SECTOR if role == "sector" else None
                _, self.keys[role] = await access.create(connection, role, (role,), sector=sector)
        await self._start_worker()
        serving = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not (self._server.started or serving.done()):  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)
        self._up.set()
        await serving
        await self._stop_worker()

    async def _start_worker(self) -> None:
        self._worker = asyncio.create_task(work(self.settings))

    async def _stop_worker(self) -> None:
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.wait([self._worker])
            self._worker = None

    async def _make_key(
        self, subject: str, roles: tuple[str, ...], sector: str | None, expires: timedelta | None
    ) -> tuple[UUID, str]:
        at = None if expires is None else utc_now() + expires
        async with await connect(conninfo(self.settings)) as connection:
            return await access.create(connection, subject, roles, sector=sector, expires_at=at)

    async def _revoke(self, key_id: UUID) -> None:
        async with await connect(conninfo(self.settings)) as connection:
            assert await access.revoke(connection, key_id)


PATIENT: dict[str, Any] = {"command_timeout": 60.0, "longest_wait": 60.0, "statement_timeout": 60.0}
"""Nothing is given up because the machine is slow."""


@contextmanager
def serving(database: str, home: Path, **settings: Any) -> Iterator[Service]:
    """A service over a migrated database."""
    service = Service(Settings(home=home, database_url=database, **PATIENT | settings))
    service.start()
    try:
        yield service
    finally:
        service.stop()


def eventually(condition: Callable[[], object]) -> None:
    """Return once it is true; a test that waits in vain fails after some time."""
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


def problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem details in an answer, which must be of this type."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), (
        answer.status_code,
        answer.text,
    )
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"/problems/{slug}", body
    assert body["status"] == status
    assert body["title"]
    assert answer.headers["x-request-id"]
    return body


def wrong(answer: httpx.Response) -> dict[str, str]:
    """Path → reason of each wrong field of a 400."""
    return {each["path"]: each["reason"] for each in problem(answer, 400, "malformed")["errors"]}
