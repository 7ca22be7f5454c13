"""What goes into an aggregate and comes out of it: commands, events, refusals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import NoneType
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args, get_type_hints

from msgspec import Meta, Struct

from domain.fields import FreeText, Moment

T = TypeVar("T")

Origin = Literal["live", "import", "system"]

Personal = Annotated[T, Meta(extra={"personal": True})]
"""Marks a top-level field of an event as personal data, which the store encrypts."""

ERASED = "[erased]"
"""What a required personal text reads after its key was destroyed; an optional personal field reads None."""


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


class Problem(Struct, frozen=True):
    """Something wrong: where, as a JSON path, and why."""

    path: str
    reason: str


class Invalid(Exception):
    """A command that is wrong in itself: every reason, each with the path of what it is about."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{each.path}: {each.reason}" for each in problems))
        self.problems = tuple(problems)


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
