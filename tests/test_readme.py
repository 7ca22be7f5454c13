"""The README's commands work as typed, against everything started as a new user starts it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import msgspec
import psutil
import pytest

from tests.ports import free_port

ROOT = Path(__file__).parent.parent
START_SECONDS = 120


def environment(home: Path, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OUVIDORIA_")}
    webhooks = {"OUVIDORIA_WEBHOOK_HTTP": "true", "OUVIDORIA_WEBHOOK_NETWORKS": "127.0.0.0/8"}
    return (
        kept | webhooks | {"OUVIDORIA_HOME": str(home), "OUVIDORIA_PORT": str(port), "PYTHONPATH": str(ROOT)}
    )


@contextmanager
def running(home: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """`ouvidoria run`, once it is ready; ended with SIGTERM unless it has ended before."""
    command = [sys.executable, "-m", "api.cli", "run"]
    service = subprocess.Popen(command, cwd=ROOT, env=environment(home, port))
    try:
        wait_until_ready(service, port)
        yield service
    finally:
        if service.poll() is None:
            service.terminate()
            assert service.wait(60) == 0


def wait_until_ready(service: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
        while time.monotonic() < deadline:
            assert service.poll() is None, "the service ended while it started"
            with suppress(httpx.TransportError):
                if client.get("/health/ready").status_code == 200:
                    return
            time.sleep(0.1)
    pytest.fail("the service did not become ready")


def ours(home: Path) -> list[psutil.Process]:
    """The processes that belong to a home: they name it in their arguments or environment."""
    found = []
    for process in psutil.process_iter():
        try:
            told = " ".join(process.cmdline()) + process.environ().get("OUVIDORIA_HOME", "")
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        if str(home) in told and process.pid != os.getpid():
            found.append(process)
    return found


def first_screen() -> str:
    """The block of commands for the second terminal, for a virtual environment that may be elsewhere."""
    block = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    return str(block).replace("$PWD/.venv/bin", str(Path(sys.executable).parent))


def test_the_readme_leads_to_a_closed_complaint_that_outlives_kill_9(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    with running(home, port) as service:
        done = subprocess.run(
            ["/bin/sh", "-eu", "-c", first_screen()],
            cwd=ROOT, env=environment(home, port), capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        states = re.findall(r"^\w+$", done.stdout, re.MULTILINE)
        assert states == ["registered", "awaiting_sector", "in_progress", "proposed", "resolved", "closed"]
        os.kill(service.pid, signal.SIGKILL)
        service.wait()

    with running(home, port):
        keys = msgspec.json.decode((home / "dev-keys.json").read_bytes())
        answer = httpx.get(
            f"http://127.0.0.1:{port}/v1/complaints",
            headers={"Authorization": f"Bearer {keys['analyst']}"},
            timeout=60,
        )
        assert [item["state"] for item in answer.json()["items"]] == ["closed"]

    deadline = time.monotonic() + 60
    while (left := ours(home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
