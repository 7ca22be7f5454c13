"""Followers of the log: views, folded batch by batch, and reactors, which answer events with commands.

Each follower has a checkpoint of its own and one leader among all processes. A view's rows and its checkpoint
move in one transaction, by compare-and-swap, so that a leader that was deposed unawares changes nothing.
"""

from infra.projector.checkpoints import CannotDrop, Standing, drop, prepare, standings
from infra.projector.followers import Connection, Reactor, View
from infra.projector.leading import Failed
from infra.projector.place import Deposed
from infra.projector.rebuilding import (
    BeingRebuilt,
    CannotCompare,
    CannotFold,
    Difference,
    Differences,
    Rebuild,
    being_rebuilt,
)
from infra.projector.runner import Runner
from infra.projector.standstill import Standstill
from infra.projector.tail import Tail
from infra.projector.wake import Wake

__all__ = [
    "BeingRebuilt",
    "CannotCompare",
    "CannotDrop",
    "CannotFold",
    "Connection",
    "Deposed",
    "Difference",
    "Differences",
    "Failed",
    "Reactor",
    "Rebuild",
    "Runner",
    "Standing",
    "Standstill",
    "Tail",
    "View",
    "Wake",
    "being_rebuilt",
    "drop",
    "prepare",
    "standings",
]
