"""Compliance: met ÷ (met + breached) over the clocks decided in a period, with the counts behind it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal, LiteralString

import psycopg
from msgspec import Struct

from domain.fields import Label
from domain.sla.documents import Layer
from infra.pages import Answer, read_one
from projections.sla.rows import DIMENSIONS
from projections.sla.view import VIEW

Period = Literal["day", "week", "month", "quarter", "year"]
By = Literal[
    "policy", "target", "layer", "kind", "channel", "tier", "category", "product", "sector", "team", "analyst"
]


class ComplianceAsked(Struct, frozen=True, kw_only=True):
    """Of which clocks, and told apart by what. A clock counts on the day it was decided, in its calendar's zone."""

    by: tuple[By, ...] = ()
    period: Period | None = None
    """Also told apart by the day, week (from Monday), month, quarter or year of the decision."""
    decided_from: date | None = None
    decided_to: date | None = None
    """Exclusive."""
    policy: Label | None = None
    target: Label | None = None
    layer: Layer | None = None
    kind: Label | None = None
    channel: Label | None = None
    tier: Label | None = None
    category: Label | None = None
    product: Label | None = None
    sector: Label | None = None
    team: Label | None = None
    analyst: Label | None = None


class Group(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is counted together. `met_on_backdated_fact` is part of `met`; `met_late` and `overdue` of `breached`."""

    compliance: float | None
    """met ÷ (met + breached); null where neither is."""
    n: int
    """met + breached."""
    met: int
    breached: int
    met_on_backdated_fact: int = 0
    met_late: int = 0
    overdue: int = 0
    """Open past its due time, the breach not recorded yet."""
    lapsed: int = 0
    cancelled: int = 0
    undetermined: int = 0
    period: date | None = None
    """Its first day."""
    policy: str | None = None
    target: str | None = None
    layer: Layer | None = None
    kind: str | None = None
    channel: str | None = None
    tier: str | None = None
    category: str | None = None
    product: str | None = None
    sector: str | None = None
    team: str | None = None
    analyst: str | None = None


class Compliance(Struct, frozen=True, kw_only=True):
    """Compliance in all, and in each group, in the order of their keys."""

    total: Group
    groups: tuple[Group, ...]


class Counted(Struct, frozen=True):
    """What the database counts."""

    groups: tuple[dict[str, Any], ...]


COUNTS = ("met", "breached", "lapsed", "cancelled", "undetermined", "met_late", "met_on_backdated_fact", "overdue")
SUMS: LiteralString = ", ".join(f"sum({name})::int AS {name}" for name in COUNTS)
PINNED = ("policy", "target", "layer")

PREPARED: LiteralString = """
    SELECT day, policy, layer, target, {column}, met, breached, lapsed, cancelled, undetermined, late AS met_late,
           backdated AS met_on_backdated_fact, 0 AS overdue
      FROM sla_compliance_1 WHERE dimension = %(dimension)s"""
DECIDED: LiteralString = """
    SELECT decided_on AS day, policy, layer, target, {columns}, (outcome = 'met')::int AS met,
           (outcome = 'breached')::int AS breached, (outcome = 'lapsed')::int AS lapsed,
           (outcome = 'cancelled')::int AS cancelled, (outcome = 'undetermined')::int AS undetermined,
           late::int AS met_late, backdated::int AS met_on_backdated_fact, 0 AS overdue
      FROM sla_clocks_1 WHERE decided_at IS NOT NULL"""
# A breach is recorded within a second of it: this is a handful of rows, found by the index of what runs.
OVERDUE: LiteralString = """
    SELECT (due_at AT TIME ZONE zone)::date AS day, policy, layer, target, {columns}, 0 AS met, 1 AS breached,
           0 AS lapsed, 0 AS cancelled, 0 AS undetermined, 0 AS met_late, 0 AS met_on_backdated_fact, 1 AS overdue
      FROM sla_clocks_1 WHERE state = 'running' AND obligation = 'duty' AND due_at < now()"""


async def compliance(
    connection: psycopg.AsyncConnection[Any], wanted: ComplianceAsked
) -> Answer[Compliance]:
    """Compliance as asked for. One dimension beside policy, target and layer is answered from prepared counts.

    Raises:
        Unavailable: the view was never prepared.
    """
    found = await read_one(
        connection,
        VIEW.follower,
        Counted,
        select=_select(wanted),
        conditions=(),
        arguments=_arguments(wanted),
    )
    rows = found.value.groups if found.value else ()
    groups = [_group(row) for row in rows]
    return Answer(Compliance(total=_total(rows), groups=tuple(groups)), found.log_position)


def compliance_of(counts: Mapping[tuple[str, str, str, str], int]) -> Compliance:
    """Compliance by policy, layer and target from numbers of `(policy, layer, target, what)`."""
    keys = sorted({key[:3] for key in counts})
    rows = [{name: counts.get((*key, name), 0) for name in COUNTS} for key in keys]
    groups = [
        _group({**row, "policy": policy, "layer": layer, "target": target})
        for row, (policy, layer, target) in zip(rows, keys, strict=True)
    ]
    return Compliance(total=_total(rows), groups=tuple(groups))


def dimensions(wanted: ComplianceAsked) -> list[str]:
    """The dimensions that are named at all, to group by or to choose from."""
    return [name for name in DIMENSIONS if name in wanted.by or getattr(wanted, name) is not None]


def _arguments(wanted: ComplianceAsked) -> dict[str, Any]:
    named = dimensions(wanted)
    given = {
        name: value
        for name in ("decided_from", "decided_to", *PINNED, *DIMENSIONS)
        if (value := getattr(wanted, name)) is not None
    }
    return {**given, "dimension": named[0] if named else "", "period": wanted.period}


def _select(wanted: ComplianceAsked) -> LiteralString:
    """One statement; every name in it is one of ours."""
    named = dimensions(wanted)
    columns: Any = ", ".join(named) or "NULL::text AS nothing"
    overdue = OVERDUE.replace("{columns}", columns)
    if len(named) > 1:
        decided = DECIDED.replace("{columns}", columns)
    else:
        column: Any = f"nullif(value, '') AS {named[0]}" if named else "NULL::text AS nothing"
        decided = PREPARED.replace("{column}", column)
    period: list[Any] = ["date_trunc(%(period)s, day)::date AS period"] if wanted.period else []
    keys: Any = ", ".join([*period, *dict.fromkeys(wanted.by)])
    names: Any = ", ".join([*(["period"] if wanted.period else []), *dict.fromkeys(wanted.by)])
    wheres: Any = " AND ".join(_conditions(wanted)) or "true"
    grouped: Any = f"GROUP BY {names} ORDER BY {names}" if names else "HAVING count(*) > 0"
    return f"""SELECT (SELECT coalesce(json_agg(g), '[]'::json) FROM (
                SELECT {keys + ", " if keys else ""}{SUMS} FROM ({decided} UNION ALL {overdue}) c
                 WHERE {wheres} {grouped}) g) AS groups"""


def _conditions(wanted: ComplianceAsked) -> list[str]:
    parts = [f"{name} = %({name})s" for name in (*PINNED, *DIMENSIONS) if getattr(wanted, name) is not None]
    if wanted.decided_from is not None:
        parts.append("day >= %(decided_from)s")
    if wanted.decided_to is not None:
        parts.append("day < %(decided_to)s")
    return parts


def _total(rows: Sequence[dict[str, Any]]) -> Group:
    return _group({name: sum(row[name] for row in rows) for name in COUNTS})


def _group(row: dict[str, Any]) -> Group:
    n = row["met"] + row["breached"]
    return Group(**row, n=n, compliance=round(row["met"] / n, 6) if n else None)
