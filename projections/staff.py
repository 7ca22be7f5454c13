"""Teams and analysts: each one, and lists of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

import psycopg
from msgspec import Meta, Struct

from domain.analyst import ANALYST
from domain.fields import Label
from domain.messages import Event
from domain.staff import Analyst, Provider, Team
from domain.team import TEAM
from infra.events import Recorded
from infra.pages import DEFAULT, MOST, Answer, Filter, Listing, Order, Page, asked_page, both_ways, by_id
from infra.projector import View
from infra.rows import fold_rows, one_by_one

DDL = """
CREATE TABLE IF NOT EXISTS teams_1 (
    id            uuid        PRIMARY KEY,
    version       integer     NOT NULL,
    etag          integer     NOT NULL,
    name          text        NOT NULL,
    provider      text        NOT NULL,
    provider_name text,
    dissolved     boolean     NOT NULL,
    registered_at timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS teams_1_name ON teams_1 (name, id);
CREATE TABLE IF NOT EXISTS analysts_1 (
    id            uuid        PRIMARY KEY,
    version       integer     NOT NULL,
    etag          integer     NOT NULL,
    subject       text        NOT NULL,
    team          text,
    registered_at timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS analysts_1_subject ON analysts_1 (subject, id);
"""


class TeamDetail(Struct, frozen=True, kw_only=True):
    """A team; the fields are the columns of `teams_1`. `etag` is what `If-Match` is compared with."""

    id: UUID
    version: int
    etag: int
    name: str
    provider: Provider
    provider_name: str | None
    dissolved: bool
    registered_at: datetime
    updated_at: datetime


class AnalystDetail(Struct, frozen=True, kw_only=True):
    """An analyst, without a team once gone; the fields are the columns of `analysts_1`."""

    id: UUID
    version: int
    etag: int
    subject: str
    team: str | None
    registered_at: datetime
    updated_at: datetime


class Teams(Struct, frozen=True, kw_only=True):
    """Which teams to list; conditions hold together."""

    name: Label | None = None
    provider: Provider | None = None
    provider_name: Label | None = None
    sort: Literal["name", "-name"] = "name"
    limit: Annotated[int, Meta(ge=1, le=MOST)] = DEFAULT
    cursor: str | None = None


class Analysts(Struct, frozen=True, kw_only=True):
    """Which analysts to list; conditions hold together."""

    subject: Label | None = None
    team: Label | None = None
    sort: Literal["subject", "-subject"] = "subject"
    limit: Annotated[int, Meta(ge=1, le=MOST)] = DEFAULT
    cursor: str | None = None


def fold_team(row: TeamDetail | None, recorded: Recorded[Event]) -> TeamDetail:
    """The team's row after an event."""
    before = row and Team(
        name=row.name, provider=row.provider, provider_name=row.provider_name, dissolved=row.dissolved
    )
    team: Team = TEAM.evolve(before, recorded.event, recorded.occurred_at)
    return TeamDetail(
        **_common(row, recorded),
        name=team.name,
        provider=team.provider,
        provider_name=team.provider_name,
        dissolved=team.dissolved,
    )


def fold_analyst(row: AnalystDetail | None, recorded: Recorded[Event]) -> AnalystDetail:
    """The analyst's row after an event."""
    before = row and Analyst(subject=row.subject, team=row.team)
    analyst: Analyst = ANALYST.evolve(before, recorded.event, recorded.occurred_at)
    return AnalystDetail(**_common(row, recorded), subject=analyst.subject, team=analyst.team)


def _common(row: TeamDetail | AnalystDetail | None, recorded: Recorded[Event]) -> dict[str, Any]:
    return {
        "id": recorded.stream_id,
        "version": recorded.version,
        "etag": row.etag if row and recorded.origin == "system" else recorded.version,
        "registered_at": row.registered_at if row else recorded.occurred_at,
        "updated_at": recorded.recorded_at,
    }


async def apply(connection: psycopg.AsyncConnection[Any], events: Sequence[Recorded[Event]]) -> None:
    """Fold events into the tables."""
    teams = [event for event in events if event.kind == TEAM.kind]
    analysts = [event for event in events if event.kind == ANALYST.kind]
    await fold_rows(
        connection, teams, table="teams_1", key="id", row_type=TeamDetail, fold=one_by_one(fold_team)
    )
    await fold_rows(
        connection,
        analysts,
        table="analysts_1",
        key="id",
        row_type=AnalystDetail,
        fold=one_by_one(fold_analyst),
    )


VIEW = View(
    name="staff",
    version=1,
    ddl=DDL,
    tables=("teams_1", "analysts_1"),
    apply=apply,
    stream_kinds=(TEAM.kind, ANALYST.kind),
)

TEAM_COLUMNS: LiteralString = (
    "id, version, etag, name, provider, provider_name, dissolved, registered_at, updated_at"
)
ANALYST_COLUMNS: LiteralString = "id, version, etag, subject, team, registered_at, updated_at"
TEAMS = Listing(VIEW.follower, TeamDetail, TEAM_COLUMNS, "teams_1", both_ways(Order("name", "text", str)))
ANALYSTS = Listing(
    VIEW.follower,
    AnalystDetail,
    ANALYST_COLUMNS,
    "analysts_1",
    both_ways(Order("subject", "text", str)),
)
# There are hundreds of them, not millions: whatever is asked, a walk along their names finds it.
FILTERS: Mapping[str, Filter] = {
    "name": Filter(condition="name = %(name)s"),
    "provider": Filter(condition="provider = %(provider)s"),
    "provider_name": Filter(condition="provider_name = %(provider_name)s"),
    "subject": Filter(condition="subject = %(subject)s"),
    "team": Filter(condition="team = %(team)s"),
}


async def team(connection: psycopg.AsyncConnection[Any], team_id: UUID) -> Answer[TeamDetail]:
    """A team by its id; None where there is none. Raises Unavailable: the view was never prepared."""
    return await by_id(connection, TEAMS, team_id)


async def analyst(connection: psycopg.AsyncConnection[Any], analyst_id: UUID) -> Answer[AnalystDetail]:
    """An analyst by the id; None where there is none. Raises Unavailable: the view was never prepared."""
    return await by_id(connection, ANALYSTS, analyst_id)


async def teams(connection: psycopg.AsyncConnection[Any], wanted: Teams) -> Page[TeamDetail]:
    """A page of teams. Raises BadCursor, Unavailable."""
    return await asked_page(connection, TEAMS, FILTERS, wanted)


async def analysts(connection: psycopg.AsyncConnection[Any], wanted: Analysts) -> Page[AnalystDetail]:
    """A page of analysts. Raises BadCursor, Unavailable."""
    return await asked_page(connection, ANALYSTS, FILTERS, wanted)
