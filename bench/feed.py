"""The feed from position 0: events a second over HTTP, against a plain SELECT of the same rows."""

import asyncio
import time
from http.client import HTTPConnection

import psycopg

from bench.measuring import Ratio, database, interleaved, report
from bench.subscribing import Served, conninfo, fill, served
from infra.cloudevents import BATCH_MEDIA_TYPE

EVENTS, PAGE, RUNS = 100_000, 1_000, 3
SELECT = """SELECT position, stream_id, kind, version, tag, occurred_at, recorded_at, actor, correlation,
                   causation, origin, body, leaf
              FROM events WHERE position > %s ORDER BY position LIMIT %s"""


def feed(service: Served, path: str) -> float:
    """Events a second, read page by page to the head, each page decoded no further than its cursor."""
    headers = {**service.headers(), "Accept": BATCH_MEDIA_TYPE}
    client = HTTPConnection("127.0.0.1", service.port, timeout=60)
    started, cursor = time.monotonic(), 0
    while cursor < EVENTS:
        client.request("GET", f"/v1/events?limit={PAGE}&after={cursor}{path}", headers=headers)
        answer = client.getresponse()
        answer.read()
        cursor = int(answer.headers["log-covered"].partition("-")[2])
    client.close()
    return EVENTS / (time.monotonic() - started)


def select(url: str) -> float:
    """Events a second of a client of the database that reads the same pages."""
    started, cursor = time.monotonic(), 0
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        while rows := connection.execute(SELECT, [cursor, PAGE], binary=True).fetchall():
            cursor = rows[-1][0]
    return EVENTS / (time.monotonic() - started)


def main() -> None:
    """Measure and report."""
    with database() as url, served(url) as service:
        asyncio.run(fill(url, EVENTS))
        whole, nothing, plain = interleaved(
            RUNS,
            lambda: feed(service, ""),
            lambda: feed(service, "&types=complaint-closed"),
            lambda: select(url),
        )
    report(
        f"The feed: {EVENTS:,} events from position 0, {PAGE:,} a page",
        [
            Ratio("all events", whole, "plain SELECT", plain, "events/s", 0.2),
            Ratio("a type that never occurs", nothing, "plain SELECT", plain, "positions/s", 1.0),
        ],
    )
