"""What every aggregate is made of, and the context of its decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from domain.messages import Command, Event, Origin
from domain.staff import Staff

if TYPE_CHECKING:  # they read complaints' events, whose package begins with its aggregate
    from domain.sla import HolidaySet
    from domain.sla.standing import Standing


class Lookup(Struct, frozen=True, kw_only=True):
    """What the views know of another complaint that a command names (`Command.names`); it may be stale."""

    registered_at: datetime
    """When its registration occurred: this never changes, so it is never stale."""
    state: str
    customer_id: UUID | None = None
    duplicate_of: UUID | None = None


class Context(Struct, frozen=True, kw_only=True):
    """All that a decision may know beside the state and the command."""

    now: datetime
    """UTC."""
    occurred_at: datetime
    """When it happened: `effective_time(command, now)`, UTC."""
    actor: str
    new_id: UUID
    """A fresh id for whatever the command creates: an ask, a proposal, a promise, an approval."""
    stream_id: UUID | None = None
    """The id of the stream itself; None: not told, so nothing is known to name itself."""
    protocol: str | None = None
    """A fresh protocol number; needed to register a complaint."""
    supervisor: bool = False
    inbound: bool = False
    """The caller is a channel that hands on what reached it; it owes no reason for a delay."""
    origin: Origin = "live"
    reopen_window: timedelta | None = None
    """How long after its end a complaint can be reopened; None: for ever."""
    lookup: Lookup | None = None
    """The complaint that the command names; None: there is none with this id."""
    sla: Standing | None = None
    """The policies and calendars in force, as far as they are known here; None: there is none."""
    tier: str | None = None
    """The tier of the complaint's customer, as it is to be after the command."""
    staff: Staff = Staff()
    """The teams and analysts in service, as far as they are known here."""
    holidays: HolidaySet | None = None
    """The dates of the rule that a calendar names; None: it names none that is known."""
    known_holidays: Mapping[str, Sequence[str]] = {}
    """The country that a calendar names, with its subdivisions, if holidays are known of it."""
    final_response_owed: bool = False
    """A legal clock for the final response runs."""
    redress_limits: Mapping[str, Decimal] | None = None
    """Redress above the limit of its currency, or in one without, needs a second person; None: never."""
    warned: bool = False
    """A warning that a clock runs out was raised, so a lower severity needs a second person."""


class Aggregate(NamedTuple):
    """One kind of stream.

    `evolve(state | None, event, occurred_at) -> state` folds;
    `decide(state | None, command, context) -> events` answers [] where all is so already; raises `Refused`.
    """

    kind: str
    events: tuple[type[Event], ...]
    commands: tuple[type[Command], ...]
    evolve: Callable[[Any, Any, datetime], Any]
    decide: Callable[[Any, Any, Context], list[Any]]
    system_commands: tuple[type[Command], ...] = ()
    """What the service asks of itself when a time has come; never offered to callers."""
