"""What must be true after any number of faults. Each check gives the violations that it finds."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from infra.database import app_role, connect, serving_conninfo, views_schema
from infra.log import read
from infra.projector import View
from infra.vault import Vault
from tests.faults.readers import Seen
from tests.faults.writers import Acknowledged

SCHEMA = "ouvidoria"
REPLAY = "replay"
BATCH = 1_000
SHOWN = 5
Connection = psycopg.Connection[Any]

HOLES = """
SELECT format('position %s follows %s', position, before)
  FROM (SELECT position, lag(position, 1, 0::bigint) OVER (ORDER BY position) AS before FROM events) e
 WHERE position <> before + 1"""
VERSIONS = """
SELECT format('stream %s has version %s after %s', stream_id, version, before)
  FROM (SELECT stream_id, version, lag(version, 1, 0) OVER stream AS before
          FROM events WINDOW stream AS (PARTITION BY stream_id ORDER BY position)) e
 WHERE version <> before + 1"""
TIMES = """
SELECT format('position %s was recorded before the one before it', position)
  FROM (SELECT position, recorded_at, lag(recorded_at) OVER (ORDER BY position) AS before FROM events) e
 WHERE recorded_at < before"""
LEAVES = """
SELECT format('position %s does not fit its leaf', e.position) FROM events e
 WHERE leaf <> leaf_of(e.position, stream_id, kind, version, tag, occurred_at, recorded_at,
                       actor, correlation, causation, origin, body)"""
STANDING = """
SELECT format('%s stands at %s of %s %s', follower, position, head, failure)
  FROM checkpoints, (SELECT max(position) AS head FROM events) h
 WHERE position <> head OR failure IS NOT NULL"""
PLACES = "SELECT position, stream_id::text, version FROM events ORDER BY position"
KEYS = "SELECT key, stream_id::text, last_version FROM idempotency"


def opened(database: str) -> Connection:
    """The owner's connection to log and views."""
    path = f"-c search_path={SCHEMA},{views_schema(SCHEMA)}"
    return psycopg.connect(database, autocommit=True, options=path)


def head(connection: Connection) -> int:
    """Position of the newest event."""
    row = connection.execute("SELECT coalesce(max(position), 0) FROM events").fetchone()
    return int(row[0]) if row else 0


def log(connection: Connection) -> list[Seen]:
    """Every event of the log, in order."""
    return [Seen(position, f"{stream}/{version}") for position, stream, version in connection.execute(PLACES)]


def behind(connection: Connection) -> list[str]:
    """The followers that are not at the newest event."""
    return [violation for (violation,) in connection.execute(STANDING)]


def of_the_log(connection: Connection) -> Iterator[str]:
    """Positions and versions go on by one, times do not run backwards, leaves fit."""
    for query in (HOLES, VERSIONS, TIMES, LEAVES):
        for (violation,) in connection.execute(query.encode()):
            yield violation


def of_the_acknowledged(
    connection: Connection, acknowledged: Sequence[Acknowledged], texts: Iterable[str]
) -> Iterator[str]:
    """Each stands where its answer said, under its key; of `texts`, what the log says, each key is one."""
    places = {position: (stream, version) for position, stream, version in connection.execute(PLACES)}
    known = {key: (stream, version) for key, stream, version in connection.execute(KEYS)}
    found = Counter(texts)
    for command in acknowledged:
        said = (command.id, command.version)
        if places.get(command.position) != said or known.get(command.key) != said:
            yield f"{command} was acknowledged and is {places.get(command.position)} in the log"
        if found[command.key] != 1:
            yield f"{command} was acknowledged and is {found[command.key]} times in the log"
    for text, times in found.items():
        if times > 1:
            yield f"what was asked for with the key {text} was done {times} times"


def of_a_reader(
    connection: Connection, name: str, seen: Sequence[Seen], failure: str | None = None
) -> Iterator[str]:
    """It was given the log from its beginning to its end."""
    if failure:
        yield f"{name} failed: {failure}"
    events = log(connection)
    for place, (ours, theirs) in enumerate(zip(events, seen, strict=False), 1):
        if ours != theirs:
            yield f"{name} was given {theirs} in place {place}, where the log has {ours}"
            return
    if len(seen) != len(events):
        yield f"{name} was given {len(seen)} events of {len(events)}"


async def texts(database: str, vault: Vault) -> list[str]:
    """The subject of every complaint and the text of every note in the log."""
    found: list[str] = []
    async with await connect(serving_conninfo(database, SCHEMA)) as connection:
        position = 0
        while events := await read(connection, vault, position, BATCH):
            position = events[-1].position
            said = (getattr(each.event, "subject", getattr(each.event, "text", None)) for each in events)
            found += [text for text in said if text is not None]
    return found


async def of_the_views(database: str, vault: Vault, views: Sequence[View]) -> list[str]:
    """Every view is at the newest event and has the rows that a replay from the first event gives."""
    with opened(database) as owner:
        replay, role = sql.Identifier(REPLAY), sql.Identifier(app_role(SCHEMA))
        owner.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(replay))
        owner.execute(sql.SQL("CREATE SCHEMA {} AUTHORIZATION {}").format(replay, role))
        await fold(database, vault, views)
        tables = [table for view in views for table in view.tables]
        return behind(owner) + [violation for table in tables for violation in differing(owner, table)]


async def fold(database: str, vault: Vault, views: Sequence[View]) -> None:
    """Fold the whole log into tables of their own."""
    conninfo = serving_conninfo(database, SCHEMA, search_path=f"{REPLAY},{SCHEMA}")
    async with await connect(conninfo) as connection:
        for view in views:
            await connection.execute(view.ddl.encode())
        position = 0
        while events := await read(connection, vault, position, BATCH):
            position = events[-1].position
            async with connection.transaction():
                for view in views:
                    await view.apply(connection, events)


def differing(connection: Connection, table: str) -> Iterator[str]:
    """Rows that are in the view and not in its replay, or the other way round."""
    served, replayed = sql.Identifier(views_schema(SCHEMA), table), sql.Identifier(REPLAY, table)
    query = sql.SQL("SELECT t::text FROM {} t EXCEPT ALL SELECT t::text FROM {} t LIMIT {}")
    for one, other, where in ((served, replayed, "view"), (replayed, served, "replay")):
        for (row,) in connection.execute(query.format(one, other, SHOWN)):
            yield f"{table} has only in its {where}: {row[:300]}"
