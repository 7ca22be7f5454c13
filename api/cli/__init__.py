"""The command line `ouvidoria`. A command's module is loaded when it is asked for: so all start quickly."""

from importlib import import_module
from typing import Any

import rich_click as click

from infra.database import LOST, DatabaseNotReady, Unavailable
from infra.embedded import EmbeddedError
from infra.home import HomeError
from infra.settings import SettingsError
from infra.supervisor import CannotListen
from infra.vault import BadMasterKey

# What a person can mend is shown as a message; the modules below raise click.ClickException for their own.
EXPECTED = (
    SettingsError,
    DatabaseNotReady,
    Unavailable,
    BadMasterKey,
    EmbeddedError,
    HomeError,
    CannotListen,
    *LOST,
)

MODULES = {
    "run": "running",
    "api": "running",
    "worker": "running",
    "migrate": "running",
    "import": "filling",
    "demo": "filling",
    "call": "calling",
    "views": "views",
    "keys": "keys",
    "sla": "sla",
}


class Commands(click.RichGroup):
    """The commands by name, from the module that has each."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        """All names, as `--help` shows them."""
        return list(MODULES)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - as click calls it
        cmd_name: str,
    ) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in MODULES:
            return None
        module = import_module(f"api.cli.{MODULES[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_")
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what a person can mend ends with a message and 1."""
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ouvidoria")
def main() -> None:
    """Complaints, from intake to what caused them. Settings come from OUVIDORIA_*; see docs/settings.md."""
