"""Commands over HTTP: against a no-op POST of the same framework and server, and a plain ticket service."""

import asyncio
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
from uuid import UUID, uuid4

import msgspec

from bench.load import Load, load, middle, post
from bench.measuring import SCHEMA, database
from domain.complaint import COMPLAINT
from domain.complaint import commands as c
from infra import access
from infra.commands import Caller, Commands
from infra.database import connect, serving_conninfo
from infra.log import Log
from infra.vault import Vault, load_master_key

RUNS, REQUESTS = int(os.environ.get("R", 3)), 2000
CONNECTIONS = tuple(map(int, os.environ.get("C", "16,64,256").split(",")))
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
        [
            *os.environ.get("BENCH_PREFIX", "").split(),
            sys.executable,
            "-m",
            "bench.servers",
            app,
            server,
            str(port),
        ],
        env={**os.environ, "OUVIDORIA_DATABASE_URL": url, "OUVIDORIA_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=Path("/tmp/w_stderr").open("ab"),
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


async def complaints(url: str, home: Path, many: int) -> list[UUID]:
    """Fresh complaints of five events each."""
    log = Log(serving_conninfo(url, SCHEMA), Vault(load_master_key(home / "master.key")))
    commands = Commands(log)
    made = await asyncio.gather(
        *(commands.create(COMPLAINT, Caller(actor="ana", correlation="bench"), *BEFORE) for _ in range(many))
    )
    await log.close()
    return [outcome.stream_id for outcome in made]


def registrations(bearer: str) -> list[bytes]:
    """Requests to register, each with a key of its own."""
    return [
        post("/v1/complaints", BODY, authorization=f"Bearer {bearer}", idempotency_key=uuid4().hex)
        for _ in range(REQUESTS)
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


def main() -> None:
    names = sys.argv[2:]
    with database() as url, tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        bearer = asyncio.run(token(url))
        import contextlib

        with contextlib.ExitStack() as stack:
            apps = {}
            for n in names or [
                "noop/uvicorn",
                "ours/uvicorn",
                "plain/uvicorn",
                "noop/granian",
                "ours/granian",
            ]:
                apps[n] = stack.enter_context(serving(*n.split("/"), home, url))
            found: dict[tuple[str, str, int], list[Load]] = {}
            for run in range(RUNS):
                for conns in CONNECTIONS:
                    for n, port in apps.items():
                        found.setdefault((n, "register", conns), []).append(
                            load(port, registrations(bearer), conns)
                        )
                        if n.startswith("plain"):
                            continue
                        ids = (
                            asyncio.run(complaints(url, home, REQUESTS))
                            if n.startswith("ours")
                            else [uuid4()] * REQUESTS
                        )
                        found.setdefault((n, "command", conns), []).append(
                            load(port, notes(bearer, ids), conns)
                        )
            for k, v in found.items():
                m = middle(v)
                base = "noop/" + k[0].split("/")[1]
                print(
                    *k,
                    f"{m.rate:.0f}/s p50 {m.quantile(0.5):.1f} p99 {m.quantile(0.99):.1f}",
                    f"ratio {m.rate / middle(found[base, k[1], k[2]]).rate:.2f}" if base in apps else "",
                )


if __name__ == "__main__":
    main()
