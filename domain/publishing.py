"""Publishing documents: two people put a version in force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from domain.aggregate import Context
from domain.complaint.events.approvals import ApprovalGranted, ApprovalRefused, ApprovalRequested
from domain.complaint.state import Approval
from domain.fields import FreeText, VersionNumber
from domain.messages import Command, Event, Refused
from domain.published import Published
from domain.sla.problems import Problem


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


class Invalid(Exception):
    """A document that is wrong: every reason, each with the path of what it is about."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{each.path}: {each.reason}" for each in problems))
        self.problems = tuple(problems)


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
    for open_one in state.approvals:
        if open_one.command == kept:
            raise Refused(
                "approval-pending", f"{open_one.requested_by} asked for it: approval {open_one.approval_id}"
            )
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
    approval = _open(state, command.approval_id, ctx)
    if approval.command is None:
        raise Refused("approval-void", "what was to be approved was erased")
    granted = ApprovalGranted(
        approval_id=approval.approval_id,
        verb=approval.verb,
        requested_by=approval.requested_by,
        reason=command.reason,
    )
    return [granted], int(approval.command["version"])


def refused(state: Published[Any], command: RefuseActivation, ctx: Context) -> list[Event]:
    approval = _open(state, command.approval_id, ctx)
    return [
        ApprovalRefused(
            approval_id=approval.approval_id,
            verb=approval.verb,
            requested_by=approval.requested_by,
            reason=command.reason,
        )
    ]


def _open(state: Published[Any], approval_id: UUID, ctx: Context) -> Approval:
    """The open approval, if the actor may decide it."""
    for approval in state.approvals:
        if approval.approval_id == approval_id:
            if approval.requested_by == ctx.actor:
                raise Refused("same-person", f"{ctx.actor} asked for it; another supervisor decides it")
            return approval
    raise Refused("unknown-approval", f"{state.name} has no open approval {approval_id}")
