"""`ouvidoria views`: how far they have read, and folding one anew."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import rich_click as click
from rich.table import Table

from api.cli.common import err, execute, load_settings, out, progress_bar, with_connection
from api.parts import VIEWS, conninfo, open_log, prepare_database
from infra.database import connect
from infra.projector import Runner, View, Wake, reset, standings
from infra.settings import Settings


@click.group("views")
def views_() -> None:
    """Look at the views and rebuild them."""


@views_.command("list")
def views_list() -> None:
    """Show how far every view and reactor has read."""
    table = Table("name", "position", "newest event", "behind", "failure")
    for row in execute(with_connection(standings)):
        failure = f"[red]{row.failure} at {row.failed_position}[/]" if row.failure else ""
        table.add_row(row.follower, str(row.position), str(row.head), str(row.head - row.position), failure)
    out.print(table)


@views_.command("rebuild")
@click.argument("name", type=click.Choice([view.name for view in VIEWS]))
def views_rebuild(name: str) -> None:
    """Empty the view NAME and fold it anew from the first event."""
    settings = load_settings()
    view = next(view for view in VIEWS if view.name == name)
    execute(_rebuild(settings, view))
    err.print(f"[green]{name} is rebuilt[/]")


async def _rebuild(settings: Settings, view: View) -> None:
    """Reset the view and watch it to the end; where no worker leads it, it is folded here."""
    await prepare_database(settings)
    events, wake = open_log(settings), Wake(conninfo(settings))
    async with await connect(conninfo(settings)) as connection:
        await reset(connection, view)
        folding = asyncio.create_task(Runner(view, conninfo(settings), events.vault, wake).run())
        try:
            with progress_bar(view.name) as advance:
                await _watch(connection, view, advance)
        finally:
            folding.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await folding


async def _watch(connection: Any, view: View, advance: Callable[[int, int, str], None]) -> None:
    while True:
        row = next(row for row in await standings(connection) if row.follower == view.follower)
        advance(row.position, row.head, f"{row.position} of {row.head} events")
        if row.failure:
            raise click.ClickException(f"{view.name} failed at position {row.failed_position}: {row.failure}")
        if row.position >= row.head:
            return
        await asyncio.sleep(0.1)
