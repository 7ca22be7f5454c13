"""Appends a second: against the stock recorder, pgbench's inserts and COPY, all into the same server."""

import asyncio
import multiprocessing
import re
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import psycopg
import uvloop
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict
from uuid_utils.compat import uuid7

from bench.measuring import SCHEMA, Ratio, console, database, interleaved, report
from infra.database import connect, owner_conninfo, serving_conninfo
from infra.embedded import binaries
from infra.log import Append, Draft, Log
from infra.vault import Vault

RUNS, SECONDS, PEER_CLIENTS, COPIED = 3, 2.0, 16, 40_000
CALLERS = (1, 16, 64, 256)
AFTER = "SELECT position FROM events WHERE position > %s ORDER BY position"
BODY = b'{"type":"note-added","sealed":"%s"}' % (b"x" * 270)
TAG = "note-added"
GIVEN_KEY = "INSERT INTO plain_keys VALUES (%b, %b)"
GIVEN_IDEMPOTENCY = "INSERT INTO plain_idempotency VALUES ('ana', %b, %b, %b, 0, 1, now())"
spawning = multiprocessing.get_context("spawn")

PLAIN = """
CREATE TABLE plain (LIKE events INCLUDING ALL);
CREATE SEQUENCE plain_positions CACHE 1;
ALTER TABLE plain ALTER position SET DEFAULT nextval('plain_positions');
CREATE TABLE plain_keys (LIKE stream_keys INCLUDING ALL);
CREATE TABLE plain_idempotency (LIKE idempotency INCLUDING ALL);
"""
COLUMNS = (
    """stream_id, kind, version, tag, occurred_at, recorded_at, actor, correlation, origin, body, leaf"""
)
INSERT = f"""INSERT INTO plain ({COLUMNS}) VALUES (uuidv7(), 'complaint', 1, '{TAG}', now(), now(), 'ana',
'request-1', 'live', '{BODY.decode()}'::text::bytea, decode(repeat('ab', 32), 'hex'));"""  # noqa: S608 - constants
GIVEN = f"""INSERT INTO plain ({COLUMNS}) VALUES (%b, 'complaint', 1, '{TAG}', %b, now(), 'ana', 'request-1',
'live', %b, %b)"""  # noqa: S608 - constants
TOGETHER = f"WITH event AS ({GIVEN}), key AS ({GIVEN_KEY}) {GIVEN_IDEMPOTENCY}"


def request() -> Append:
    """One new event of a new stream, with its key and its idempotency record."""
    key = uuid4().hex
    return Append(
        stream_id=uuid7(),
        kind="complaint",
        expected=0,
        events=[Draft(TAG, datetime.now(UTC), BODY)],
        actor="ana",
        key=key,
        digest=b"d" * 32,
        correlation="request-1",
        wrapped_key=b"w" * 60,
    )


async def _append(conninfo: str, callers: int, start: Barrier) -> int:
    log, done = Log(conninfo, Vault(bytes(32))), 0

    async def call() -> None:
        nonlocal done
        while time.monotonic() < until:
            assert (await log.append(request())).verdict == "accepted"
            done += 1

    await log.append(request())
    await asyncio.to_thread(start.wait)
    until = time.monotonic() + SECONDS
    await asyncio.gather(*(call() for _ in range(callers)))
    await log.close()
    return done


def _appender(conninfo: str, callers: int, start: Barrier, counts: Any) -> None:
    counts.put(uvloop.run(_append(conninfo, callers, start)))


def ours(conninfo: str, callers: int, processes: int = 1) -> float:
    """Appends a second of so many concurrent callers, spread over processes."""
    start, counts = spawning.Barrier(processes), spawning.Queue()
    each = [
        spawning.Process(target=_appender, args=(conninfo, callers // processes, start, counts))
        for _ in range(processes)
    ]
    for process in each:
        process.start()
    total = sum(counts.get() for _ in each)
    for process in each:
        process.join()
    return float(total) / SECONDS


def stock(url: str, callers: int) -> float:
    """Appends a second of the library's own recorder: threads, each with a connection of its pool."""
    at = conninfo_to_dict(url)
    datastore = PostgresDatastore(
        dbname=str(at["dbname"]),
        host=str(at["host"]),
        port=int(at["port"] or 0),
        user=str(at["user"]),
        password="",
        pool_size=callers,
        schema=SCHEMA,
    )
    recorder = PostgresApplicationRecorder(datastore, events_table_name="stock_events")
    recorder.create_table()
    done = [0] * callers
    until = time.monotonic() + SECONDS

    def call(caller: int) -> None:
        while time.monotonic() < until:
            recorder.insert_events([StoredEvent(uuid7(), 1, TAG, BODY)])
            done[caller] += 1

    threads = [Thread(target=call, args=[caller]) for caller in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    datastore.close()
    return sum(done) / SECONDS


async def _insert_one(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.execute(GIVEN, [uuid7(), datetime.now(UTC), BODY, b"l" * 32])


async def _insert_three(connection: psycopg.AsyncConnection[Any]) -> None:
    stream_id = uuid7()
    async with connection.pipeline(), connection.transaction():
        await connection.execute(GIVEN, [stream_id, datetime.now(UTC), BODY, b"l" * 32])
        await connection.execute(GIVEN_KEY, [stream_id, b"w" * 60])
        await connection.execute(GIVEN_IDEMPOTENCY, [uuid4().hex, b"d" * 32, stream_id])


async def _insert_together(connection: psycopg.AsyncConnection[Any]) -> None:
    stream_id = uuid7()
    values = [stream_id, datetime.now(UTC), BODY, b"l" * 32, stream_id, b"w" * 60, uuid4().hex, b"d" * 32]
    await connection.execute(TOGETHER, [*values, stream_id])


Inserting = Callable[[psycopg.AsyncConnection[Any]], Awaitable[None]]


async def _insert(conninfo: str, inserting: Inserting) -> int:
    done, until = 0, time.monotonic() + SECONDS
    async with await connect(conninfo) as connection:
        while time.monotonic() < until:
            await inserting(connection)
            done += 1
    return done


def insert(url: str, inserting: Inserting) -> float:
    """Commits a second of one caller of the same driver: prepared statements, no round trip between."""
    return uvloop.run(_insert(owner_conninfo(url, SCHEMA), inserting)) / SECONDS


def pgbench(url: str, script: Path, clients: int) -> float:
    """Inserts a second of so many clients of pgbench, each insert a prepared statement and a commit."""
    at = conninfo_to_dict(owner_conninfo(url, SCHEMA))
    done = subprocess.run(
        [
            str(binaries() / "pgbench"),
            *("--no-vacuum", "--protocol=prepared", f"--client={clients}", f"--jobs={min(clients, 2)}"),
            *(f"--time={SECONDS:.0f}", f"--file={script}", str(at["dbname"])),
        ],
        env={
            "PGHOST": str(at["host"]),
            "PGPORT": str(at["port"]),
            "PGUSER": str(at["user"]),
            "PGOPTIONS": str(at["options"]),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    assert found, done.stdout
    return float(found[1])


def copy(url: str) -> float:
    """Rows a second of one COPY whose rows were made before."""
    rows = "".join(
        f"{uuid7()}\tcomplaint\t1\t{TAG}\t2026-11-23\t2026-11-23\tana\trequest-1\tlive\t\\\\x{BODY.hex()}"
        f"\t\\\\x{'ab' * 32}\n"
        for _ in range(COPIED)
    )
    with psycopg.connect(owner_conninfo(url, SCHEMA)) as connection, connection.cursor() as cursor:
        started = time.monotonic()
        with cursor.copy(f"COPY plain ({COLUMNS}) FROM STDIN".encode()) as into:
            into.write(rows)
        connection.commit()
        return COPIED / (time.monotonic() - started)


def _follow(conninfo: str, ready: Event, stop: Event, faults: Any) -> None:
    """Read by position alone, while others write; tell how many came, and whatever was not the next one."""
    seen, wrong, last_round = 0, 0, False
    with psycopg.connect(conninfo, autocommit=True) as connection:
        (seen,) = first = connection.execute("SELECT coalesce(max(position), 0) FROM events").fetchone() or (
            0,
        )
        ready.set()
        while not last_round:
            last_round = stop.is_set()
            for (position,) in connection.execute(AFTER, [seen]).fetchall():
                wrong += position != seen + 1
                seen = position
    faults.put((seen - first[0], wrong))


def followed(conninfo: str, callers: int) -> tuple[float, int]:
    """Appends a second of two processes while a reader follows; and how many events it missed or repeated."""
    ready, stop, faults = spawning.Event(), spawning.Event(), spawning.Queue()
    follower = spawning.Process(target=_follow, args=(conninfo, ready, stop, faults))
    follower.start()
    ready.wait()
    rate = ours(conninfo, callers, 2)
    stop.set()
    read, wrong = faults.get()
    follower.join()
    assert read >= rate * SECONDS, "the reader did not come to the end"
    return rate, wrong


def main() -> None:
    """Compare, in turns; then follow the log under full load."""
    with database() as url, tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "insert.sql"
        script.write_text(INSERT)
        with psycopg.connect(owner_conninfo(url, SCHEMA)) as connection:
            connection.execute(PLAIN.encode())
        conninfo = serving_conninfo(url, SCHEMA)
        measures = {
            # Those who write little are together: what a COPY leaves to be written slows whoever comes next.
            "one": partial(pgbench, url, script, 1),
            "insert": partial(insert, url, _insert_one),
            "together": partial(insert, url, _insert_together),
            "inserts": partial(insert, url, _insert_three),
            "stock, one": partial(stock, url, 1),
            **{f"{n}": partial(ours, conninfo, n) for n in CALLERS},
            **{f"{n}, two processes": partial(ours, conninfo, n, 2) for n in CALLERS[1:]},
            "stock": partial(stock, url, PEER_CLIENTS),
            "pgbench": partial(pgbench, url, script, PEER_CLIENTS),
            "copy": partial(copy, url),
        }
        found = dict(zip(measures, interleaved(RUNS, *measures.values()), strict=True))
        rate, wrong = followed(conninfo, 256)
    report("Appends, each a new stream with its key and its idempotency record", list(_ratios(found)))
    console.print(
        f"followed by position at {rate:,.0f} appends/s of two processes: {wrong} missed or repeated\n"
    )
    assert wrong == 0


def _ratios(found: dict[str, float]) -> Iterator[Ratio]:
    def against(callers: str, what: str, peer: str, aim: float | None = None) -> Ratio:
        return Ratio(f"{callers} callers", found[callers], what, found[peer], "appends/s", aim)

    yield against("1", "psycopg, the same three rows", "inserts", 1.0)
    yield against("1", "stock recorder, 1 thread", "stock, one", 1.0)
    yield against("1", "psycopg, the three rows in one statement", "together")
    yield against("1", "psycopg, one row", "insert")
    yield against("1", "pgbench, 1 client, one row", "one")
    for callers, aim in (("16", 15.0), ("16, two processes", None)):
        yield against(callers, f"stock recorder, {PEER_CLIENTS} threads", "stock", aim)
    for callers, aim in (("64", 1.0), ("64, two processes", None)):
        yield against(callers, f"pgbench, {PEER_CLIENTS} clients, one row", "pgbench", aim)
    for callers, aim in (("256", 0.3), ("256, two processes", None)):
        yield against(callers, "COPY, rows ready", "copy", aim)
