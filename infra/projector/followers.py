"""What follows the log: views and reactors."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from domain.messages import Event
from infra.events import Recorded

Events = Sequence[Recorded[Event]]
Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True)
class View:
    """Rows folded from the log.

    `ddl` creates the view's `tables`, whose names carry its version, and nothing else; it names no schema.
    `apply` folds events, given in order and without a hole, into them, inside the transaction that also moves
    the checkpoint. It may be called several times in one transaction; it alone writes the tables. It writes
    by `rows.write`, so that a few events can go into a view in one message: that is the transaction then, and
    what `apply` reads is as it was before. One that writes otherwise is folded step by step, which is slower.

    Where each row is made from the events of one stream alone, `stream_kinds` are the kinds of those streams:
    a rebuild then gives `apply` one whole stream after the other, which is faster. A view that does not look
    into events has `copy`, which takes in what is from one position to another: a rebuild then reads none.
    `concerns` says of an event whether it changes anything at all, where that can be told without the rows.
    """

    name: str
    version: int
    ddl: str
    tables: tuple[str, ...]
    apply: Callable[[Connection, Events], Awaitable[None]]
    stream_kinds: tuple[str, ...] = ()
    copy: Callable[[Connection, int, int], Awaitable[None]] | None = None
    concerns: Callable[[Recorded[Event]], bool] | None = None

    @property
    def follower(self) -> str:
        """Name of the checkpoint: each version of a view has its own."""
        return f"{self.name}_{self.version}"

    def concerned(self, events: Events) -> bool:
        """Whether any of these events may change a row."""
        if self.concerns is not None:
            return any(map(self.concerns, events))
        return not self.stream_kinds or any(event.kind in self.stream_kinds for event in events)


@dataclass(frozen=True)
class Reactor:
    """Answers events with commands, keyed so that at least once becomes once.

    It begins with the first event after its birth. `react` is called for the events of these `types`, and may
    be called again for the same one.
    """

    name: str
    react: Callable[[Recorded[Event]], Awaitable[None]]
    types: tuple[type[Event], ...] = (Event,)

    @property
    def follower(self) -> str:
        """Name of the checkpoint."""
        return f"reactor {self.name}"

    def concerned(self, events: Events) -> bool:
        """Whether any of these events is answered."""
        return any(isinstance(each.event, self.types) for each in events)
