"""`ouvidoria views`: how far they have read, building one anew, and dropping what an old version left."""

import rich_click as click
from rich.table import Table

from api.cli.common import err, execute, load_settings, out, progress_bar, with_connection
from api.parts import KEYS, VIEWS, conninfo, master_key, prepare_database
from infra.collecting import collect_seldom
from infra.events import UnknownEvent
from infra.projector import (
    BeingRebuilt,
    CannotCompare,
    CannotDrop,
    CannotFold,
    Connection,
    Differences,
    Rebuild,
    View,
    drop,
    standings,
)
from infra.settings import Settings
from infra.vault import Vault


@click.group("views")
def views_() -> None:
    """Look at the views, rebuild them, drop old versions."""


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
@click.option("--compare", is_flag=True, help="Say which rows differ between the old view and the new one.")
@click.option("--no-switch", is_flag=True, help="Leave the old view where it is; the new one is dropped.")
def views_rebuild(name: str, *, compare: bool, no_switch: bool) -> None:
    """Build the view NAME anew from the first event, beside the old one, and put it in its place."""
    view = next(view for view in VIEWS if view.name == name)
    try:
        found = execute(_rebuild(load_settings(), view, compare=compare, switch=not no_switch))
    except (BeingRebuilt, CannotCompare, CannotFold, UnknownEvent) as error:
        raise click.ClickException(str(error)) from None
    if compare:
        _show(found)
    err.print(f"[green]{name} is {'built and dropped' if no_switch else 'rebuilt'}[/]")


async def _rebuild(settings: Settings, view: View, *, compare: bool, switch: bool) -> Differences:
    collect_seldom()
    await prepare_database(settings)
    vault = Vault(master_key(settings), remembered=KEYS)
    with progress_bar(view.name) as advance:
        building = Rebuild(
            conninfo(settings),
            vault,
            view,
            told=lambda done, total: advance(done, total, f"{done} of {total} events"),
        )
        return await building.run(compare=compare, switch=switch)


def _show(found: Differences) -> None:
    if found.shown:
        table = Table("table", "row", "what differs")
        for each in found.shown:
            key = ", ".join(map(str, each.key))
            differs = f"only in the {each.only_in} view" if each.only_in else ", ".join(each.columns)
            table.add_row(each.table, key, differs)
        out.print(table)
    many = {0: "no row differs", 1: "1 row differs"}.get(found.count, f"{found.count} rows differ")
    err.print(f"{many} between the old view and the new one")


@views_.command("drop")
@click.argument("name")
def views_drop(name: str) -> None:
    """Drop the view NAME, version and all (`complaints_1`), that an older version of the service left."""
    if name in {view.follower for view in VIEWS}:
        raise click.ClickException(
            f"{name} is a view of this version; `ouvidoria views rebuild` makes it anew"
        )

    async def drop_it(connection: Connection) -> None:
        await drop(connection, name)

    try:
        execute(with_connection(drop_it))
    except CannotDrop as error:
        raise click.ClickException(str(error)) from None
    err.print(f"[green]{name} is dropped[/]")
