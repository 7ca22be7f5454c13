"""The rules for what a command says about when it happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from msgspec.structs import replace

from domain.aggregate import Context
from domain.fields import FIRST_YEAR, LAST_YEAR, RESOLUTION
from domain.messages import Command, Event, Refused

E = TypeVar("E", bound=Event)

SKEW = timedelta(seconds=5)
"""How far a caller's clock may run ahead; such a time counts as now."""
BACKDATING = timedelta(minutes=15)
"""What happened longer ago than this needs a reason."""


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; refuses one that no calendar of ours reaches."""
    if not FIRST_YEAR < moment.year < LAST_YEAR:
        _check_year(moment)
    return moment.astimezone(UTC)


def effective_time(command: Command, now: datetime) -> datetime:
    """When the command happened: `Context.occurred_at`, in UTC."""
    if command.occurred_at is None:
        return now
    given = utc(command.occurred_at)
    return now if now < given <= now + SKEW else given


def check_times(command: Command, ctx: Context, changed_at: datetime | None = None) -> None:
    """Refuses an `occurred_at` in the future, unexplained, or before the state's last change."""
    if command.time_uncertain and ctx.origin != "import":
        raise Refused("uncertain-time", "only an import may say that a time is uncertain")
    if command.occurred_at is None:
        return
    if ctx.occurred_at > ctx.now + SKEW:
        raise Refused("occurred-in-future", f"{_text(ctx.occurred_at)} is in the future")
    if explains_delay(ctx) and command.backdating_reason is None:
        raise Refused("backdating-reason-missing", f"{_text(ctx.occurred_at)} is more than 15 minutes ago")
    if changed_at is not None and ctx.occurred_at < changed_at - RESOLUTION:
        raise Refused("before-last-change", f"the state last changed at {_text(changed_at)}")


def is_backdated(ctx: Context) -> bool:
    """Whether it happened longer before it is recorded than anybody may tell without a reason."""
    return ctx.occurred_at < ctx.now - BACKDATING


def explains_delay(ctx: Context) -> bool:
    """Whether the caller owes a reason for the delay: imports, inbound channels and the system do not."""
    return is_backdated(ctx) and ctx.origin == "live" and not ctx.inbound


def stamped(events: list[E], command: Command, ctx: Context) -> list[E]:
    """The events with what the command says about their time."""
    marks: dict[str, Any] = {}
    if command.backdating_reason is not None:
        marks["backdating_reason"] = command.backdating_reason
    if command.time_uncertain:
        marks["time_uncertain"] = True
    if ctx.inbound and is_backdated(ctx):
        marks["inbound"] = True
    return [replace(event, **marks) for event in events] if marks else events


def received(received_at: datetime | None, ctx: Context) -> datetime:
    """When the complaint reached the house; not given, it is when it was registered."""
    moment = ctx.occurred_at if received_at is None else utc(received_at)
    if moment > ctx.now + SKEW:
        raise Refused("received-in-future", f"{_text(moment)} is in the future")
    return min(moment, ctx.now)


def happened(moment: datetime, ctx: Context) -> datetime:
    """A moment that the command tells of, in UTC; not in the future."""
    given = utc(moment)
    if given > ctx.now + SKEW:
        raise Refused("moment-in-future", f"{_text(given)} is in the future")
    return min(given, ctx.now)


def due(due_at: datetime, ctx: Context) -> datetime:
    """A time by which something is owed, in UTC; not before it is asked for, which an import may not know."""
    moment = utc(due_at)
    if moment < ctx.occurred_at and ctx.origin != "import":
        raise Refused("due-before-asked", f"{_text(moment)} is before {_text(ctx.occurred_at)}")
    return moment


def _check_year(moment: datetime) -> None:
    try:
        year = moment.astimezone(UTC).year
    except OverflowError:
        year = 0
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Refused("time-out-of-range", f"{moment} is not between {FIRST_YEAR} and {LAST_YEAR}")


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
