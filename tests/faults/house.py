"""The whole service as an operator runs it, in processes that can be killed at any moment and come back."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import httpx
import msgspec
import psutil
import psycopg

from domain.sla.presets import PRESETS
from infra import embedded
from tests.api.line import Line
from tests.infra.nats_server import NatsServer
from tests.ports import free_port
from tests.test_readme import ROOT

READY_SECONDS = 120.0
STOP_SECONDS = 60.0
DATABASE = """
import sys
from pathlib import Path
from infra.settings import Settings
from infra.supervisor import Supervisor
Supervisor(Settings(home=Path(sys.argv[1]), port=0), []).run()
"""


class Lasting:
    """A command that is started again whenever it has ended."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], output: BinaryIO) -> None:
        self._command = command
        self._environment = environment
        self._output = output
        self._process: psutil.Popen | None = None
        self._not_before = 0.0

    def tend(self) -> None:
        """Start it if it does not run and its time has come."""
        if self.alive() or time.monotonic() < self._not_before:
            return
        self._process = psutil.Popen(
            self._command, cwd=ROOT, env=self._environment, stdout=self._output, stderr=self._output
        )
        self._not_before = time.monotonic() + 0.5

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def family(self) -> list[psutil.Process]:
        """Itself and what descends from it, as far as it still runs."""
        if self._process is None or not self.alive():
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            return [self._process, *self._process.children(recursive=True)]
        return []

    def kill(self) -> None:
        """End it, and only it, with SIGKILL; it may be started again after a moment."""
        if self._process is not None and self.alive():
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """Ask it to end, and end it and its family if it does not."""
        family = self.family()
        if self._process is not None and family:
            self._process.terminate()
        _, left = psutil.wait_procs(family, STOP_SECONDS)
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, STOP_SECONDS)
        if self._process is not None:
            self._process.wait()
        self._process = None


class House:
    """Supervisor, API processes, a worker and one more, over a PostgreSQL of their own.

    With a `line` between service and PostgreSQL the database is kept apart, as in production; without, the
    supervisor has it embedded. With the program `nats_server`, there is a broker too.
    """

    def __init__(self, folder: Path, *, line: bool, nats_server: Path | None, processes: int = 2) -> None:
        self._log = (folder / "service.log").open("ab")
        self.home = folder / "home"
        database_home = folder / "database" if line else self.home
        self.database = embedded.url(database_home)
        self.line = Line(self.database) if line else None
        self._postmaster = database_home / "postgres/data/postmaster.pid"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        whichever = httpx.Limits(max_keepalive_connections=0)  # of the API processes takes the connection
        self._client = httpx.Client(base_url=self.url, timeout=5, limits=whichever)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OUVIDORIA_")}
        self.nats = NatsServer(nats_server, folder) if nats_server else None
        webhooks = {"OUVIDORIA_WEBHOOK_HTTP": "true", "OUVIDORIA_WEBHOOK_NETWORKS": "127.0.0.1/32"}
        published = {"OUVIDORIA_NATS_URL": self.nats.url} if self.nats else {}
        served = {"OUVIDORIA_DATABASE_URL": self.line.url} if self.line else {}
        common = {**kept, **published, **webhooks, "PYTHONPATH": str(ROOT), "OUVIDORIA_HOME": str(self.home)}
        running = common | served | {"OUVIDORIA_PORT": str(port), "OUVIDORIA_API_PROCESSES": str(processes)}
        working = common | {"OUVIDORIA_DATABASE_URL": self.line.url if self.line else self.database}
        program = [sys.executable, "-m", "api.cli"]
        self._install = [*program, "sla", "install", *PRESETS]  # so that complaints have clocks
        self._working = working
        self.supervisor = Lasting([*program, "run"], running, self._log)
        self.second_worker = Lasting([*program, "worker"], working, self._log)
        apart = Lasting([sys.executable, "-c", DATABASE, str(database_home)], common, self._log)
        self._lasting = [apart] if line else []

    def start(self) -> None:
        """Return once it is ready."""
        if self.nats:
            self.nats.start()
        if self.line:
            self._tend_until(self._takes_connections)
        self._lasting.append(self.supervisor)
        self._tend_until(self.ready)
        subprocess.run(self._install, env=self._working, stdout=self._log, check=True)
        self._lasting.append(self.second_worker)

    def tend(self) -> None:
        """Start again what should last."""
        for each in self._lasting:
            each.tend()

    def ready(self) -> bool:
        """Whether database and views are up to date, by the service's own word."""
        with contextlib.suppress(httpx.TransportError):
            return self._client.get("/health/ready").status_code == 200
        return False

    def _takes_connections(self) -> bool:
        """Whether PostgreSQL is up, by its own word."""
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.database).close()
            return True
        return False

    def recover(self) -> None:
        """Return once everything runs again."""
        if self.line:
            self.line.mend()
        self._tend_until(self.ready)

    def stop(self) -> None:
        """End everything in order; PostgreSQL last."""
        for each in reversed(self._lasting):
            each.stop()
        if self.line:
            self.line.close()
        if self.nats:
            self.nats.kill()
        self._client.close()
        self._log.close()

    def keys(self) -> dict[str, str]:
        """The development keys by role."""
        return msgspec.json.decode((self.home / "dev-keys.json").read_bytes(), type=dict[str, str])

    def kill_child(self, name: str) -> None:
        """Kill one process of the supervisor's, `api` or `worker`, if there is one."""
        for process in self._children(name)[:1]:
            process.kill()

    def freeze_worker(self, seconds: float) -> None:
        """Stop the supervisor's worker and let it go on after a while."""
        for process in self._children("worker")[:1]:
            process.suspend()
            time.sleep(seconds)
            process.resume()

    def _children(self, name: str) -> list[psutil.Process]:
        found = []
        for process in self.supervisor.family()[1:]:
            with contextlib.suppress(psutil.NoSuchProcess, IndexError):
                if process.cmdline()[-1] == name:
                    found.append(process)
        return found

    def signal_postgres(self, number: signal.Signals) -> None:
        """Send a signal to PostgreSQL's first process, if there is one."""
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
            process = psutil.Process(int(self._postmaster.read_text().split()[0]))
            if str(self._postmaster.parent) in process.cmdline():  # no other's that has its number now
                process.send_signal(number)

    def _tend_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not condition():
            assert time.monotonic() < deadline, (
                f"the service did not become ready again: see {self._log.name}"
            )
            self.tend()
            time.sleep(0.1)
