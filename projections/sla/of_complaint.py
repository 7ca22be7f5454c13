"""The clocks of one complaint."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from msgspec import Struct
from msgspec.structs import replace

from infra.pages import Answer, read_one
from infra.reference import read_book
from projections.sla.cases import Case
from projections.sla.clocks import COLUMNS, ClockItem
from projections.sla.rows import clock_rows
from projections.sla.view import VIEW

OF_ONE: LiteralString = (
    "SELECT (SELECT coalesce(json_agg(k ORDER BY k.started_at, k.id), '[]'::json) FROM (SELECT "  # noqa: S608 - constants of this module
    + COLUMNS
    + """ FROM sla_clocks_4 WHERE complaint_id = %(id)s) k) AS clocks, now() AS now,
         CASE WHEN EXISTS (SELECT FROM sla_clocks_4 p WHERE p.complaint_id = %(id)s AND p.state = 'paused')
              THEN row_to_json(sla_cases_4) END AS paused FROM sla_cases_4"""
)


class ClocksOf(Struct, frozen=True):
    """All clocks of a complaint, in the order they were started."""

    clocks: tuple[ClockItem, ...]


class Kept(Struct, frozen=True, kw_only=True):
    """The clocks as the complaint's last event left them."""

    clocks: tuple[ClockItem, ...]
    now: datetime
    paused: Case | None
    """What the clocks are read from, where one is paused."""


async def clocks_of(connection: psycopg.AsyncConnection[Any], complaint_id: UUID) -> Answer[ClocksOf]:
    """The clocks of a complaint; None where the view knows no such complaint.

    Raises:
        Unavailable: the view was never prepared.
    """
    found = await read_one(
        connection,
        VIEW.follower,
        Kept,
        select=OF_ONE,
        conditions=["complaint_id = %(id)s"],
        arguments={"id": complaint_id},
    )
    kept = found.value
    shown = ClocksOf(await _resumed_now(connection, kept)) if kept else None
    return Answer(shown, found.log_position)


async def _resumed_now(connection: psycopg.AsyncConnection[Any], kept: Kept) -> tuple[ClockItem, ...]:
    """The clocks, the paused ones with the due date that they would have if they resumed now."""
    if kept.paused is None:
        return kept.clocks
    case = replace(kept.paused, known_at=kept.now)
    book = await read_book(connection, (applied.policies for applied in case.timeline.applications))
    due = {row.id: row.due_at for row in clock_rows(case, book) if row.state == "paused"}
    return tuple(replace(each, due_at=due.get(each.id, each.due_at)) for each in kept.clocks)
