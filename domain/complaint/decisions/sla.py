"""Service levels: which policies hold, and what is recorded when a clock's time has come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec.structs import replace

from domain.aggregate import Context
from domain.complaint import commands as c
from domain.complaint import events as e
from domain.complaint.fold import evolve
from domain.complaint.lifecycle import CHANGES_FACTS
from domain.complaint.state import Complaint
from domain.sla import Cause, Clock, Facts, PinnedPolicy, Timeline, apply, clocks, fallen_due, noted

AnyCommand = c.ComplaintCommand | c.SystemCommand
OWED = frozenset({"running", "paused", "breached"})
"""The states of a clock that something is still owed in."""


def with_policies(
    state: Complaint | None, command: AnyCommand, events: list[e.ComplaintEvent], ctx: Context
) -> list[e.ComplaintEvent]:
    """The events, and the policies that hold from then on where what they are matched against has changed."""
    if ctx.sla is None or command.verb not in CHANGES_FACTS:
        return events
    if not events and not isinstance(command, c.ApplyPolicies):
        return events
    after = _after(state, events, ctx.occurred_at)
    applied = apply(ctx.sla.active, facts_of(after, ctx.tier))
    if _holds(after, applied.policies, applied.facts):
        return events
    cause = command.cause if isinstance(command, c.ApplyPolicies) else _cause(events, ctx)
    return [*events, e.SlaApplied(policies=applied.policies, facts=applied.facts, cause=cause)]


def facts_of(state: Complaint, tier: str | None) -> Facts:
    """What policies are matched against."""
    return Facts(
        kind=state.kind,
        tier=tier,
        severity=state.severity,
        channel=state.channel,
        external_bodies=tuple(dict.fromkeys(case.body for case in state.external_cases)),
        category=state.category,
        product=state.product,
        journey_stage=state.journey_stage,
        forwarded_from=state.forwarded_from,
        tags=state.tags,
    )


def informed(state: Complaint, command: AnyCommand, ctx: Context) -> Context:
    """The context with what the clocks say that a decision asks for."""
    match command:
        case c.Withdraw():
            owed = any(
                clock.layer == "legal" and clock.stops == "final_response" and clock.state in OWED
                for clock in clocks_of(state, ctx)
            )
            return replace(ctx, final_response_owed=owed) if owed else ctx
        case c.Classify() | c.Correct():
            return replace(ctx, warned=True) if _warned(state, ctx) else ctx
        case _:
            return ctx


def clocks_of(state: Complaint, ctx: Context) -> tuple[Clock, ...]:
    """The clocks as they stand; none where no policy was ever applied."""
    if ctx.sla is None or not state.timeline.applications:
        return ()
    return clocks(state.timeline, ctx.sla.book, ctx.now)


def clocks_move(state: Complaint, events: list[e.ComplaintEvent], ctx: Context) -> bool:
    """Whether a clock comes out otherwise than if it happened now. Clocks yet to come may do, too."""
    if ctx.sla is None or not state.timeline.applications:
        return True
    book, now = ctx.sla.book, ctx.now
    return clocks(_noted(state, events, ctx.occurred_at), book, now) != clocks(
        _noted(state, events, now), book, now
    )


def _noted(state: Complaint, events: list[e.ComplaintEvent], at: datetime) -> Timeline:
    timeline = state.timeline
    for version, event in enumerate(events, state.version + 1):
        timeline = noted(timeline, event, at, version)
    return timeline


def record_due(state: Complaint, command: c.RecordSlaDue, ctx: Context) -> list[e.ComplaintEvent]:
    """Whoever watches the time may be late itself: what was done or moved meanwhile is not recorded."""
    if ctx.sla is None:
        return []
    now = max(ctx.now, command.at)
    return [*fallen_due(state.timeline, ctx.sla.book, now, command.at, command.history)]


def _after(state: Complaint | None, events: Iterable[e.ComplaintEvent], at: datetime) -> Complaint:
    for event in events:
        state = evolve(state, event, at)
    if state is None:
        raise ValueError("there is no complaint yet")
    return state


def _holds(state: Complaint, policies: Sequence[PinnedPolicy], facts: Facts) -> bool:
    """Whether nothing is to be applied: the same policies match, for the same kind, tier and severity."""
    held = state.timeline.applications[-1].policies if state.timeline.applications else ()
    if not policies and not held:
        return True
    same = {each.policy for each in policies} == {each.policy for each in held}
    return same and state.matched is not None and _decisive(facts) == _decisive(state.matched)


def _decisive(facts: Facts) -> tuple[str | None, ...]:
    """What applies policies again whenever it changes."""
    return facts.kind, facts.tier, facts.severity


CAUSES: dict[type[e.ComplaintEvent], Cause] = {
    e.ComplaintRegistered: "registered",
    e.KindChanged: "kind_changed",
    e.CustomerRelinked: "customer_relinked",
    e.ExternalCaseOpened: "external_case_opened",
    e.ComplaintCorrected: "corrected",
}


def _cause(events: list[e.ComplaintEvent], ctx: Context) -> Cause:
    """What changed the facts; of several things the first. Whatever it was: in an import, that."""
    if ctx.origin == "import":
        return "imported"
    cause = next((CAUSES[type(event)] for event in events if type(event) in CAUSES), None)
    if cause is not None:
        return cause
    severe = any(isinstance(event, e.ComplaintClassified) and event.severity for event in events)
    return "severity_changed" if severe else "classified"


def _warned(state: Complaint, ctx: Context) -> bool:
    """Whether a warning was raised about a clock on which something is still owed."""
    warned = {
        (record.clock_id, record.cycle) for record in state.timeline.records if record.what == "warning"
    }
    return bool(warned) and any(
        clock.state in OWED and (clock.clock_id, clock.cycle) in warned for clock in clocks_of(state, ctx)
    )
