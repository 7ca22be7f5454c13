"""The log: one function appends, in batches; readers follow it by position or by stream."""

from infra.log.batched import Log
from infra.log.reading import check_master_key, head, purge, read, read_streams
from infra.log.requests import (
    APPEND,
    APPEND_ONE,
    Append,
    Appended,
    Draft,
    Load,
    Loaded,
    Seen,
    Verdict,
    columns,
    fields,
)

__all__ = [
    "APPEND",
    "APPEND_ONE",
    "Append",
    "Appended",
    "Draft",
    "Load",
    "Loaded",
    "Log",
    "Seen",
    "Verdict",
    "check_master_key",
    "columns",
    "fields",
    "head",
    "purge",
    "read",
    "read_streams",
]
