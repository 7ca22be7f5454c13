"""How fast views catch up with the log and are rebuilt, over complaints whose events interleave.

Peers: the `eventsourcing` library's own projection runner over the same log, which writes the same rows with
one upsert an event; and reading and decoding the log, with nothing made of it.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any

import psycopg
import uvloop

from api.parts import VIEWS
from bench import peers
from bench.filling import fill
from bench.measuring import SCHEMA, Ratio, database, interleaved, quiet, report
from infra.collecting import collect_seldom
from infra.database import connect, serving_conninfo
from infra.log import Log, read
from infra.projector import Rebuild, Runner, Tail, View, Wake, prepare, standings
from infra.vault import Vault
from projections import complaints

COMPLAINTS = 4_000
OF_THE_PEER = 3_000
"""So many events are enough to see the pace of the stock runner."""
RUNS = 3
VAULT = Vault(bytes(32))


def main() -> None:
    """Fill a log, then let ours and the peers run in turns."""
    quiet()
    collect_seldom()
    with database() as url:
        events = uvloop.run(_prepared(url))
        caught_up, all_caught_up, rebuilt, all_rebuilt, decoded, stock = interleaved(
            RUNS,
            lambda: events / uvloop.run(_catch_up(url, [complaints.VIEW])),
            lambda: events / uvloop.run(_catch_up(url, VIEWS)),
            lambda: events / uvloop.run(_rebuild(url, [complaints.VIEW])),
            lambda: events / uvloop.run(_rebuild(url, VIEWS)),
            lambda: events / uvloop.run(_decode(url)),
            lambda: _stock(url),
        )
    runner, reading = "stock runner, one upsert an event", "reading and decoding"
    report(
        f"Views over {events:,} interleaved events of {COMPLAINTS:,} complaints",
        [
            Ratio("catch-up of complaints", caught_up, runner, stock, "events/s", 20),
            Ratio("rebuild of complaints", rebuilt, reading, decoded, "events/s", 0.45),
            Ratio("rebuild of complaints", rebuilt, runner, stock, "events/s"),
            Ratio(f"catch-up of all {len(VIEWS)} views", all_caught_up, runner, stock, "events/s"),
            Ratio("catch-up of complaints", caught_up, reading, decoded, "events/s"),
            Ratio(f"rebuild of all {len(VIEWS)} views", all_rebuilt, reading, decoded, "events/s"),
        ],
    )


async def _prepared(url: str) -> int:
    """The number of events in a log that was filled, with empty views."""
    log = Log(serving_conninfo(url, SCHEMA), VAULT)
    async with await connect(serving_conninfo(url, SCHEMA)) as connection:
        await prepare(connection, VIEWS)
    events = await fill(log, COMPLAINTS)
    await log.close()
    _run(url, "VACUUM ANALYZE")
    return events


async def _catch_up(url: str, views: Sequence[View]) -> float:
    """Seconds until the views, empty before, are at the newest event; all in one process, as in service."""
    conninfo = serving_conninfo(url, SCHEMA)
    async with await connect(conninfo) as connection:
        for view in views:
            await connection.execute(f"TRUNCATE {', '.join(view.tables)}".encode())
            await connection.execute(
                "UPDATE checkpoints SET position = 0 WHERE follower = %s", [view.follower]
            )
        wake, tail = Wake(conninfo), Tail(conninfo, VAULT)
        started = time.perf_counter()
        runners = [
            asyncio.create_task(Runner(view, conninfo, VAULT, wake, tail=tail).run()) for view in views
        ]
        while not await _there(connection, views):  # noqa: ASYNC110 - a checkpoint tells nobody
            await asyncio.sleep(0.02)
        seconds = time.perf_counter() - started
        for runner in runners:
            runner.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await runner
        await tail.close()
    return seconds


async def _there(connection: psycopg.AsyncConnection[Any], views: Sequence[View]) -> bool:
    ours = {view.follower for view in views}
    return all(row.position >= row.head for row in await standings(connection) if row.follower in ours)


async def _rebuild(url: str, views: Sequence[View]) -> float:
    """Seconds that rebuilding the views takes, one after the other, up to the switch."""
    started = time.perf_counter()
    for view in views:
        await Rebuild(serving_conninfo(url, SCHEMA), VAULT, view).run()
    return time.perf_counter() - started


async def _decode(url: str) -> float:
    """Seconds that reading and decoding the whole log takes."""
    async with await connect(serving_conninfo(url, SCHEMA)) as connection:
        started, position = time.perf_counter(), 0
        while events := await read(connection, VAULT, position, 2_000):
            position = events[-1].position
        return time.perf_counter() - started


def _stock(url: str) -> float:
    schema = peers.SCHEMA
    _run(url, f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")
    _run(url, f"SET search_path = {schema}; {complaints.VIEW.ddl}")
    return peers.run_stock(url, VAULT, OF_THE_PEER)


def _run(url: str, statements: str) -> None:
    """Execute statements as the owner."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statements.encode())
