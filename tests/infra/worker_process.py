"""A worker as a process of its own, to be killed: `python -m tests.infra.worker_process` with OUVIDORIA_*."""

import uvloop

from api.worker import work
from infra.settings import Settings

if __name__ == "__main__":
    uvloop.run(work(Settings.load()))
