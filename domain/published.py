"""Documents that are published: their versions 1, 2, 3 … never change."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from domain.approvals import Approvals

D = TypeVar("D")


class Published(Struct, Generic[D], frozen=True, kw_only=True, omit_defaults=True):
    """A document: all its versions, and the one in force."""

    name: str
    versions: tuple[D, ...]
    active: int | None = None
    retired: bool = False
    approvals: Approvals = ()

    @property
    def latest(self) -> int:
        """The number of the newest version."""
        return len(self.versions)


def revised(state: Published[D], document: D) -> Published[D]:
    return replace(state, versions=(*state.versions, document))
