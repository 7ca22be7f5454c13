"""The team as an aggregate: whom it belongs to, from its registration until it is dissolved."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, assert_never, get_args

from msgspec.structs import replace

from domain.aggregate import Aggregate, Context
from domain.fields import FreeText, Label
from domain.messages import Command, Event, Personal, Refused
from domain.staff import Provider, Team
from domain.times import check_times, stamped


class TeamRegistered(Event, frozen=True, kw_only=True, tag="team-registered"):
    team: str
    provider: Provider
    provider_name: str | None = None


class TeamProviderChanged(Event, frozen=True, kw_only=True, tag="team-provider-changed"):
    provider: Provider
    provider_name: str | None = None
    reason: Personal[str | None] = None


class TeamDissolved(Event, frozen=True, kw_only=True, tag="team-dissolved"):
    reason: Personal[str | None] = None


TeamEvent = TeamRegistered | TeamProviderChanged | TeamDissolved


class RegisterTeam(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "register"
    name: Label
    provider: Provider
    provider_name: Label | None = None


class ChangeProvider(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "change-provider"
    provider: Provider
    provider_name: Label | None = None
    reason: FreeText | None = None


class DissolveTeam(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "dissolve"
    reason: FreeText | None = None


TeamCommand = RegisterTeam | ChangeProvider | DissolveTeam


def evolve(state: Team | None, event: TeamEvent, _at: datetime) -> Team:
    """The team after an event; ValueError if the stream does not begin with its registration."""
    if isinstance(event, TeamRegistered):
        if state is not None:
            raise ValueError("a team is registered once")
        return Team(name=event.team, provider=event.provider, provider_name=event.provider_name)
    if state is None:
        raise ValueError("a team begins with its registration")
    match event:
        case TeamProviderChanged():
            return Team(name=state.name, provider=event.provider, provider_name=event.provider_name)
        case TeamDissolved():
            return replace(state, dissolved=True)
        case _:
            assert_never(event)


def decide(state: Team | None, command: TeamCommand, ctx: Context) -> list[TeamEvent]:
    """The events that the command makes; [] where all is so already. Raises Refused."""
    check_times(command, ctx)
    return stamped(_decide(state, command, ctx), command, ctx)


def _decide(state: Team | None, command: TeamCommand, ctx: Context) -> list[TeamEvent]:
    if isinstance(command, RegisterTeam):
        if state is not None:
            raise Refused("already-registered", f"the team {state.name} is registered")
        return [
            TeamRegistered(team=command.name, provider=command.provider, provider_name=command.provider_name)
        ]
    if state is None:
        raise Refused("unknown-team", "no team has this id")
    match command:
        case ChangeProvider():
            return _change_provider(state, command)
        case DissolveTeam():
            return _dissolve(state, command, ctx)
        case _:
            assert_never(command)


def _change_provider(state: Team, command: ChangeProvider) -> list[TeamEvent]:
    """A team that was dissolved is in service again."""
    wanted = Team(name=state.name, provider=command.provider, provider_name=command.provider_name)
    if wanted == state:
        return []
    return [
        TeamProviderChanged(
            provider=command.provider, provider_name=command.provider_name, reason=command.reason
        )
    ]


def _dissolve(state: Team, command: DissolveTeam, ctx: Context) -> list[TeamEvent]:
    if state.dissolved:
        return []
    if analysts := ctx.staff.analysts_of(state.name):
        raise Refused("team-in-use", f"analysts belong to it: {', '.join(analysts[:10])}")
    return [TeamDissolved(reason=command.reason)]


TEAM = Aggregate("team", get_args(TeamEvent), get_args(TeamCommand), evolve, decide)
