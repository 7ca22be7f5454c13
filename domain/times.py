"""The rules for what a command says about when it happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.aggregate import Command, Context, Refused

SKEW = timedelta(seconds=5)
"""How far a caller's clock may run ahead; such a time counts as now."""
RESOLUTION = timedelta(seconds=1)
"""Times given in whole seconds may lie this much before a change of state in the same second."""
BACKDATING = timedelta(minutes=15)
"""What happened longer ago than this needs a reason."""
FIRST_YEAR, LAST_YEAR = 1900, 2199


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
    if command.occurred_at is None:
        return
    if ctx.occurred_at > ctx.now + SKEW:
        raise Refused("occurred-in-future", f"{_text(ctx.occurred_at)} is in the future")
    if ctx.origin == "live" and ctx.occurred_at < ctx.now - BACKDATING and command.backdating_reason is None:
        raise Refused("backdating-reason-missing", f"{_text(ctx.occurred_at)} is more than 15 minutes ago")
    if changed_at is not None and ctx.occurred_at < changed_at - RESOLUTION:
        raise Refused("before-last-change", f"the state last changed at {_text(changed_at)}")


def received(received_at: datetime | None, ctx: Context) -> datetime:
    """When the complaint reached the house; not given, it is when it was registered."""
    if received_at is None:
        return ctx.occurred_at
    moment = utc(received_at)
    if moment > ctx.now + SKEW:
        raise Refused("received-in-future", f"{_text(moment)} is in the future")
    return min(moment, ctx.now)


def due(due_at: datetime | None, ctx: Context) -> datetime | None:
    """A time by which something is owed, in UTC; not before it is asked for."""
    if due_at is None:
        return None
    moment = utc(due_at)
    if moment < ctx.occurred_at:
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
