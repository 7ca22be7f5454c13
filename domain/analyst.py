"""The analyst as an aggregate: whose team it is, for assignments that name nobody but the analyst."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, assert_never, get_args

from msgspec.structs import replace

from domain.aggregate import Aggregate, Context
from domain.fields import FreeText, Label
from domain.messages import Command, Event, Invalid, Personal, Problem, Refused
from domain.staff import Analyst
from domain.times import check_times, stamped


class AnalystRegistered(Event, frozen=True, kw_only=True, tag="analyst-registered"):
    analyst: str
    team: str


class AnalystTeamChanged(Event, frozen=True, kw_only=True, tag="analyst-team-changed"):
    team: str
    reason: Personal[str | None] = None


class AnalystLeft(Event, frozen=True, kw_only=True, tag="analyst-left"):
    team: str
    reason: Personal[str | None] = None


AnalystEvent = AnalystRegistered | AnalystTeamChanged | AnalystLeft


class RegisterAnalyst(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "register"
    subject: Label
    team: Label


class ChangeTeam(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "change-team"
    team: Label
    reason: FreeText | None = None


class Leave(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "leave"
    reason: FreeText | None = None


AnalystCommand = RegisterAnalyst | ChangeTeam | Leave


def evolve(state: Analyst | None, event: AnalystEvent, _at: datetime) -> Analyst:
    """The analyst after an event; ValueError if the stream does not begin with the registration."""
    if isinstance(event, AnalystRegistered):
        if state is not None:
            raise ValueError("an analyst is registered once")
        return Analyst(subject=event.analyst, team=event.team)
    if state is None:
        raise ValueError("an analyst begins with the registration")
    match event:
        case AnalystTeamChanged():
            return replace(state, team=event.team)
        case AnalystLeft():
            return replace(state, team=None)
        case _:
            assert_never(event)


def decide(state: Analyst | None, command: AnalystCommand, ctx: Context) -> list[AnalystEvent]:
    """The events that the command makes; [] where all is so already. Raises Refused, Invalid."""
    check_times(command, ctx)
    return stamped(_decide(state, command, ctx), command, ctx)


def _decide(state: Analyst | None, command: AnalystCommand, ctx: Context) -> list[AnalystEvent]:
    if isinstance(command, RegisterAnalyst):
        if state is not None:
            raise Refused("already-registered", f"the analyst {state.subject} is registered")
        return [AnalystRegistered(analyst=command.subject, team=_in_service(command.team, ctx))]
    if state is None:
        raise Refused("unknown-analyst", "no analyst has this id")
    match command:
        case ChangeTeam():
            team = _in_service(command.team, ctx)
            return [] if team == state.team else [AnalystTeamChanged(team=team, reason=command.reason)]
        case Leave():
            return [AnalystLeft(team=state.team, reason=command.reason)] if state.team else []
        case _:
            assert_never(command)


def _in_service(team: str, ctx: Context) -> str:
    if team not in ctx.staff.teams:
        raise Invalid([Problem("$.team", f"no team in service is called {team}")])
    return team


ANALYST = Aggregate("analyst", get_args(AnalystEvent), get_args(AnalystCommand), evolve, decide)
