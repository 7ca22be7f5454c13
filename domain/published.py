"""Documents that are published: their versions 1, 2, 3 … never change."""

from __future__ import annotations

from typing import Generic, TypeVar
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.complaint.events.approvals import ApprovalRequested
from domain.complaint.state import Approval

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
