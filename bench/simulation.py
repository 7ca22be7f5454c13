"""What if: how fast a simulation replays complaints, against a rebuild of the view of their clocks.

Each complaint has eleven events and the clocks of two presets. A simulation reckons them twice, as they were
and as they would have been, from what the view keeps of a complaint; a rebuild reads and folds every event,
reckons clocks after each batch, and writes.
"""

import asyncio
import os
import time
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any
from uuid import uuid4

import uvloop

from bench.measuring import SCHEMA, Ratio, database, interleaved, quiet, report
from bench.sla import LIFE, START, applied_presets
from domain.complaint import COMPLAINT
from domain.messages import Event, tag_of
from domain.sla.presets import DESK, SAC
from infra.commands import Caller, Commands
from infra.database import Link, connect, serving_conninfo
from infra.events import encode_body
from infra.log import Append, Draft, Log
from infra.presets import install
from infra.projector import Rebuild, prepare
from infra.reference import Reference
from infra.vault import Vault
from projections import sla
from projections.sla import Simulation

RUNS, AT_ONCE = 3, 500
COMPLAINTS = int(os.environ.get("COMPLAINTS", "10000"))
APPLIED = applied_presets()
EVENTS = COMPLAINTS * (len(LIFE) + 1)
VAULT = Vault(bytes(32), remembered=5_000)
DRAFT = Simulation(
    policy=DESK.policies[0], decided_from=START.date(), decided_to=START.date() + timedelta(days=3650)
)


def main() -> None:
    """Fill a log, then simulate and rebuild in turns."""
    quiet()
    with database() as url:
        conninfo = serving_conninfo(url, SCHEMA)
        uvloop.run(_fill(conninfo))
        uvloop.run(Rebuild(conninfo, VAULT, sla.VIEW).run())
        simulated, rebuilt = interleaved(
            RUNS, lambda: _paced(_simulate(conninfo)), lambda: _paced(_rebuild(conninfo))
        )
    report(
        f"Simulation over {COMPLAINTS:,} complaints",
        [Ratio("simulation", simulated, "rebuild of sla", rebuilt, "events/s")],
    )


def _paced(work: Coroutine[Any, Any, object]) -> float:
    """Events a second."""
    started = time.perf_counter()
    uvloop.run(work)
    return EVENTS / (time.perf_counter() - started)


async def _simulate(conninfo: str) -> None:
    async with await connect(conninfo) as connection:
        found = await sla.simulate(connection, DRAFT, None, START + timedelta(days=3650), _unheard)
    if found.complaints != COMPLAINTS or not found.before.total.n:
        raise RuntimeError(f"not all were simulated: {found.complaints}")


async def _unheard(_done: int, _total: int) -> None:
    """Nobody asks how far it is."""


async def _rebuild(conninfo: str) -> None:
    await Rebuild(conninfo, VAULT, sla.VIEW).run(switch=False)


async def _fill(conninfo: str) -> None:
    log, link = Log(conninfo, VAULT), Link(conninfo)
    by_system = Caller(actor="system:bench", correlation="bench", origin="system")
    try:
        async with await connect(conninfo) as connection:
            await prepare(connection, [sla.VIEW])
        for preset in (SAC, DESK):
            await install(Commands(log, Reference(link.use)), by_system, preset)
        for start in range(0, COMPLAINTS, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, COMPLAINTS))
            await asyncio.gather(*(log.append(_complaint(number)) for number in numbers))
    finally:
        await link.close()
        await log.close()


def _complaint(number: int) -> Append:
    """A complaint's life, all at once."""
    stream_id, at = uuid4(), START + timedelta(minutes=number)
    key, wrapped = VAULT.new_key(stream_id)
    (_, registered), *later = LIFE
    life: list[tuple[int, Event]] = [(0, registered), (0, APPLIED), *later]
    return Append(
        stream_id=stream_id,
        kind=COMPLAINT.kind,
        expected=0,
        events=[
            Draft(
                tag_of(type(event)),
                at + timedelta(hours=hours),
                encode_body(event, key, stream_id, version),
            )
            for version, (hours, event) in enumerate(life, start=1)
        ],
        actor="ana",
        key=f"~{uuid4().hex}",
        digest=stream_id.bytes,
        correlation="bench",
        wrapped_key=wrapped,
    )
