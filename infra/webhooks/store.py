"""What the deliverer keeps: how far each webhook has come, and what is not delivered yet."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from msgspec import Struct
from psycopg import sql
from psycopg.rows import class_row

from infra.batching import Batcher
from infra.database import Link
from infra.events import Row
from infra.feed import COLUMNS
from infra.webhooks.deliveries import Chain, Delivery, Item, chains
from infra.webhooks.targets import Connection, Instruction

KEPT = 1_000
"""Deliveries that succeeded and can still be looked at, of each webhook."""


class Standing(Struct, frozen=True, kw_only=True):
    """How far a webhook has come; the columns of `webhook_standings` are explained in its migration."""

    webhook_id: UUID
    position: int
    matched: int
    instructed: int
    failures: int = 0
    failing_since: datetime | None = None


class Progress(Struct, frozen=True, kw_only=True):
    """What a round led to: the standing after it, deliveries that changed, streams that may go on.

    `recovered`: the receiver answers again, so everything that waits for a retry is tried at once.
    """

    standing: Standing
    deliveries: list[Delivery]
    freed: Sequence[UUID]
    now: datetime
    recovered: bool = False


class Opened(NamedTuple):
    """Deliveries that are not settled: how many, how many of them are retried, and when the next is."""

    many: int
    retrying: int
    next_try_at: datetime | None


def _columns(struct: type[Struct]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, struct.__struct_fields__))


def _unnested(types: LiteralString) -> sql.Composable:
    return sql.SQL(", ").join(sql.SQL("%s::" + each + "[]") for each in types.split())


KEEP_DELIVERIES = sql.SQL(
    """INSERT INTO webhook_deliveries ({columns}) SELECT * FROM unnest({arrays})
       ON CONFLICT (webhook_id, position) DO UPDATE SET ({columns}) = ROW ({excluded})"""
).format(
    columns=_columns(Delivery),
    arrays=_unnested("uuid bigint uuid bigint text int timestamptz timestamptz int text text float8"),
    excluded=sql.SQL(", ").join(
        sql.SQL("excluded.{}").format(sql.Identifier(name)) for name in Delivery.__struct_fields__
    ),
)
KEEP_STANDINGS = sql.SQL(
    """UPDATE webhook_standings s
          SET (position, matched, instructed, failures, failing_since)
              = ROW (n.position, n.matched, n.instructed, n.failures, n.failing_since)
         FROM unnest({arrays}) AS n ({columns}) WHERE s.webhook_id = n.webhook_id"""
).format(columns=_columns(Standing), arrays=_unnested("uuid bigint bigint bigint int timestamptz"))

# The first of the open deliveries of a stream goes on; `s` has the streams.
GO_ON: LiteralString = """
UPDATE webhook_deliveries d SET status = 'retrying', next_try_at = s.now
  FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS s (webhook_id, stream_id, now)
 WHERE d.webhook_id = s.webhook_id AND d.stream_id = s.stream_id AND d.status = 'waiting'
   AND NOT EXISTS (SELECT FROM webhook_deliveries b
                    WHERE b.webhook_id = d.webhook_id AND b.stream_id = d.stream_id
                      AND b.open AND b.position < d.position)"""
AT_ONCE: LiteralString = """
UPDATE webhook_deliveries d SET next_try_at = s.now
  FROM unnest(%s::uuid[], %s::timestamptz[]) AS s (webhook_id, now)
 WHERE d.webhook_id = s.webhook_id AND d.status = 'retrying' AND d.next_try_at > s.now"""

BEGIN: LiteralString = """
INSERT INTO webhook_standings (webhook_id, position, matched, instructed)
SELECT id, position, position, position FROM unnest(%s::uuid[], %s::bigint[]) AS new (id, position)
    ON CONFLICT DO NOTHING"""
STANDINGS: LiteralString = """
SELECT webhook_id, position, matched, instructed, failures, failing_since
  FROM webhook_standings WHERE webhook_id = ANY(%s)"""
OPENED: LiteralString = """
SELECT count(*), count(*) FILTER (WHERE status = 'retrying'),
       min(next_try_at) FILTER (WHERE status = 'retrying' AND stream_id <> ALL(%s))
  FROM webhook_deliveries WHERE webhook_id = %s AND open"""
BLOCKED: LiteralString = """
SELECT DISTINCT stream_id FROM webhook_deliveries WHERE webhook_id = %s AND stream_id = ANY(%s) AND open"""
DUE = sql.SQL(
    """
SELECT c.covers_from, c.attempts, {event}, NULL::bytea
  FROM (SELECT h.stream_id, h.position FROM webhook_deliveries h
         WHERE h.webhook_id = %(webhook_id)s AND h.status = 'retrying' AND h.next_try_at <= %(now)s
           AND h.stream_id <> ALL(%(busy)s) ORDER BY h.next_try_at, h.position LIMIT %(streams)s) h
 CROSS JOIN LATERAL (SELECT d.position, d.covers_from, d.attempts FROM webhook_deliveries d
                      WHERE d.webhook_id = %(webhook_id)s AND d.stream_id = h.stream_id AND d.open
                      ORDER BY d.position LIMIT %(events)s) c
  JOIN events e ON e.position = c.position ORDER BY c.position"""
).format(event=COLUMNS)

FORGET: LiteralString = "DELETE FROM webhook_deliveries WHERE webhook_id = %s AND position >= %s"
TRY_AGAIN: LiteralString = """
UPDATE webhook_deliveries SET status = 'retrying', attempts = 0, next_try_at = %s
 WHERE webhook_id = %s AND status = ANY(%s) AND (%s::uuid IS NULL OR stream_id = %s)"""
SKIP: LiteralString = """
UPDATE webhook_deliveries SET status = 'skipped', next_try_at = NULL
 WHERE webhook_id = %s AND position = %s AND open RETURNING stream_id"""
PRUNE: LiteralString = """
DELETE FROM webhook_deliveries d
 USING webhook_standings s
 CROSS JOIN LATERAL (SELECT k.position FROM webhook_deliveries k
                      WHERE k.webhook_id = s.webhook_id AND k.status = 'delivered'
                      ORDER BY k.position DESC OFFSET %s LIMIT 1) oldest
 WHERE d.webhook_id = s.webhook_id AND d.status = 'delivered' AND d.position <= oldest.position"""
DROP_DELIVERIES: LiteralString = "DELETE FROM webhook_deliveries WHERE webhook_id = ANY(%s)"
DROP_STANDINGS: LiteralString = "DELETE FROM webhook_standings WHERE webhook_id = ANY(%s)"


class Store:
    """Reads over a connection of its own, and writes over the leader's, which a deposed leader has lost."""

    def __init__(self, leading: Connection, reading: Link) -> None:
        self._leading = leading
        self._turn = asyncio.Lock()
        self._reading = reading
        self._saves: Batcher[Progress, None] = Batcher(self._save, most=256)

    async def save(self, progress: Progress) -> None:
        """Keep what a round led to, together with the rounds of other webhooks that end now."""
        await self._saves.submit(progress)

    async def begin(self, positions: dict[UUID, int]) -> dict[UUID, Standing]:
        """The standings of webhooks, which begin at the given positions if they are new."""
        ids = list(positions)
        async with self._turn, self._leading.cursor(row_factory=class_row(Standing)) as cursor:
            await cursor.execute(BEGIN, [ids, list(positions.values())])
            await cursor.execute(STANDINGS, [ids])
            return {standing.webhook_id: standing for standing in await cursor.fetchall()}

    async def opened(self, webhook_id: UUID, busy: Iterable[UUID]) -> Opened:
        """What is not settled; when the next try is due, but for streams that are `busy`."""
        async with self._reading.use() as connection:
            row = await (await connection.execute(OPENED, [list(busy), webhook_id])).fetchone()
        return Opened._make(row or (0, 0, None))

    async def blocked(self, webhook_id: UUID, streams: Iterable[UUID]) -> set[UUID]:
        """Those of the streams of which something is not settled."""
        async with self._reading.use() as connection:
            cursor = await connection.execute(BLOCKED, [webhook_id, list(streams)])
            return {stream_id for (stream_id,) in await cursor.fetchall()}

    async def due(
        self, webhook_id: UUID, now: datetime, busy: Iterable[UUID], *, streams: int, events: int = 20
    ) -> list[Chain]:
        """What is to be tried again now, the longest due first: so many streams, so many events of each."""
        arguments = {
            "webhook_id": webhook_id, "now": now, "busy": list(busy), "streams": streams, "events": events,
        }  # fmt: skip
        async with self._reading.use() as connection, connection.cursor(binary=True) as cursor:
            await cursor.execute(DUE, arguments)
            found = await cursor.fetchall()
        return chains([Item(covers_from=row[0], attempts=row[1], row=Row._make(row[2:])) for row in found])

    async def carry_out(self, instruction: Instruction, standing: Standing, now: datetime) -> None:
        """Do to the deliveries what an instruction says; `standing` is the standing after it."""
        webhook_id, stream_id = instruction.webhook_id, instruction.stream_id
        async with self._turn, self._leading.transaction():
            match instruction.tag:
                case "webhook-replay-requested":
                    await self._leading.execute(FORGET, [webhook_id, instruction.number])
                case "webhook-resumed":
                    await self._leading.execute(TRY_AGAIN, [now, webhook_id, ["retrying"], None, None])
                case "webhook-parked-resumed":
                    again = [now, webhook_id, ["retrying", "parked"], stream_id, stream_id]
                    await self._leading.execute(TRY_AGAIN, again)
                case "webhook-delivery-skipped":
                    cursor = await self._leading.execute(SKIP, [webhook_id, instruction.number])
                    streams = [stream for (stream,) in await cursor.fetchall()]
                    await self._go_on([webhook_id] * len(streams), streams, [now] * len(streams))
            await self._keep([standing])

    async def prune(self) -> None:
        """Forget old deliveries that succeeded."""
        async with self._turn:
            await self._leading.execute(PRUNE, [KEPT])

    async def drop(self, webhook_ids: Sequence[UUID]) -> None:
        """Forget everything about webhooks that are deleted."""
        async with self._turn, self._leading.transaction():
            await self._leading.execute(DROP_DELIVERIES, [list(webhook_ids)])
            await self._leading.execute(DROP_STANDINGS, [list(webhook_ids)])

    async def _save(self, batch: list[Progress]) -> list[None]:
        deliveries = [delivery for progress in batch for delivery in progress.deliveries]
        freed = [(p.standing.webhook_id, stream, p.now) for p in batch for stream in p.freed]
        recovered = [(p.standing.webhook_id, p.now) for p in batch if p.recovered]
        async with self._turn, self._leading.transaction():
            if deliveries:
                await self._leading.execute(KEEP_DELIVERIES, _arrays(deliveries))
            await self._keep([progress.standing for progress in batch])
            if freed:
                await self._go_on(*map(list, zip(*freed, strict=True)))
            if recovered:
                await self._leading.execute(AT_ONCE, list(map(list, zip(*recovered, strict=True))))
        return [None] * len(batch)

    async def _keep(self, standings: Sequence[Standing]) -> None:
        await self._leading.execute(KEEP_STANDINGS, _arrays(standings))

    async def _go_on(self, webhooks: list[Any], streams: list[Any], nows: list[Any]) -> None:
        await self._leading.execute(GO_ON, [webhooks, streams, nows])


def _arrays(structs: Sequence[Struct]) -> list[list[Any]]:
    """One list a field."""
    return [[getattr(each, name) for each in structs] for name in structs[0].__struct_fields__]
