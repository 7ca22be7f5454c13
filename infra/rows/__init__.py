"""Rows of keyed views: one a stream, folded from its events, read and written in sets.

The leader of a view is the only one who writes it, so it may remember rows: `remembering` gives its
connection a memory, and who does so writes what is left unwritten (`Memory.flush`) before each commit.
Without a memory every batch is read, folded and written at once. All that a batch writes can be sent in one
message (`bundling`).
"""

from infra.rows.folding import fold_rows, one_by_one, with_rows
from infra.rows.memory import Memory, fills_fresh, remembering
from infra.rows.tables import Table, table_of
from infra.rows.writing import Bundle, TooLong, bundling, write

__all__ = [
    "Bundle",
    "Memory",
    "Table",
    "TooLong",
    "bundling",
    "fills_fresh",
    "fold_rows",
    "one_by_one",
    "remembering",
    "table_of",
    "with_rows",
    "write",
]
