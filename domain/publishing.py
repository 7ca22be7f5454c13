"""Publishing documents: two people put a version in force."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from domain import approvals
from domain.aggregate import Context
from domain.approvals import ApprovalRequested
from domain.fields import FreeText, VersionNumber
from domain.messages import Command, Event, Refused
from domain.published import Published


class Activate(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "activate"
    version: VersionNumber | None = None
    """None: the newest."""


class ApproveActivation(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "approve"
    approval_id: UUID
    reason: FreeText | None = None


class RefuseActivation(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "refuse"
    approval_id: UUID
    reason: FreeText


class Retire(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "retire"
    reason: FreeText | None = None


def check_supervisor(ctx: Context) -> None:
    """Refuses everybody but supervisors; what the system does was decided by who set it up."""
    if ctx.origin == "live" and not ctx.supervisor:
        raise Refused("supervisor-required", "a supervisor decides what holds for all complaints")


def version_meant(state: Published[Any], version: int | None) -> int:
    """The number of an existing version: the newest, where none is named."""
    if version is not None and version > state.latest:
        raise Refused("unknown-version", f"{state.name} has the versions 1 to {state.latest}")
    return version or state.latest


def requested(state: Published[Any], version: int, ctx: Context) -> list[Event]:
    """Asks for the approval of an activation; the same one is asked for once at a time."""
    kept = {"version": version}
    approvals.check_not_pending(state.approvals, Activate.verb, kept)
    return [
        ApprovalRequested(
            approval_id=ctx.new_id,
            verb=Activate.verb,
            ground="activation",
            requested_by=ctx.actor,
            command=kept,
        )
    ]


def approved(state: Published[Any], command: ApproveActivation, ctx: Context) -> tuple[list[Event], int]:
    """The event of the approval, and the version that it puts in force."""
    approval = approvals.to_decide(state.approvals, command.approval_id, ctx.actor, of=state.name)
    if approval.command is None:
        raise Refused("approval-void", "what was to be approved was erased")
    return [approvals.granted(approval, command.reason)], int(approval.command["version"])


def refused(state: Published[Any], command: RefuseActivation, ctx: Context) -> list[Event]:
    approval = approvals.to_decide(state.approvals, command.approval_id, ctx.actor, of=state.name)
    return [approvals.refused(approval, command.reason)]
