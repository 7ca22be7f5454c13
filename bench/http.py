"""Commands over HTTP: against a no-op POST of the same framework and server, and a plain ticket service.

The load comes from a process of its own on the same machine. `command` adds a note to a complaint of five
events that another process has recorded: the service has to load, decrypt and fold it. No worker runs.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec
from rich.table import Table

from bench.load import Load, load, middle, post
from bench.measuring import SCHEMA, Ratio, console, database, report
from domain.complaint import COMPLAINT
from domain.complaint import commands as c
from infra import access
from infra.commands import Caller, Commands
from infra.database import connect, serving_conninfo
from infra.log import Log
from infra.vault import Vault, load_master_key

RUNS, REQUESTS = 3, 3000
CONNECTIONS, MIDDLE = (16, 64, 256), 64
KINDS = ("register", "command")
AIMS = {"register": 0.45, "command": 0.35}
BODY = msgspec.json.encode(
    {
        "subject": "Charged twice",
        "description": "The October invoice was charged twice. " * 6,
        "channel": "web",
        "product": "credit-card",
    }
)
NOTE = msgspec.json.encode({"text": "Called the carrier. " * 10})
BEFORE = (
    c.Register(subject="Charged twice", description="The October invoice was charged twice.", channel="web"),
    c.Acknowledge(channel="email"),
    c.Classify(category="billing", product="credit-card"),
    c.Assign(analyst="ana"),
    c.AddNote(text="Called the customer."),
)


@contextmanager
def serving(app: str, server: str, home: Path, url: str) -> Iterator[int]:
    """Port of a server process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.servers", app, server, str(port)],
        env={**os.environ, "OUVIDORIA_DATABASE_URL": url, "OUVIDORIA_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until_open(process, port)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _until_open(process: "subprocess.Popen[bytes]", port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, "the server ended"
            time.sleep(0.05)
        else:
            return


async def token(url: str) -> str:
    """A key of an analyst."""
    async with await connect(serving_conninfo(url, SCHEMA)) as connection:
        return (await access.create(connection, "bench", ["analyst"]))[1]


async def complaints(url: str, home: Path) -> list[UUID]:
    """Fresh complaints of five events each."""
    log = Log(serving_conninfo(url, SCHEMA), Vault(load_master_key(home / "master.key")))
    commands = Commands(log)
    made = await asyncio.gather(
        *(
            commands.create(COMPLAINT, Caller(actor="ana", correlation="bench"), *BEFORE)
            for _ in range(REQUESTS)
        )
    )
    await log.close()
    return [outcome.stream_id for outcome in made]


def registrations(bearer: str, many: int = REQUESTS) -> list[bytes]:
    """Requests to register, each with a key of its own."""
    return [
        post("/v1/complaints", BODY, authorization=f"Bearer {bearer}", idempotency_key=uuid4().hex)
        for _ in range(many)
    ]


def notes(bearer: str, ids: list[UUID]) -> list[bytes]:
    """Requests to add a note, one to each complaint."""
    return [
        post(
            f"/v1/complaints/{each}/add-note",
            NOTE,
            authorization=f"Bearer {bearer}",
            idempotency_key=uuid4().hex,
        )
        for each in ids
    ]


class Case(NamedTuple):
    """One kind of request to one app on one server, at so many connections."""

    app: str
    server: str
    what: str
    connections: int


CASES = (
    *(Case(app, "uvicorn", what, n) for n in CONNECTIONS for what in KINDS for app in ("noop", "ours")),
    *(Case("plain", "uvicorn", "register", n) for n in (1, MIDDLE)),
    Case("ours", "uvicorn", "register", 1),
    *(Case(app, "granian", what, MIDDLE) for what in KINDS for app in ("noop", "ours")),
)


def main() -> None:
    """Take all cases in turns."""
    found: dict[Case, list[Load]] = {case: [] for case in CASES}
    with database() as url, tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        home, bearer = Path(folder), asyncio.run(token(url))
        load_master_key(home / "master.key")
        servers = {(case.app, case.server) for case in CASES}
        ports = {each: stack.enter_context(serving(*each, home, url)) for each in sorted(servers)}
        for _ in range(RUNS):
            for case in CASES:
                requests = _requests(case, url, home, bearer)
                found[case].append(load(ports[case.app, case.server], requests, case.connections))
    loads = {case: middle(taken) for case, taken in found.items()}
    report("Commands over HTTP, durable, with key, token and validation", list(_ratios(loads)))
    _print_quantiles(loads)


def _requests(case: Case, url: str, home: Path, bearer: str) -> list[bytes]:
    if case.what == "register":
        return registrations(bearer)
    fresh = case.app == "ours"
    return notes(bearer, asyncio.run(complaints(url, home)) if fresh else [uuid4()] * REQUESTS)


def _ratios(loads: dict[Case, Load]) -> Iterator[Ratio]:
    for case, load_ in loads.items():
        if case.app == "ours" and case.connections > 1:
            peer = loads[case._replace(app="noop")]
            aim = AIMS[case.what] if case.connections == MIDDLE and case.server == "uvicorn" else None
            what = f"{case.what}, {case.connections} connections, {case.server}"
            yield Ratio(what, load_.rate, "no-op POST", peer.rate, "requests/s", aim)
    ours = Case("ours", "uvicorn", "register", MIDDLE)
    for connections, aim in ((1, 1.0), (MIDDLE, 6.0)):
        mine = ours._replace(connections=connections)
        plain = loads[mine._replace(app="plain")]
        what = f"register, {connections} connection" + "s" * (connections > 1)
        yield Ratio(what, loads[mine].rate, "FastAPI, SQLAlchemy, one row", plain.rate, "requests/s", aim)
    for what in KINDS:
        mine = ours._replace(what=what)
        theirs = loads[mine._replace(server="granian")]
        yield Ratio(f"{what}, uvicorn", loads[mine].rate, "granian", theirs.rate, "requests/s")


def _print_quantiles(loads: dict[Case, Load]) -> None:
    table = Table("app", "server", "request", "connections", "p50 ms", "p99 ms")
    for case, load_ in loads.items():
        p50, p99 = load_.quantile(0.5), load_.quantile(0.99)
        table.add_row(case.app, case.server, case.what, str(case.connections), f"{p50:.1f}", f"{p99:.1f}")
    console.print(table)
