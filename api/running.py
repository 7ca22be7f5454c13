"""`ouvidoria run`: everything under one supervisor, ready to use after a first start."""

import sys
from pathlib import Path

import uvloop
from rich.console import Console

from api import dev_keys
from api.parts import prepare_database
from infra.migrating import migrate
from infra.settings import Settings
from infra.supervisor import Child, Supervisor
from infra.vault import load_master_key


def run_everything(settings: Settings) -> None:
    """Start PostgreSQL (if none is configured), migrate, serve and work, until a signal comes.

    Raises:
        CannotListen, HomeError, EmbeddedError, DatabaseNotReady, BadMasterKey
    """
    Supervisor(
        settings,
        children(settings),
        prepare=lambda: _prepare(settings),
        ready=lambda address: _say(settings, address),
    ).run()


def children(settings: Settings) -> list[Child]:
    """The processes of a running service: the API's, which share the port, and the worker."""
    command = [sys.executable, "-m", "api.cli"]
    serving = [
        Child(f"api-{n}", [*command, "api"], listens=True) for n in range(1, settings.api_processes + 1)
    ]
    return [*serving, Child("worker", [*command, "worker"])]


def _prepare(settings: Settings) -> None:
    load_master_key(settings.master_key_file(), settings.master_key)
    migrate(settings.migration_url(), settings.schema)
    uvloop.run(_prepare_serving(settings))


async def _prepare_serving(settings: Settings) -> None:
    await prepare_database(settings)
    await dev_keys.ensure(settings)


def _say(settings: Settings, address: str) -> None:
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold green]Ouvidoria serves at {address}[/]")
    console.print(f"  API docs          {address}/schema")
    path = Path(settings.home) / dev_keys.FILE
    if path.exists():
        console.print(f"  Development keys  {path}")
    console.print("  Stop              Ctrl-C")
