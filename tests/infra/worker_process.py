"""A worker as a process of its own, to be killed: `python -m tests.infra.worker_process` with OUVIDORIA_*."""

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from api.worker import work
from infra.settings import Settings
from tests.infra.logs import MASTER


@contextmanager
def worker(database: str, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own."""
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("OUVIDORIA_")},
        "OUVIDORIA_DATABASE_URL": database,
        "OUVIDORIA_HOME": str(home),
        "OUVIDORIA_MASTER_KEY": base64.b64encode(MASTER).decode(),
        "OUVIDORIA_WEBHOOK_HTTP": "true",
        "OUVIDORIA_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }
    process = subprocess.Popen([sys.executable, "-m", __name__], env=environ)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    uvloop.run(work(Settings.load()))
