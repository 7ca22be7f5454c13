"""Installing a preset: what is not there under its names is defined, and its policies are to be in force."""

from typing import Literal
from uuid import UUID

from msgspec import Struct, convert, to_builtins
from msgspec.structs import replace

from domain.aggregate import Aggregate
from domain.complaint.events import ApprovalRequested
from domain.publishing import Activate
from domain.sla import Calendar, Policy
from domain.sla.presets import Preset
from domain.sla_calendar import SLA_CALENDAR, DefineCalendar
from domain.sla_policy import SLA_POLICY, DefinePolicy
from infra.commands import AlreadyClaimed, Caller, Commands


class Installed(Struct, frozen=True, kw_only=True):
    """A document of a preset, as it stands now. `approval_id` names what another supervisor is to decide."""

    kind: Literal["policy", "calendar"]
    id: UUID
    name: str
    active_version: int | None
    approval_id: UUID | None = None


def claim_of(aggregate: Aggregate, name: str) -> str:
    """What makes a name unique: no import claims it, for theirs begin with a source and a colon."""
    return f"{aggregate.kind}/{name}"


async def install(commands: Commands, caller: Caller, preset: Preset) -> list[Installed]:
    """Define and activate what a preset holds. What exists under a name stays as it is.

    Raises:
        Refused, Invalid, Unavailable, Overloaded
    """
    calendars = [await _calendar(commands, caller, each) for each in preset.calendars]
    return [*calendars, *[await _policy(commands, caller, each) for each in preset.policies]]


async def _calendar(commands: Commands, caller: Caller, calendar: Calendar) -> Installed:
    stream_id = await _defined(commands, caller, SLA_CALENDAR, convert(to_builtins(calendar), DefineCalendar))
    state = (await commands.history(SLA_CALENDAR, stream_id)).state
    return Installed(kind="calendar", id=stream_id, name=state.name, active_version=state.active)


async def _policy(commands: Commands, caller: Caller, policy: Policy) -> Installed:
    stream_id = await _defined(commands, caller, SLA_POLICY, convert(to_builtins(policy), DefinePolicy))
    state = (await commands.history(SLA_POLICY, stream_id)).state
    if state.active or state.approvals:
        waiting = state.approvals[0].approval_id if state.approvals else None
        return _installed(stream_id, state.name, state.active, waiting)
    outcome = await commands.execute(SLA_POLICY, stream_id, caller, Activate())
    asked = (each.event.approval_id for each in outcome.events if isinstance(each.event, ApprovalRequested))
    return _installed(stream_id, state.name, outcome.state.active, next(asked, None))


def _installed(stream_id: UUID, name: str, active: int | None, approval_id: UUID | None) -> Installed:
    return Installed(kind="policy", id=stream_id, name=name, active_version=active, approval_id=approval_id)


async def _defined(
    commands: Commands, caller: Caller, aggregate: Aggregate, command: DefineCalendar | DefinePolicy
) -> UUID:
    """The id of the document of this name, defined now if there is none."""
    who = replace(caller, claim=claim_of(aggregate, command.name))
    try:
        return (await commands.create(aggregate, who, command)).stream_id
    except AlreadyClaimed as taken:
        return taken.stream_id
