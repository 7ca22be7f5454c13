"""Who works on complaints: analysts in teams, and teams that are the house's own or a provider's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

Provider = Literal["in_house", "third_party", "independent"]


class Team(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A team, by the name that assignments call it."""

    name: str
    provider: Provider
    provider_name: str | None = None
    """Which one, where there are several of its kind."""
    dissolved: bool = False


class Analyst(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An analyst, by the subject of the key or token; in no team once gone."""

    subject: str
    team: str | None = None


class Staff(Struct, frozen=True, kw_only=True):
    """The teams and analysts in service, as far as they are known."""

    teams: Mapping[str, Team] = {}
    members: Mapping[str, str] = {}
    """The team of each analyst."""

    def analysts_of(self, team: str) -> list[str]:
        """Who belongs to a team, in the order of their names."""
        return sorted(subject for subject, theirs in self.members.items() if theirs == team)


def staff(teams: Iterable[Team], analysts: Iterable[Analyst]) -> Staff:
    """Those in service; a team that somebody joined as it was dissolved serves until nobody belongs to it."""
    members = {analyst.subject: analyst.team for analyst in analysts if analyst.team}
    manned = set(members.values())
    return Staff(
        teams={team.name: team for team in teams if not team.dissolved or team.name in manned},
        members=members,
    )
