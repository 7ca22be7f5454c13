"""How much memory a rebuild of all views needs, over a short log and over one eight times as long."""

import multiprocessing
from pathlib import Path

import uvloop

from api.parts import VIEWS
from bench.filling import fill
from bench.measuring import SCHEMA, Ratio, database, quiet, report
from infra.collecting import collect_seldom
from infra.database import connect, serving_conninfo
from infra.log import Log
from infra.projector import Rebuild, prepare
from infra.vault import Vault

SHORT, TIMES = 2_500, 8
VAULT = Vault(bytes(32), remembered=5_000)
MIB = 1024
"""In KiB, as Linux tells it."""


def main() -> None:
    """Rebuild in a process of its own, whose peak is then known."""
    quiet()
    with database() as url:
        short_events = uvloop.run(_grow(url, SHORT, 1))
        short = _peak(url)
        long_events = short_events + uvloop.run(_grow(url, SHORT * (TIMES - 1), 2))
        long = _peak(url)
        nothing = _peak(None)
    report(
        f"Peak memory of a process that rebuilds all {len(VIEWS)} views; without a rebuild {nothing:.0f} MiB",
        [
            Ratio(
                f"over {long_events:,} events",
                long,
                f"over {short_events:,}",
                short,
                "MiB",
                1.2,
                at_most=True,
            )
        ],
    )


async def _grow(url: str, complaints: int, seed: int) -> int:
    log = Log(serving_conninfo(url, SCHEMA), VAULT)
    async with await connect(serving_conninfo(url, SCHEMA)) as connection:
        await prepare(connection, VIEWS)
    events = await fill(log, complaints, seed)
    await log.close()
    return events


def _peak(url: str | None) -> float:
    """MiB that a fresh process took at most in rebuilding all views, or none."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_rebuild, (url,))


def _rebuild(url: str | None) -> float:
    quiet()
    collect_seldom()
    if url is not None:
        uvloop.run(_rebuild_all(url))
    # Not `getrusage`: its peak begins with that of the process that started this one.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / MIB


async def _rebuild_all(url: str) -> None:
    for view in VIEWS:
        await Rebuild(serving_conninfo(url, SCHEMA), VAULT, view).run()
