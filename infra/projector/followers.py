"""What follows the log: views and reactors."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from domain.aggregate import Event
from infra.events import Recorded

Events = Sequence[Recorded[Event]]
Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True)
class View:
    """Rows folded from the log.

    `ddl` creates the view's `tables`, whose names carry its version, and nothing else; it names no schema.
    `apply` folds events, given in order and without a hole, into them, inside the transaction that also moves
    the checkpoint. It may be called several times in one transaction; it alone writes the tables.

    Where each row is made from the events of one stream alone, `stream_kind` is the kind of those streams: a
    rebuild then gives `apply` one whole stream after the other, which is faster. A view that does not look
    into events has `copy`, which takes in what is from one position to another: a rebuild then reads none.
    """

    name: str
    version: int
    ddl: str
    tables: tuple[str, ...]
    apply: Callable[[Connection, Events], Awaitable[None]]
    stream_kind: str | None = None
    copy: Callable[[Connection, int, int], Awaitable[None]] | None = None

    @property
    def follower(self) -> str:
        """Name of the checkpoint: each version of a view has its own."""
        return f"{self.name}_{self.version}"


@dataclass(frozen=True)
class Reactor:
    """Answers events with commands, keyed so that at least once becomes once.

    It begins with the first event after its birth. `react` may be called again for the same event.
    """

    name: str
    react: Callable[[Recorded[Event]], Awaitable[None]]

    @property
    def follower(self) -> str:
        """Name of the checkpoint."""
        return f"reactor {self.name}"
