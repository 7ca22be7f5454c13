"""Compliance: met ÷ (met + breached) over the clocks decided in a period, with the counts behind it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal, LiteralString

import msgspec
import psycopg
from msgspec import Struct
from msgspec.structs import replace
from psycopg import sql
from psycopg.rows import tuple_row

from domain.fields import Label
from domain.sla.documents import Layer
from domain.staff import Provider
from infra.database import Unavailable
from infra.pages import Answer
from projections.sla.counts import table_of
from projections.sla.rows import DIMENSIONS
from projections.sla.view import VIEW

Period = Literal["day", "week", "month", "quarter", "year"]
By = Literal[
    "policy", "target", "layer", "kind", "channel", "tier", "category", "product", "sector", "team",
    "analyst", "provider", "provider_name",
]  # fmt: skip


class ComplianceAsked(Struct, frozen=True, kw_only=True):
    """Of which clocks, and told apart by what. A clock counts on the day of its decision, in its own zone."""

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
    provider: Provider | None = None
    provider_name: Label | None = None


MOST = 1_000_000
"""Decided clocks that are counted one by one at most: some three seconds."""


class TooMany(Exception):
    """More clocks than are counted one by one; the message says what to ask instead."""


class Group(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is counted together: `met_on_backdated_fact` in `met`, `met_late` and `overdue` in `breached`."""

    compliance: float | None
    """met ÷ (met + breached); null where neither is."""
    n: int
    """met + breached."""
    met: int
    breached: int
    met_on_backdated_fact: int
    met_late: int
    overdue: int
    """Open past its due time, the breach not recorded yet."""
    lapsed: int
    cancelled: int
    undetermined: int
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
    provider: Provider | None = None
    provider_name: str | None = None


class Compliance(Struct, frozen=True, kw_only=True):
    """Compliance in all, and in each group, in the order of their keys."""

    total: Group
    groups: tuple[Group, ...]


COUNTS = (
    "met", "breached", "lapsed", "cancelled", "undetermined", "met_late", "met_on_backdated_fact", "overdue",
)  # fmt: skip
PINNED = ("policy", "target", "layer")

SUM = sql.SQL("sum({count})::int AS {count}")
PREPARED = sql.SQL(
    """SELECT day, policy, layer, target, {columns}, met, breached, lapsed, cancelled, undetermined,
              late AS met_late, backdated AS met_on_backdated_fact, 0 AS overdue
         FROM {table} WHERE dimension = %(dimension)s{chosen}"""
)
DECIDED = sql.SQL(
    """SELECT decided_on AS day, policy, layer, target, {columns}, (outcome = 'met')::int AS met,
              (outcome = 'breached')::int AS breached, (outcome = 'lapsed')::int AS lapsed,
              (outcome = 'cancelled')::int AS cancelled, (outcome = 'undetermined')::int AS undetermined,
              late::int AS met_late, backdated::int AS met_on_backdated_fact, 0 AS overdue
         FROM sla_clocks_4 WHERE decided_at IS NOT NULL AND state <> 'running'"""
)
# A breach is recorded within a second of it, and a window's lapse seen at the complaint's next event: these
# are few rows, found by the index of what runs.
OVERDUE = sql.SQL(
    """SELECT decided_on AS day, policy, layer, target, {columns}, 0 AS met,
              (outcome = 'breached')::int AS breached, (outcome = 'lapsed')::int AS lapsed, 0 AS cancelled,
              (outcome = 'undetermined')::int AS undetermined, 0 AS met_late, 0 AS met_on_backdated_fact,
              (outcome = 'breached')::int AS overdue
         FROM sla_clocks_4 WHERE state = 'running' AND due_at < now()"""
)
COUNTED = sql.SQL(
    """SELECT c.position, (SELECT coalesce(json_agg(g), '[]'::json) FROM (
              SELECT {keys}{sums} FROM ({decided} UNION ALL {overdue}) n WHERE {conditions} {grouped}) g)
         FROM checkpoints c WHERE c.follower = %(follower)s"""
)
PERIOD = sql.SQL("date_trunc(%(period)s, day::timestamp)::date AS period")


async def compliance(connection: psycopg.AsyncConnection[Any], wanted: ComplianceAsked) -> Answer[Compliance]:
    """Compliance as asked for; by one dimension beside policy, target and layer from prepared counts.

    Raises:
        TooMany: by more dimensions, of so many clocks that counting them would take long.
        Unavailable: the view was never prepared.
    """
    if _is_counted(wanted):
        await _check_many(connection, wanted)
    position, found = await _summed(connection, wanted)
    return Answer(found, position)


async def _check_many(connection: psycopg.AsyncConnection[Any], wanted: ComplianceAsked) -> None:
    """By the prepared counts of one dimension that is chosen from, or of all."""
    beside = [name for name in DIMENSIONS if getattr(wanted, name) is not None][1:]
    at_most = replace(wanted, by=(), period=None, **dict.fromkeys(beside))
    total = (await _summed(connection, at_most))[1].total
    many = total.n + total.lapsed + total.cancelled + total.undetermined
    if many > MOST:
        raise TooMany(
            f"{many:,} clocks were decided in the period, and at most {MOST:,} are counted by more than one "
            "dimension: ask for a shorter one"
        )


async def _summed(
    connection: psycopg.AsyncConnection[Any], wanted: ComplianceAsked
) -> tuple[int, Compliance]:
    async with connection.cursor(row_factory=tuple_row) as cursor:
        found = await (await cursor.execute(query(wanted), arguments(wanted))).fetchone()
    if found is None:
        raise Unavailable("the view is not prepared yet")
    position, rows = found
    groups = tuple(msgspec.convert(_with_share(row), Group) for row in rows)
    return position, Compliance(total=_total(rows), groups=groups)


def compliance_of(counts: Mapping[tuple[str, str, str, str], int]) -> Compliance:
    """Compliance by policy, layer and target from numbers of `(policy, layer, target, what)`."""
    keys = sorted({key[:3] for key in counts})
    rows = [{name: counts.get((*key, name), 0) for name in COUNTS} for key in keys]
    groups = [
        msgspec.convert(_with_share({**row, "policy": policy, "layer": layer, "target": target}), Group)
        for row, (policy, layer, target) in zip(rows, keys, strict=True)
    ]
    return Compliance(total=_total(rows), groups=tuple(groups))


def _named(wanted: ComplianceAsked) -> list[str]:
    """The dimensions that are named at all, to group by or to choose from."""
    return [name for name in DIMENSIONS if name in wanted.by or getattr(wanted, name) is not None]


def _is_counted(wanted: ComplianceAsked) -> bool:
    """Whether decided clocks are counted one by one, at a cost that grows with their number."""
    return len(_named(wanted)) > 1


def arguments(wanted: ComplianceAsked) -> dict[str, Any]:
    """The arguments of `query`."""
    names = ("decided_from", "decided_to", "period", *PINNED, *DIMENSIONS)
    given = {name: value for name in names if (value := getattr(wanted, name)) is not None}
    return {**given, "dimension": next(iter(_named(wanted)), ""), "follower": VIEW.follower}


def query(wanted: ComplianceAsked) -> sql.Composed:
    """The statement that counts: it gives the checkpoint's position, and the groups as JSON."""
    named = _named(wanted)
    columns = _listed(map(sql.Identifier, named)) if named else sql.SQL("NULL AS nothing")
    by = [sql.Identifier(name) for name in dict.fromkeys(wanted.by)]
    keys = [PERIOD, *by] if wanted.period else by
    order = _listed([sql.Identifier("period"), *by] if wanted.period else by)
    conditions = sql.SQL(" AND ").join([sql.SQL("true"), *map(sql.SQL, _conditions(wanted))])
    return COUNTED.format(
        keys=sql.SQL("{}, ").format(_listed(keys)) if keys else sql.SQL(""),
        sums=_listed(SUM.format(count=sql.Identifier(name)) for name in COUNTS),
        decided=DECIDED.format(columns=columns) if _is_counted(wanted) else _prepared(wanted, *named),
        overdue=OVERDUE.format(columns=columns),
        conditions=conditions,
        grouped=sql.SQL("GROUP BY {0} ORDER BY {0}" if keys else "HAVING count(*) > 0").format(order),
    )


def _prepared(wanted: ComplianceAsked, dimension: str = "") -> sql.Composed:
    """The prepared counts by one dimension, or all together."""
    chosen = dimension and getattr(wanted, dimension) is not None
    return PREPARED.format(
        table=sql.Identifier(table_of(dimension)),
        columns=sql.SQL("nullif(value, '') AS {}").format(sql.Identifier(dimension or "nothing")),
        chosen=sql.SQL(" AND value = {}").format(sql.Placeholder(dimension)) if chosen else sql.SQL(""),
    )


def _listed(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)


EQUAL: dict[str, LiteralString] = {
    "policy": "policy = %(policy)s",
    "target": "target = %(target)s",
    "layer": "layer = %(layer)s",
    "kind": "kind = %(kind)s",
    "channel": "channel = %(channel)s",
    "tier": "tier = %(tier)s",
    "category": "category = %(category)s",
    "product": "product = %(product)s",
    "sector": "sector = %(sector)s",
    "team": "team = %(team)s",
    "analyst": "analyst = %(analyst)s",
    "provider": "provider = %(provider)s",
    "provider_name": "provider_name = %(provider_name)s",
    "decided_from": "day >= %(decided_from)s",
    "decided_to": "day < %(decided_to)s",
}


def _conditions(wanted: ComplianceAsked) -> list[LiteralString]:
    return [condition for name, condition in EQUAL.items() if getattr(wanted, name) is not None]


def _total(rows: Sequence[dict[str, Any]]) -> Group:
    summed = {name: sum(row[name] for row in rows) for name in COUNTS}
    return msgspec.convert(_with_share(summed), Group)


def _with_share(row: dict[str, Any]) -> dict[str, Any]:
    n = row["met"] + row["breached"]
    return {**row, "n": n, "compliance": round(row["met"] / n, 6) if n else None}
