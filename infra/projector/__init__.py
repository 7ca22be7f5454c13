"""Followers of the log: views, folded batch by batch, and reactors, which answer events with commands.

Each follower has a checkpoint of its own and one leader among all processes. A view's rows and its checkpoint
move in one transaction, by compare-and-swap, so that a leader that was deposed unawares changes nothing.
"""

from infra.projector.checkpoints import Standing, prepare, reset, standings
from infra.projector.followers import Reactor, View
from infra.projector.runner import Deposed, Failed, Runner
from infra.projector.wake import Wake

__all__ = [
    "Deposed",
    "Failed",
    "Reactor",
    "Runner",
    "Standing",
    "View",
    "Wake",
    "prepare",
    "reset",
    "standings",
]
