"""The worklist as it is meant: a plain filter and sort of all rows."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

ALL: LiteralString = """
SELECT complaint_id, kind, state, channel, received_at, registered_at, updated_at, customer_id, category,
       product, severity, analyst, team, origin, needs_review, awaits_approval, due_at, asked_sectors,
       document::text, now()
  FROM complaints_4 JOIN complaints_text_4 USING (complaint_id)"""
KEEPS: Mapping[str, Any] = {
    "state": lambda row, states: row["state"] in states,
    "origin": lambda row, origin: row["origin"] is not None and f"{row['origin']}/".startswith(f"{origin}/"),
    "due_before": lambda row, at: row["due_at"] is not None and row["due_at"] < at,
    "breached": lambda row, wanted: (row["due_at"] is not None and row["due_at"] < row["now"]) == wanted,
    "q": lambda row, word: bool(re.search(rf"'{word}'", row["document"])),
    "sector": lambda row, sector: sector in row["asked_sectors"],
    "registered_from": lambda row, at: row["registered_at"] >= at,
    "registered_to": lambda row, at: row["registered_at"] < at,
}
RANKS = (None, "low", "medium", "high", "critical")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

Rows = Sequence[Mapping[str, Any]]


async def all_rows(connection: psycopg.AsyncConnection[Any]) -> Rows:
    """Every complaint, and the time by the database's clock."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(ALL)).fetchall()


def expected(rows: Rows, filters: Mapping[str, Any], sort: str) -> list[UUID]:
    """The ids of what meets all filters, in order."""
    kept = [row for row in rows if all(_keeps(row, name, value) for name, value in filters.items())]
    return [row["complaint_id"] for row in sorted(kept, key=lambda row: _sorted_key(sort, row))]


def _keeps(row: Mapping[str, Any], name: str, value: Any) -> bool:
    return bool(KEEPS[name](row, value)) if name in KEEPS else bool(row[name] == value)


def _sorted_key(sort: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
    """By what the list is sorted: what is not due comes last in both directions."""
    name, sign = sort.lstrip("-"), -1 if sort.startswith("-") else 1
    value, item_id = row[name], sign * row["complaint_id"].int
    if name == "severity":
        return sign * RANKS.index(value), item_id
    return value is None, sign * (value - EPOCH) // timedelta(microseconds=1) if value else 0, item_id
