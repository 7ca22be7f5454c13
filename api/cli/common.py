"""What the commands share: settings, consoles, connections, progress."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from infra import logs
from infra.database import connect, serving_conninfo
from infra.settings import Settings

T = TypeVar("T")

out = Console()
err = Console(stderr=True)


def load_settings(*, quiet: bool = False) -> Settings:
    """The settings; unless `quiet`, log lines go to standard error as they have it."""
    settings = Settings.load()
    if not quiet:
        logs.configure(settings)
    return settings


def execute(work: Coroutine[Any, Any, T]) -> T:
    """The result of asynchronous work."""
    return uvloop.run(work)


async def with_connection(ask: Callable[[psycopg.AsyncConnection[Any]], Coroutine[Any, Any, T]]) -> T:
    """What is answered over a serving connection."""
    settings = load_settings(quiet=True)
    async with await connect(serving_conninfo(settings.url(), settings.schema)) as connection:
        return await ask(connection)


@contextmanager
def progress_bar(name: str) -> Iterator[Callable[[int, int, str], None]]:
    """A bar with rate and time left; call what it gives with done, total and what to say beside it."""
    columns = (
        TextColumn(name),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[said]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=err) as progress:
        task = progress.add_task(name, total=None, said="")
        yield lambda done, total, said: progress.update(task, completed=done, total=total, said=said)
