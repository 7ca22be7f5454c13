"""What the leader of a view remembers of its rows: those used last, and those not written yet."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Generic, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from msgspec import Struct

from infra.rows.tables import Table

R = TypeVar("R", bound=Struct)
Connection = psycopg.AsyncConnection[Any]
Finish = Callable[[Connection, Sequence[R]], Awaitable[Sequence[R]]]
Written = Callable[[Connection, Sequence[R]], Awaitable[None]]


class Known(Generic[R]):
    """Rows of one table by key, as a number, the one used last at the end; None: known to be missing."""

    def __init__(self, table: Table[R]) -> None:
        self.table = table
        self.finish: Finish[R] | None = None
        self.written: Written[R] | None = None
        self.rows: dict[int, R | None] = {}
        self.unwritten: dict[int, None] = {}

    def put(self, key: int, row: R) -> None:
        """Remember a row that is to be written."""
        self.rows.pop(key, None)
        self.rows[key] = row
        self.unwritten[key] = None

    async def load(self, connection: Connection, keys: Collection[UUID]) -> None:
        """Read those of the rows that are not known, as far as there are any."""
        if missing := [key for key in keys if key.int not in self.rows]:
            found = await self.table.read(connection, missing)
            self.rows |= {key.int: None for key in missing}
            self.rows |= {self.table.key_of(row).int: row for row in found}

    async def write(self, connection: Connection, *, fresh: bool) -> None:
        """Write what is not written yet."""
        rows: Sequence[R] = [row for key in self.unwritten if (row := self.rows[key]) is not None]
        if rows and self.finish is not None:
            rows = await self.finish(connection, rows)
            self.rows |= zip(self.unwritten, rows, strict=True)
        self.unwritten.clear()
        if rows:
            await (self.table.copy if fresh else self.table.write)(connection, rows)
            if self.written is not None:
                await self.written(connection, rows)

    def trim(self, most: int) -> None:
        """Forget all but the rows used last."""
        for key in list(islice(self.rows, max(len(self.rows) - most, 0))):
            del self.rows[key]


class Memory:
    """The rows of a view's tables that its only writer need not read again.

    `most` rows are remembered of each table between transactions. With `fresh`, every stream is folded whole
    and once into tables that are empty: nothing is read or remembered, and rows are copied in.
    """

    def __init__(self, most: int, *, fresh: bool = False) -> None:
        self._most = most
        self.fresh = fresh
        self._known: dict[str, Known[Any]] = {}

    def known(
        self, table: Table[R], finish: Finish[R] | None = None, written: Written[R] | None = None
    ) -> Known[R]:
        """What is known of a table; `finish` and `written` are given its rows before and after."""
        known = self._known.setdefault(table.name, Known(table))
        known.finish = finish or known.finish
        known.written = written or known.written
        return known

    @property
    def full(self) -> bool:
        """Whether as many rows wait to be written as are remembered."""
        return any(len(known.unwritten) >= self._most for known in self._known.values())

    async def flush(self, connection: Connection) -> None:
        """Write what is not written yet, then forget what is too much: to be called before each commit."""
        for known in self._known.values():
            await known.write(connection, fresh=self.fresh)
            known.trim(0 if self.fresh else self._most)

    def forget(self) -> None:
        """Forget everything, as is due after a rollback."""
        self._known.clear()


_memories: WeakKeyDictionary[Connection, Memory] = WeakKeyDictionary()


@contextmanager
def remembering(connection: Connection, memory: Memory) -> Iterator[Memory]:
    """Whatever folds rows over this connection uses the memory meanwhile."""
    _memories[connection] = memory
    try:
        yield memory
    finally:
        del _memories[connection]


def memory_of(connection: Connection) -> Memory | None:
    """The memory in use over this connection."""
    return _memories.get(connection)


def fills_fresh(connection: Connection) -> bool:
    """Whether the tables are being filled from nothing, with each stream whole and once."""
    memory = memory_of(connection)
    return memory is not None and memory.fresh
