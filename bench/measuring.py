"""What the benchmarks share: a durable database of their own, medians, and the table they print."""

import logging
import os
import platform
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
import structlog
from rich.console import Console
from rich.table import Table

from infra.embedded import EmbeddedPostgres
from infra.migrating import migrate

SCHEMA = "ouvidoria"
TICKS = os.sysconf("SC_CLK_TCK")
console = Console(highlight=False, width=140)


class Ratio(NamedTuple):
    """One comparison: our median and the peer's, in the same unit and run, and the ratio aimed at."""

    what: str
    ours: float
    peer: str
    theirs: float
    unit: str
    aim: float | None = None
    at_most: bool = False
    """The aim is an upper bound: less is better."""

    @property
    def ratio(self) -> float:
        """Ours divided by theirs."""
        return self.ours / self.theirs

    def verdict(self) -> str:
        """Whether the aim was reached."""
        if self.aim is None:
            return ""
        met = self.ratio <= self.aim if self.at_most else self.ratio >= self.aim
        return f"{'≤' if self.at_most else '≥'} {self.aim:g}: {'met' if met else 'missed'}"


def report(title: str, rows: Sequence[Ratio]) -> None:
    """Print comparisons as a table, with the machine and the commit they hold for."""
    table = Table("what", "ours", "peer", "theirs", "unit", "ratio", "aim", title=title, title_justify="left")
    for row in rows:
        table.add_row(
            row.what,
            f"{row.ours:,.1f}",
            row.peer,
            f"{row.theirs:,.1f}",
            row.unit,
            f"{row.ratio:.2f}",
            row.verdict(),
        )
    console.print(table)
    console.print(f"{_machine()}, commit {_commit()}\n")


def quiet() -> None:
    """Warnings and errors are logged, nothing else."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def median(runs: int, measure: Callable[[], float]) -> float:
    """The median of so many measurements."""
    return statistics.median(measure() for _ in range(runs))


def interleaved(runs: int, *measures: Callable[[], float]) -> list[float]:
    """A median for each of the measures, taken in turns so that noise of the machine falls on all alike."""
    taken = [[measure() for measure in measures] for _ in range(runs)]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


@contextmanager
def database() -> Iterator[str]:
    """URL of a migrated, empty database on an embedded server of its own, with durability as in service."""
    with (
        tempfile.TemporaryDirectory(prefix="ouvidoria-bench-") as home,
        EmbeddedPostgres(Path(home)) as server,
    ):
        migrate(server.url(), SCHEMA)
        yield server.url()


def postmaster_of(url: str) -> int:
    """The process that all of a local server's processes come from."""
    with psycopg.connect(url) as connection:
        backend = connection.info.backend_pid
        return int(_stat(backend)[1])


def seconds_of_all(parent: int) -> float:
    """Seconds of processor that a process and all that it started have taken, those that ended included."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    ticks = sum(map(int, _stat(parent)[11:15])) + sum(
        sum(map(int, _stat(int(each))[11:13])) for each in children
    )
    return ticks / TICKS


def _stat(pid: int) -> Sequence[str]:
    """What Linux tells of a process, from its state on; nothing of one that has just ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return ()


def _machine() -> str:
    return f"{platform.machine()}, Python {platform.python_version()}"


def _commit() -> str:
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty"],  # noqa: S607 - git is wherever it is installed
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()
