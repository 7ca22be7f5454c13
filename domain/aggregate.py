"""What every aggregate is made of: commands, events, refusals and the context of a decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from types import NoneType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    TypeVar,
    get_args,
    get_type_hints,
)
from uuid import UUID

from msgspec import Meta, Struct

from domain.fields import FreeText, Moment
from domain.staff import Staff

if TYPE_CHECKING:  # service levels know complaints, which know this
    from domain.sla import HolidaySet
    from domain.sla.standing import Standing

T = TypeVar("T")

Origin = Literal["live", "import", "system"]

Personal = Annotated[T, Meta(extra={"personal": True})]
"""Marks a top-level field of an event as personal data, which the store encrypts."""

ERASED = "[erased]"
"""What a required personal text reads after its key was destroyed; an optional personal field reads None."""


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


class Command(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants to happen. Its fields are the body of the request and carry all constraints."""

    verb: ClassVar[str]
    """The command's name in paths, unique within its aggregate."""
    names: ClassVar[str | None] = None
    """The field that names another complaint, which is handed in as `Context.lookup`."""

    occurred_at: Moment | None = None
    backdating_reason: FreeText | None = None
    time_uncertain: bool = False
    """The source did not say when it happened; for imports only."""


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """What happened. It names neither its stream nor its time: the envelope does.

    Events carry no constraints and never lose a field or a value: what was once stored must always load.
    """

    backdating_reason: Personal[str | None] = None
    time_uncertain: bool = False
    """Imported without a time of its own: the time in the envelope is the last one known before it."""
    inbound: bool = False
    """An inbound channel handed it on more than 15 minutes after it happened, which needs no reason."""

    def upcast(self) -> Event:
        """The event in its newest shape; a retired shape keeps its tag and overrides this."""
        return self


class Refused(Exception):
    """A command that the rules refuse. `slug` is one of `domain.refusals.REFUSALS`."""

    def __init__(self, slug: str, reason: str) -> None:
        super().__init__(f"{slug}: {reason}")
        self.slug = slug
        self.reason = reason


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


COMMON_FIELDS = Event.__struct_fields__
"""What every event may carry beside its own fields."""


def tag_of(event_type: type[Event]) -> str:
    """The globally unique name under which events of this type are stored."""
    return str(event_type.__struct_config__.tag)


@cache
def personal_fields(event_type: type[Event]) -> tuple[str, ...]:
    """The names of the fields to encrypt, in the order of the struct."""
    hints = get_type_hints(event_type, include_extras=True)
    return tuple(name for name in event_type.__struct_fields__ if _is_personal(hints[name]))


@cache
def erased_values(event_type: type[Event]) -> dict[str, str | None]:
    """What stands in each personal field once its key is gone."""
    hints = get_type_hints(event_type)
    return {
        name: None if NoneType in get_args(hints[name]) else ERASED for name in personal_fields(event_type)
    }


def _is_personal(hint: Any) -> bool:
    marks = getattr(hint, "__metadata__", ())
    return any(isinstance(mark, Meta) and (mark.extra or {}).get("personal") for mark in marks)
