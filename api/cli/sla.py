"""`ouvidoria sla`: policies that come with the service, for the set-up."""

from collections.abc import Sequence
from uuid import uuid4

import rich_click as click
from rich.table import Table

from api.cli.common import execute, load_settings, out
from api.parts import conninfo, open_commands, open_log
from domain.sla.presets import PRESETS
from infra import presets
from infra.commands import Caller
from infra.database import Link
from infra.reference import Reference


@click.group("sla")
def sla_() -> None:
    """Policies of service levels."""


@sla_.command("presets")
def presets_() -> None:
    """List the presets."""
    table = Table("preset", "policy", "layer", "source")
    for preset in PRESETS.values():
        for policy in preset.policies:
            table.add_row(preset.name, policy.name, policy.layer, policy.source or "")
    out.print(table)


@sla_.command("install")
@click.argument("names", type=click.Choice(list(PRESETS)), nargs=-1, required=True)
def install(names: tuple[str, ...]) -> None:
    """Put the policies of the presets NAMES in force, with their calendars. Again, it changes nothing."""
    table = Table("kind", "name", "version in force", "id")
    for each in execute(_install(names)):
        table.add_row(each.kind, each.name, str(each.active_version or "none"), str(each.id))
    out.print(table)


async def _install(names: Sequence[str]) -> list[presets.Installed]:
    settings = load_settings()
    events, link = open_log(settings), Link(conninfo(settings))
    caller = Caller(actor="system:set-up", correlation=f"sla-install-{uuid4()}", origin="system")
    installed: list[presets.Installed] = []
    try:
        commands = open_commands(settings, events, Reference(link.use))
        for name in names:
            installed += await presets.install(commands, caller, PRESETS[name])
    finally:
        await link.close()
        await events.close()
    return installed
