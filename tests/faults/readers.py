"""Readers that follow the log by position through all faults, and remember what they were given."""

import contextlib
import threading
import time
from typing import NamedTuple

import psycopg

PAUSE_SECONDS = 0.02
AFTER = """SELECT position, stream_id || '/' || version FROM ouvidoria.events
            WHERE position > %s ORDER BY position LIMIT %s"""


class Seen(NamedTuple):
    """An event as a reader was given it."""

    position: int
    id: str


class Reader(threading.Thread):
    """Remembers one number and asks for what comes after it, again and again."""

    def __init__(self) -> None:
        super().__init__(name=type(self).__name__, daemon=True)
        self.seen: list[Seen] = []
        self._ending = threading.Event()

    def next(self, after: int) -> list[Seen]:
        """What comes after a position; raises what `passing` names while it cannot be had."""
        raise NotImplementedError

    passing: tuple[type[Exception], ...] = ()

    def run(self) -> None:
        while not self._ending.is_set():
            with contextlib.suppress(*self.passing):
                self.seen += self.next(self.seen[-1].position if self.seen else 0)
            time.sleep(PAUSE_SECONDS)

    def finish(self, head: int) -> None:
        """Return once it has read to the head, or in vain for a minute."""
        deadline = time.monotonic() + 60
        while (not self.seen or self.seen[-1].position < head) and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
        self.give_up()

    def give_up(self) -> None:
        """Return once it has stopped, wherever it is."""
        self._ending.set()
        if self.is_alive():
            self.join()


class Tail(Reader):
    """Follows the table itself, over a connection of its own."""

    passing = (psycopg.OperationalError, psycopg.InterfaceError)

    def __init__(self, database: str) -> None:
        super().__init__()
        self._database = database
        self._connection: psycopg.Connection | None = None

    def next(self, after: int) -> list[Seen]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._database, autocommit=True, connect_timeout=5)
        return [Seen(*row) for row in self._connection.execute(AFTER, [after, 500])]

    def give_up(self) -> None:
        super().give_up()
        if self._connection is not None:
            self._connection.close()
