"""The rows of the view, and what each event makes of one."""

from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from msgspec import Raw, Struct, json
from msgspec.structs import replace

from domain.approvals import ApprovalRequested
from domain.messages import Event
from domain.published import Published
from domain.sla import PinnedCalendar, Policy
from domain.sla.documents import Layer
from domain.sla_calendar import SLA_CALENDAR, CalendarActivated, CalendarDefined, CalendarRevised
from domain.sla_policy import SLA_POLICY, PolicyActivated, PolicyDefined, PolicyRevised
from infra.events import Recorded

State = Literal["draft", "active", "retired"]


class Pending(Struct, frozen=True, kw_only=True):
    """A version that somebody asks to put in force; another supervisor decides."""

    approval_id: UUID
    version: int
    requested_by: str
    requested_at: datetime


class PolicyVersion(Struct, frozen=True, kw_only=True):
    """A version of a policy; what it says never changes."""

    version: int
    policy: Policy
    defined_at: datetime
    defined_by: str
    activated_at: datetime | None = None


class CalendarVersion(Struct, frozen=True, kw_only=True):
    """A version of a calendar, with its holidays as dates; what it says never changes."""

    version: int
    calendar: PinnedCalendar
    defined_at: datetime
    defined_by: str
    activated_at: datetime | None = None


class Detail(Struct, frozen=True, kw_only=True):
    """What is shown of a policy as of a calendar."""

    id: UUID
    version: int
    etag: int
    name: str
    state: State
    active_version: int | None
    latest_version: int
    updated_at: datetime


class PolicyDetail(Detail, frozen=True, kw_only=True):
    """A policy. `policy` is the version in force, or the newest where none is."""

    policy: Policy
    versions: tuple[PolicyVersion, ...]
    approvals: tuple[Pending, ...]


class CalendarDetail(Detail, frozen=True, kw_only=True):
    """A calendar. `calendar` is the version in force, or the newest where none is."""

    calendar: PinnedCalendar
    versions: tuple[CalendarVersion, ...]
    approvals: tuple[Pending, ...]


class Row(Struct, frozen=True, kw_only=True):
    """What both tables keep."""

    document_id: UUID
    version: int
    etag: int
    name: str
    state: State
    active_version: int | None
    latest_version: int
    updated_at: datetime
    approvals: tuple[Pending, ...]


class PolicyRow(Row, frozen=True, kw_only=True):
    """A policy; the fields are the columns of `sla_policies_1`."""

    layer: Layer
    calendar: str
    policy: Policy
    versions: tuple[PolicyVersion, ...]
    published: Published[Policy]


class CalendarRow(Row, frozen=True, kw_only=True):
    """A calendar; the fields are the columns of `sla_calendars_1`. Documents are JSON already."""

    calendar: Raw
    versions: Raw
    published: Raw


V = TypeVar("V", PolicyVersion, CalendarVersion)


def fold_policy(row: PolicyRow | None, recorded: Recorded[Event]) -> PolicyRow:
    """The policy's row after an event."""
    event = recorded.event
    published: Published[Policy] = SLA_POLICY.evolve(
        row.published if row else None, event, recorded.occurred_at
    )
    versions = row.versions if row else ()
    if isinstance(event, PolicyDefined | PolicyRevised):
        new = PolicyVersion(
            version=published.latest,
            policy=event.policy,
            defined_at=recorded.occurred_at,
            defined_by=recorded.actor,
        )
        versions = (*versions, new)
    if isinstance(event, PolicyActivated):
        versions = _activated(versions, event.policy_version, recorded.occurred_at)
    shown = published.versions[(published.active or published.latest) - 1]
    return PolicyRow(
        **_common(row, recorded, published),
        layer=shown.layer,
        calendar=shown.calendar,
        policy=shown,
        versions=versions,
        published=published,
    )


def fold_calendar(row: CalendarRow | None, recorded: Recorded[Event]) -> CalendarRow:
    """The calendar's row after an event."""
    event = recorded.event
    before = json.decode(row.published, type=Published[PinnedCalendar]) if row else None
    published: Published[PinnedCalendar] = SLA_CALENDAR.evolve(before, event, recorded.occurred_at)
    versions = json.decode(row.versions, type=tuple[CalendarVersion, ...]) if row else ()
    if isinstance(event, CalendarDefined | CalendarRevised):
        new = CalendarVersion(
            version=published.latest,
            calendar=published.versions[-1],
            defined_at=recorded.occurred_at,
            defined_by=recorded.actor,
        )
        versions = (*versions, new)
    if isinstance(event, CalendarDefined):
        versions = _activated(versions, 1, recorded.occurred_at)
    if isinstance(event, CalendarActivated):
        versions = _activated(versions, event.calendar_version, recorded.occurred_at)
    return CalendarRow(
        **_common(row, recorded, published),
        calendar=Raw(json.encode(published.versions[(published.active or published.latest) - 1])),
        versions=Raw(json.encode(versions)),
        published=Raw(json.encode(published)),
    )


def _common(row: Row | None, recorded: Recorded[Event], published: Published[Any]) -> dict[str, Any]:
    return {
        "document_id": recorded.stream_id,
        "version": recorded.version,
        "etag": row.etag if row and recorded.origin == "system" else recorded.version,
        "name": published.name,
        "state": "active" if published.active else "retired" if published.retired else "draft",
        "active_version": published.active,
        "latest_version": published.latest,
        "updated_at": recorded.recorded_at,
        "approvals": _pending(row.approvals if row else (), recorded, published),
    }


def _pending(
    before: tuple[Pending, ...], recorded: Recorded[Event], published: Published[Any]
) -> tuple[Pending, ...]:
    open_ids = {approval.approval_id for approval in published.approvals}
    left = tuple(each for each in before if each.approval_id in open_ids)
    event = recorded.event
    if not isinstance(event, ApprovalRequested):
        return left
    asked = Pending(
        approval_id=event.approval_id,
        version=int((event.command or {}).get("version", 0)),
        requested_by=event.requested_by,
        requested_at=recorded.occurred_at,
    )
    return (*left, asked)


def _activated(versions: tuple[V, ...], version: int, at: datetime) -> tuple[V, ...]:
    return tuple(replace(each, activated_at=at) if each.version == version else each for each in versions)
