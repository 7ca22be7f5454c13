"""The policy of service levels as an aggregate: drafted, revised, put in force by two people, retired."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, assert_never, get_args

from msgspec.structs import replace

from domain import published, publishing
from domain.aggregate import Aggregate, Context
from domain.approvals import ApprovalGranted, ApprovalRefused, ApprovalRequested, with_asked, without
from domain.fields import FreeText, Label
from domain.messages import Command, Event, Invalid, Personal, Problem, Refused
from domain.published import Published
from domain.publishing import Activate, ApproveActivation, RefuseActivation, Retire
from domain.sla import Policy
from domain.sla.documents import Layer
from domain.sla.inputs import MatchInput, Order, Targets, plain
from domain.sla.validation import policy_problems
from domain.times import check_times, stamped


class PolicyDefined(Event, frozen=True, kw_only=True, tag="sla-policy-defined"):
    policy: Policy


class PolicyRevised(Event, frozen=True, kw_only=True, tag="sla-policy-revised"):
    policy: Policy
    policy_version: int


class PolicyActivated(Event, frozen=True, kw_only=True, tag="sla-policy-activated"):
    policy_name: str
    policy_version: int
    previous_version: int | None = None


class PolicyRetired(Event, frozen=True, kw_only=True, tag="sla-policy-retired"):
    policy_name: str
    policy_version: int | None = None
    reason: Personal[str | None] = None


PolicyEvent = (
    PolicyDefined
    | PolicyRevised
    | PolicyActivated
    | PolicyRetired
    | ApprovalRequested
    | ApprovalGranted
    | ApprovalRefused
)


class DefinePolicy(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "define"
    name: Label
    layer: Layer
    order: Order
    calendar: Label
    targets: Targets
    match: MatchInput = MatchInput()
    source: FreeText | None = None


class RevisePolicy(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "revise"
    name: Label | None = None
    """A policy keeps its name; given, it is the same."""
    layer: Layer
    order: Order
    calendar: Label
    targets: Targets
    match: MatchInput = MatchInput()
    source: FreeText | None = None


PolicyCommand = DefinePolicy | RevisePolicy | Activate | ApproveActivation | RefuseActivation | Retire
PolicyState = Published[Policy]


def evolve(  # noqa: C901 - one branch for each event
    state: PolicyState | None, event: PolicyEvent, _at: datetime
) -> PolicyState:
    """The policy after an event; ValueError if the stream does not begin with its definition."""
    if isinstance(event, PolicyDefined):
        if state is not None:
            raise ValueError("a policy is defined once")
        return Published(name=event.policy.name, versions=(event.policy,))
    if state is None:
        raise ValueError("a policy begins with its definition")
    match event:
        case PolicyRevised():
            return published.revised(state, event.policy)
        case PolicyActivated():
            return replace(state, active=event.policy_version, retired=False)
        case PolicyRetired():
            return replace(state, active=None, retired=True)
        case ApprovalRequested():
            return replace(state, approvals=with_asked(state.approvals, event))
        case ApprovalGranted() | ApprovalRefused():
            return replace(state, approvals=without(state.approvals, event.approval_id))
        case _:
            assert_never(event)


def decide(state: PolicyState | None, command: PolicyCommand, ctx: Context) -> list[Event]:
    """The events that the command makes; [] where all is so already. Raises Refused, Invalid."""
    check_times(command, ctx)
    publishing.check_supervisor(ctx)
    return stamped(_decide(state, command, ctx), command, ctx)


def _decide(  # noqa: C901 - one branch for each command
    state: PolicyState | None, command: PolicyCommand, ctx: Context
) -> list[Event]:
    if isinstance(command, DefinePolicy):
        if state is not None:
            raise Refused("already-registered", f"the policy {state.name} is defined")
        return [PolicyDefined(policy=_checked(plain(command, Policy), ctx))]
    if state is None:
        raise Refused("unknown-policy", "no policy has this id")
    match command:
        case RevisePolicy():
            return _revise(state, command, ctx)
        case Activate():
            return _activate(state, publishing.version_meant(state, command.version), ctx)
        case ApproveActivation():
            granted, version = publishing.approved(state, command, ctx)
            return [*granted, *_activated(state, version, ctx)]
        case RefuseActivation():
            return publishing.refused(state, command, ctx)
        case Retire():
            return _retire(state, command)
        case _:
            assert_never(command)


def _revise(state: PolicyState, command: RevisePolicy, ctx: Context) -> list[Event]:
    if command.name not in (None, state.name):
        raise Invalid([Problem("$.name", f"is called {state.name}; another name is another policy")])
    policy = _checked(plain(command, Policy, name=state.name), ctx)
    if policy == state.versions[-1]:
        return []
    return [PolicyRevised(policy=policy, policy_version=state.latest + 1)]


def _activate(state: PolicyState, version: int, ctx: Context) -> list[Event]:
    events = _activated(state, version, ctx)
    return publishing.requested(state, version, ctx) if events and ctx.origin == "live" else events


def _activated(state: PolicyState, version: int, ctx: Context) -> list[Event]:
    if version == state.active:
        return []
    beside = () if ctx.sla is None else (each.policy for each in ctx.sla.active)
    policy = _checked(
        state.versions[version - 1], ctx, tuple(other for other in beside if other.name != state.name)
    )
    return [PolicyActivated(policy_name=policy.name, policy_version=version, previous_version=state.active)]


def _retire(state: PolicyState, command: Retire) -> list[Event]:
    if state.retired:
        return []
    return [PolicyRetired(policy_name=state.name, policy_version=state.active, reason=command.reason)]


def _checked(policy: Policy, ctx: Context, others: Iterable[Policy] = ()) -> Policy:
    """The policy, which nothing is wrong with: not even beside others, if it is to be in force with them."""
    in_force = {} if ctx.sla is None else ctx.sla.calendars
    calendars = {name: pinned.calendar for name, pinned in in_force.items()}
    if found := policy_problems(policy, calendars, others):
        raise Invalid(found)
    return policy


SLA_POLICY = Aggregate("sla-policy", get_args(PolicyEvent), get_args(PolicyCommand), evolve, decide)
