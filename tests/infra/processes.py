"""A process of its own for the tests that kill it: it leads the view `seen`, or rebuilds it, for ever.

`python -m tests.infra.processes lead|sleep|dawdle|react|rebuild|rebuild-sleep|switch URL`; those that sleep,
dawdle or react never end their first batch: they wait for the server, or here, the last one for a reactor;
to `switch` is to rebuild and never to commit that.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from domain.messages import Event
from infra.events import Recorded
from infra.projector import Reactor, Rebuild, Runner, View, Wake
from infra.vault import Vault
from tests.infra.followers import seen
from tests.infra.logs import MASTER, serving


def sleeping() -> View:
    """The view `seen`, whose fold gets stuck in the server."""

    async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
        await connection.execute("SELECT pg_sleep(3600)")

    return View(name="seen", version=1, ddl=seen().ddl, tables=seen().tables, apply=apply)


async def dawdle(*_given: object) -> None:
    await asyncio.sleep(3600)


async def main(work: str, database: str) -> None:
    conninfo, vault = serving(database), Vault(MASTER)
    if work == "rebuild":
        while True:
            await Rebuild(conninfo, vault, seen()).run()
    if work == "switch":
        await Rebuild(conninfo, vault, seen(), switching=dawdle).run()
    if work == "rebuild-sleep":
        await Rebuild(conninfo, vault, sleeping()).run()
    followers: dict[str, View | Reactor] = {
        "lead": seen(),
        "sleep": sleeping(),
        "dawdle": seen(before=dawdle),
        "react": Reactor("dawdling", dawdle),
    }
    await Runner(followers[work], conninfo, vault, Wake(conninfo)).run()


@contextmanager
def process(work: str, database: str) -> Iterator[subprocess.Popen[bytes]]:
    """The process, killed at the end if it was not before."""
    with subprocess.Popen([sys.executable, "-m", __name__, work, database]) as started:
        try:
            yield started
        finally:
            os.kill(started.pid, signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
