"""Documents that are published: their versions 1, 2, 3 … never change, and two people put one in force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.aggregate import Command, Context, Event, Refused
from domain.complaint.events.approvals import ApprovalGranted, ApprovalRefused, ApprovalRequested
from domain.complaint.state import Approval
from domain.fields import FreeText, VersionNumber
from domain.sla.problems import Problem

D = TypeVar("D")


class Published(Struct, Generic[D], frozen=True, kw_only=True, omit_defaults=True):
    """A document: all its versions, and the one in force."""

    name: str
    versions: tuple[D, ...]
    active: int | None = None
    retired: bool = False
    approvals: tuple[Approval, ...] = ()
    """The requests that nobody has decided yet."""

    @property
    def latest(self) -> int:
        """The number of the newest version."""
        return len(self.versions)


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


def asked(state: Published[D], event: ApprovalRequested) -> Published[D]:
    approval = Approval(
        approval_id=event.approval_id,
        verb=event.verb,
        requested_by=event.requested_by,
        command=event.command,
    )
    return replace(state, approvals=(*state.approvals, approval))


def answered(state: Published[D], approval_id: UUID) -> Published[D]:
    left = tuple(approval for approval in state.approvals if approval.approval_id != approval_id)
    return replace(state, approvals=left)


def revised(state: Published[D], document: D) -> Published[D]:
    return replace(state, versions=(*state.versions, document))


def _open(state: Published[Any], approval_id: UUID, ctx: Context) -> Approval:
    """The open approval, if the actor may decide it."""
    for approval in state.approvals:
        if approval.approval_id == approval_id:
            if approval.requested_by == ctx.actor:
                raise Refused("same-person", f"{ctx.actor} asked for it; another supervisor decides it")
            return approval
    raise Refused("unknown-approval", f"{state.name} has no open approval {approval_id}")
