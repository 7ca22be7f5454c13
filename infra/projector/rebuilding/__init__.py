"""Building a view beside the one that serves, and putting it in its place in one transaction.

The new tables are made by the view's own DDL and filled by its own `apply`, in a schema where nobody else
looks. So a rebuild that dies leaves the old view as it was; the next one begins again from nothing.
"""

from infra.projector.rebuilding.comparing import Difference, Differences
from infra.projector.rebuilding.filling import CannotFold
from infra.projector.rebuilding.rebuild import BeingRebuilt, CannotCompare, Rebuild, being_rebuilt

__all__ = [
    "BeingRebuilt",
    "CannotCompare",
    "CannotFold",
    "Difference",
    "Differences",
    "Rebuild",
    "being_rebuilt",
]
