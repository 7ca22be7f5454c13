"""Lists of clocks: those at risk, those behind a figure of compliance."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

import msgspec
import psycopg
from msgspec import Meta, Struct

from domain.fields import Label, Moment
from domain.sla import Interval
from domain.sla.clock import Declared
from domain.sla.documents import Layer, Obligation, Stop
from domain.staff import Provider
from infra.pages import (
    DEFAULT,
    MOST,
    Filter,
    Index,
    Listing,
    Order,
    Page,
    Part,
    both_ways,
    equals,
    period,
    read_page,
)
from projections.sla.rows import Outcome
from projections.sla.view import VIEW

Seconds = Annotated[int, Meta(ge=0, le=366 * 86_400)]

Absent = Literal[
    "channel", "tier", "category", "product", "sector", "team", "analyst", "provider", "provider_name",
]  # fmt: skip

# What time has decided since the last event, is told as of now.
OF_ALL: LiteralString = """
       id, complaint_id, protocol, clock_id, cycle, policy, policy_version, calendar, calendar_version, layer,
       target, stops, obligation, case_id,
       CASE WHEN state = 'running' AND due_at < now() THEN outcome ELSE state END AS state,
       started_at, due_at, stopped_at, used_seconds, extended, backdated AS met_on_backdated_fact, reason,
       declared, intervals, kind, channel, tier, category, product, sector, team, analyst, provider,
       provider_name,"""
COLUMNS: LiteralString = (
    OF_ALL + "CASE WHEN state <> 'running' OR due_at < now() THEN decided_at END AS decided_at"
)
OF_DECIDED: LiteralString = OF_ALL + "decided_at"


class ClockItem(Struct, frozen=True, kw_only=True):
    """A clock of a complaint: one target of one policy, in one cycle, with every interval and its reason."""

    id: str
    complaint_id: UUID
    protocol: str
    clock_id: str
    cycle: int
    policy: str
    policy_version: int
    calendar: str
    calendar_version: int
    layer: Layer
    target: str
    stops: Stop
    obligation: Obligation
    case_id: UUID | None
    state: str
    started_at: datetime
    due_at: datetime | None
    """While paused: if it resumed now."""
    stopped_at: datetime | None
    decided_at: datetime | None
    used_seconds: float
    """Of the measure that counts, up to its last event."""
    extended: int
    met_on_backdated_fact: bool
    reason: str | None
    declared: Declared | None
    """What the source says of it, where nobody can tell when it was done."""
    intervals: tuple[Interval, ...]
    kind: str
    channel: str | None
    tier: str | None
    category: str | None
    product: str | None
    sector: str | None
    team: str | None
    analyst: str | None
    provider: Provider | None
    """Whose team it was, by the registry when it was assigned."""
    provider_name: str | None


class AtRisk(Struct, frozen=True, kw_only=True):
    """Which running clocks to list: those due within so many seconds from now, first due first."""

    within: Seconds = 86_400
    analyst: Label | None = None
    team: Label | None = None
    provider: Provider | None = None
    provider_name: Label | None = None
    sector: Label | None = None
    tier: Label | None = None
    policy: Label | None = None
    target: Label | None = None
    layer: Layer | None = None
    sort: Literal["due_at", "-due_at"] = "due_at"
    limit: Annotated[int, Meta(ge=1, le=MOST)] = DEFAULT
    cursor: str | None = None


class Drill(Struct, frozen=True, kw_only=True):
    """Which decided clocks to list: what is behind a figure of compliance. Days as in compliance."""

    outcome: Outcome | None = None
    policy: Label | None = None
    target: Label | None = None
    layer: Layer | None = None
    decided_from: date | None = None
    decided_to: date | None = None
    """Exclusive."""
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
    without: tuple[Absent, ...] = ()
    """Only those that have none of these."""
    sort: Literal["decided_at", "-decided_at"] = "-decided_at"
    limit: Annotated[int, Meta(ge=1, le=MOST)] = DEFAULT
    cursor: str | None = None


RUNNING: LiteralString = "state = 'running'"
KNOWN = (Part("{} IS NOT NULL"),)
RUNNING_KNOWN = (Part("{} IS NOT NULL AND " + RUNNING),)
DUE = Listing(
    VIEW.follower,
    ClockItem,
    COLUMNS,
    "sla_clocks_4",
    both_ways(Order("due_at", "timestamptz", Moment, id_type=str, parts=RUNNING_KNOWN), RUNNING_KNOWN),
)
DECIDED = Listing(
    VIEW.follower,
    ClockItem,
    OF_DECIDED,
    "sla_clocks_4",
    both_ways(Order("decided_at", "timestamptz", Moment, id_type=str, parts=KNOWN), KNOWN),
)
SOON = period("due_at", "now()", "now() + make_interval(secs => %(within)s)", along="due_at")
FILTERS: dict[str, Filter] = {
    "outcome": equals("outcome", sorts=("decided_at",)),
    "policy": Filter(condition="policy = %(policy)s"),
    "target": Filter(condition="target = %(target)s"),
    "layer": Filter(condition="layer = %(layer)s"),
    "kind": Filter(condition="kind = %(kind)s"),
    "channel": Filter(condition="channel = %(channel)s"),
    "tier": Filter(condition="tier = %(tier)s"),
    "category": Filter(condition="category = %(category)s"),
    "product": Filter(condition="product = %(product)s"),
    "sector": Filter(condition="sector = %(sector)s"),
    "team": Filter(condition="team = %(team)s"),
    "analyst": Filter(condition="analyst = %(analyst)s"),
    "provider": Filter(condition="provider = %(provider)s"),
    "provider_name": Filter(condition="provider_name = %(provider_name)s"),
    "decided_from": Filter(condition="decided_on >= %(decided_from)s"),
    "decided_to": Filter(condition="decided_on < %(decided_to)s"),
}
WITHOUT: dict[Absent, Filter] = {
    "channel": Filter(condition="channel IS NULL"),
    "tier": Filter(condition="tier IS NULL"),
    "category": Filter(condition="category IS NULL"),
    "product": Filter(condition="product IS NULL"),
    "sector": Filter(condition="sector IS NULL"),
    "team": Filter(condition="team IS NULL"),
    "analyst": Filter(condition="analyst IS NULL"),
    "provider": Filter(condition="provider IS NULL"),
    "provider_name": Filter(condition="provider_name IS NULL"),
}
OF_RUNNING: dict[str, Filter] = FILTERS | {
    name: Filter(
        condition=f"{name} = %({name})s",
        lead=f"{RUNNING} AND {name} = %({name})s",
        index=Index(sorts=("due_at",), column=name, value=f"%({name})s"),
    )
    for name in ("analyst", "team")
}


async def at_risk(connection: psycopg.AsyncConnection[Any], wanted: AtRisk) -> Page[ClockItem]:
    """A page of the clocks that run out soonest.

    Raises:
        BadCursor, Unavailable
    """
    return await read_page(connection, DUE, running_filters(wanted), msgspec.structs.asdict(wanted), wanted)


async def drill(connection: psycopg.AsyncConnection[Any], wanted: Drill) -> Page[ClockItem]:
    """A page of decided clocks, and through them of their complaints.

    Raises:
        BadCursor, Unavailable
    """
    return await read_page(
        connection, DECIDED, decided_filters(wanted), msgspec.structs.asdict(wanted), wanted
    )


def running_filters(wanted: AtRisk) -> list[Filter]:
    """What runs out soon, and what else is asked."""
    return [*SOON, *_given(wanted, OF_RUNNING)]


def decided_filters(wanted: Drill) -> list[Filter]:
    """What was decided by now, and what else is asked.

    Days are those of the calendar's zone, which no index knows; a day more on either side holds them all.
    """
    lower = None if wanted.decided_from is None else "%(decided_from)s::date - interval '1 day'"
    upper = "now()" if wanted.decided_to is None else "least(%(decided_to)s::date + interval '1 day', now())"
    absent = [WITHOUT[name] for name in dict.fromkeys(wanted.without)]
    return [*period("decided_at", lower, upper, along="decided_at"), *_given(wanted, FILTERS), *absent]


def _given(wanted: AtRisk | Drill, filters: Mapping[str, Filter]) -> list[Filter]:
    return [each for name, each in filters.items() if getattr(wanted, name, None) is not None]
