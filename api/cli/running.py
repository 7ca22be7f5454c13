"""`ouvidoria run`, `api`, `worker`, `migrate`: the processes of the service."""

import contextlib

import rich_click as click

from api.cli.common import err, execute, load_settings
from api.running import run_everything
from api.server import serve
from api.worker import work
from infra.migrating import migrate
from infra.supervisor import exit_with_parent


@click.command("run")
def run_() -> None:
    """Start everything: PostgreSQL if none is configured, the API, the worker."""
    run_everything(load_settings())


@click.command("api")
def api_() -> None:
    """Serve the HTTP API against a database that is there and migrated."""
    exit_with_parent()
    serve(load_settings())


@click.command("worker")
def worker_() -> None:
    """Keep the views up to date, run the reactors, the watchdog and the house-keeping."""
    exit_with_parent()
    with contextlib.suppress(KeyboardInterrupt):
        execute(work(load_settings()))


@click.command("migrate")
def migrate_() -> None:
    """Bring the database to the newest revision."""
    settings = load_settings()
    migrate(settings.migration_url(), settings.schema)
    err.print(f"[green]{settings.schema} is at the newest revision[/]")
