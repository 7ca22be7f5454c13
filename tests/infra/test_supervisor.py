"""The supervisor as a real process with real children: what dies is restarted, what stops leaves nothing."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from infra import embedded
from infra.supervisor import CannotListen, listen

PATIENCE = 60.0

# Children that serve HTTP on the inherited socket, or only live, until the supervisor does not.
API = """
from http.server import BaseHTTPRequestHandler, HTTPServer
import os
from infra.supervisor import exit_with_parent, inherited_listener

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *_):
        pass

exit_with_parent()
server = HTTPServer(("", 0), Handler, bind_and_activate=False)
server.socket.close()
server.socket = inherited_listener()
server.serve_forever()
"""
WORKER = """
import time
from infra.supervisor import exit_with_parent
exit_with_parent()
time.sleep(600)
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
RUN = """
import json, sys
from pathlib import Path
import infra.supervisor
from infra import logs
from infra.settings import Settings
from infra.supervisor import Child, Supervisor

home, database_url, grace, *children = json.loads(sys.argv[1])
infra.supervisor.GRACE_SECONDS = grace
settings = Settings(home=Path(home), port=0, database_url=database_url)
logs.configure(settings)
python = [sys.executable, "-c"]
Supervisor(
    settings,
    [Child(name, [*python, code], name == "api") for name, code in children],
    prepare=lambda: print("prepared", flush=True),
    ready=lambda address: print(address, flush=True),
).run()
"""


class Running:
    """A supervisor in a process of its own."""

    def __init__(
        self, home: Path, children: dict[str, str], *, url: str | None = None, grace: float = 15
    ) -> None:
        arguments = json.dumps([str(home), url, grace, *children.items()])
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.address = ""

    def wait_until_ready(self) -> "Running":
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "prepared\n"
        self.address = self.process.stdout.readline().strip()
        assert self.address.startswith("http://127.0.0.1:")
        return self

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: signal.Signals = signal.SIGTERM) -> str:
        """What it wrote to standard error until it ended by a signal."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=PATIENCE)[1]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts supervisors, and ends those that the test has left."""
    started: list[Running] = []

    def start(children: dict[str, str], home: Path = tmp_path / "home", **options: object) -> Running:
        started.append(Running(home, children, **options))  # type: ignore[arg-type]  # options are Running's
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.end()


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


def ask(address: str) -> str:
    """The pid of the API process that answers, or nothing."""
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE / 2) as answer:  # noqa: S310 -- the address is our own
            return str(answer.read().decode())
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return ""


def gone(processes: list[psutil.Process]) -> bool:
    return not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes)


def database_answers(home: Path) -> bool:
    try:
        psycopg.connect(embedded.url(home), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_and_the_supervisor_succeeds(
    start: Callable[..., Running], number: signal.Signals
) -> None:
    running = start({"api": API, "worker": WORKER}).wait_until_ready()
    family = running.family()
    assert database_answers(running.home)
    running.end(number)
    assert running.process.returncode == 0
    assert gone(family)


def test_after_kill_minus_9_nothing_goes_on_and_the_next_start_picks_up(
    start: Callable[..., Running],
) -> None:
    running = start({"api": API, "worker": WORKER}).wait_until_ready()
    family = running.family()
    with psycopg.connect(embedded.url(running.home), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS number")
    running.end(signal.SIGKILL)
    start({"api": API}).wait_until_ready()
    eventually(lambda: gone(family))
    with psycopg.connect(embedded.url(running.home)) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (42,)


def test_a_child_that_dies_is_started_again(start: Callable[..., Running], postgres: str) -> None:
    running = start({"api": API}, url=postgres).wait_until_ready()
    first = ask(running.address)
    os.kill(int(first), signal.SIGKILL)
    eventually(lambda: ask(running.address) not in {first, ""})


def test_a_child_that_cannot_start_does_not_harm_the_others(
    start: Callable[..., Running], postgres: str
) -> None:
    running = start({"api": API, "worker": "raise SystemExit(3)"}, url=postgres).wait_until_ready()
    assert running.process.stderr is not None
    death = next(line for line in running.process.stderr if "process-died" in line)
    assert json.loads(death)["status"] == 3
    assert ask(running.address)


def test_postgres_is_restarted_when_it_dies(start: Callable[..., Running]) -> None:
    running = start({"api": API}).wait_until_ready()
    server = next(each for each in running.family() if "postgres" in each.name())
    server.kill()
    eventually(lambda: gone([server]) and database_answers(running.home))
    assert ask(running.address)


def test_a_child_deaf_to_the_request_to_stop_is_ended(start: Callable[..., Running], postgres: str) -> None:
    running = start({"api": API, "worker": STUBBORN}, url=postgres, grace=0.5).wait_until_ready()
    family = running.family()
    running.end()
    assert gone(family)


def test_a_second_supervisor_of_a_home_says_so_and_ends(start: Callable[..., Running], postgres: str) -> None:
    running = start({"api": API}, url=postgres).wait_until_ready()
    second = start({"api": API}, url=postgres)
    _, errors = second.process.communicate(timeout=PATIENCE)
    assert second.process.returncode == 1
    assert f"another supervisor (pid {running.process.pid}) already runs in" in errors
    assert ask(running.address)


def test_a_taken_port_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.supervisor.PORT_SECONDS", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            CannotListen, match=rf"cannot listen on 127\.0\.0\.1, port {port}: .*OUVIDORIA_PORT"
        ):
            listen("127.0.0.1", port)
