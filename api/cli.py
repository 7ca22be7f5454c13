"""The command line `ouvidoria`."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import rich_click as click
import uvloop
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from api import calling
from api.app import VIEWS, conninfo, open_commands, open_log, prepare_database, work
from api.roles import ROLES
from api.running import run_everything
from api.server import serve
from infra import access, database, demo, importing, logs
from infra.database import Unavailable
from infra.embedded import EmbeddedError
from infra.home import HomeError
from infra.projector import Runner, View, Wake, reset, standings
from infra.settings import Settings, SettingsError
from infra.supervisor import CannotListen, exit_with_parent
from infra.vault import BadMasterKey

T = TypeVar("T")

# What a person can mend: shown as one message, without a traceback.
EXPECTED = (
    SettingsError,
    database.DatabaseNotReady,
    Unavailable,
    BadMasterKey,
    EmbeddedError,
    HomeError,
    CannotListen,
    calling.CallFailed,
    importing.BadMapping,
    importing.FileRefused,
    psycopg.OperationalError,
)

out = Console()
err = Console(stderr=True)


class Group(click.RichGroup):
    """Shows what a person can mend as a message, and exits with 1."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(context)
        except EXPECTED as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ouvidoria")
def main() -> None:
    """Complaints, from intake to what caused them. Settings are read from OUVIDORIA_*; see docs/settings.md."""


def _settings(*, quiet: bool = False) -> Settings:
    settings = Settings.load()
    if not quiet:
        logs.configure(settings)
    return settings


def _run(work_to_do: Coroutine[Any, Any, T]) -> T:
    return uvloop.run(work_to_do)


@main.command()
def run() -> None:
    """Start everything: PostgreSQL if none is configured, the API, the worker."""
    run_everything(_settings())


@main.command()
def api() -> None:
    """Serve the HTTP API against a database that is there and migrated."""
    exit_with_parent()
    serve(_settings())


@main.command()
def worker() -> None:
    """Keep the views up to date, run the reactors and the house-keeping."""
    exit_with_parent()
    with contextlib.suppress(KeyboardInterrupt):
        _run(work(_settings()))


@main.command()
def migrate() -> None:
    """Bring the database to the newest revision."""
    settings = _settings()
    database.migrate(settings.migration_url(), settings.schema)
    err.print(f"[green]{settings.schema} is at the newest revision[/]")


@main.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--mapping", required=True, help="A mapping file, or the name of a shipped one: cfpb, helpdesk."
)
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="Where rejected rows go.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1000),
    default=128,
    show_default=True,
    help="Rows at once, or cases of an event log.",
)
def import_(file: Path, mapping: str, rejects: Path | None, concurrency: int) -> None:
    """Import a FILE of one row a complaint, or one row a change. Run again, it adds only what is missing."""
    settings = _settings()
    report = _run(_import(settings, file, importing.load_mapping(mapping), rejects, concurrency))
    counts = report.counts()
    table = Table(*counts, "seconds", "rows/s", collapse_padding=True)
    table.add_row(
        *map(str, counts.values()),
        f"{report.seconds:.1f}",
        f"{report.rows / max(report.seconds, 1e-9):.0f}",
    )
    out.print(table)
    if report.rejected:
        err.print(f"[yellow]{report.rejected} rejected[/], with line, field and reason in {report.rejects}")


async def _import(
    settings: Settings, file: Path, mapping: importing.Mapping, rejects: Path | None, concurrency: int
) -> importing.Report:
    events = open_log(settings)
    try:
        with _bar("rows") as advance:
            return await importing.run(
                file,
                mapping,
                open_commands(settings, events),
                progress=lambda p: advance(p.bytes_read, p.bytes_total, f"{p.rows} rows, {p.rate:.0f}/s"),
                rejects=rejects,
                concurrency=concurrency,
            )
    finally:
        await events.close()


@main.command("demo")
def demo_() -> None:
    """Fill the running service with a year of an invented company. Run again, it adds nothing."""
    report = _run(_demo(_settings()))
    table = Table("customers", "cases", "events", "known", "seconds")
    added = map(str, (report.customers, report.cases, report.events, report.known))
    table.add_row(*added, f"{report.seconds:.1f}")
    out.print(table)


async def _demo(settings: Settings) -> demo.Report:
    try:
        async with await database.connect(conninfo(settings)) as connection:
            await database.check_append_only(connection)
    except psycopg.OperationalError as error:
        raise click.ClickException(
            f"no database answers; start the service first, in another terminal: make run\n{error}"
        ) from None
    events = open_log(settings)
    try:
        with _bar("demo") as advance:
            return await demo.run(
                demo.make_plan(),
                demo.DemoCommands(events),
                progress=lambda p: advance(p.done, p.total, f"{p.done} of {p.total}, {p.rate:.0f}/s"),
            )
    finally:
        await events.close()


@contextlib.contextmanager
def _bar(name: str) -> Iterator[Callable[[int, int, str], None]]:
    columns = (
        TextColumn(name),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[said]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=err) as progress:
        task = progress.add_task(name, total=None, said="")
        yield lambda done, total, said: progress.update(task, completed=done, total=total, said=said)


@main.command()
@click.argument("method", type=click.Choice(["GET", "POST"], case_sensitive=False))
@click.argument("path")
@click.argument("body", required=False)
@click.option("--as", "role", default="analyst", show_default=True, help="Whose development key to use.")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="May be given again.")
@click.option("--field", help="Show only this field of the answer.")
def call(
    method: str, path: str, body: str | None, role: str, headers: tuple[str, ...], field: str | None
) -> None:
    """Send one request to the running service: METHOD, PATH and a JSON BODY."""
    settings = _settings(quiet=True)
    pairs = {name.strip(): value.strip() for name, _, value in (header.partition(":") for header in headers)}
    answer = calling.call(settings, method, path, body, calling.token(settings, role), pairs)
    if field is None:
        out.print_json(data=answer)
    elif isinstance(answer, dict) and field in answer:
        click.echo(answer[field])
    else:
        raise click.ClickException(f"the answer has no field {field}")


@main.group()
def views() -> None:
    """Look at the views and rebuild them."""


@views.command("list")
def views_list() -> None:
    """Show how far every view and reactor has read."""
    table = Table("name", "position", "newest event", "behind", "failure")
    for row in _run(_standings(_settings(quiet=True))):
        failure = f"[red]{row.failure} at {row.failed_position}[/]" if row.failure else ""
        table.add_row(row.follower, str(row.position), str(row.head), str(row.head - row.position), failure)
    out.print(table)


async def _standings(settings: Settings) -> list[Any]:
    async with await database.connect(conninfo(settings)) as connection:
        return await standings(connection)


@views.command("rebuild")
@click.argument("name", type=click.Choice([view.name for view in VIEWS]))
def views_rebuild(name: str) -> None:
    """Empty the view NAME and fold it anew from the first event."""
    settings = _settings()
    view = next(view for view in VIEWS if view.name == name)
    _run(_rebuild(settings, view))
    err.print(f"[green]{name} is rebuilt[/]")


async def _rebuild(settings: Settings, view: View) -> None:
    """Reset the view and watch it to the end; where no worker leads it, it is folded here."""
    await prepare_database(settings)
    events, wake = open_log(settings), Wake(conninfo(settings))
    async with await database.connect(conninfo(settings)) as connection:
        await reset(connection, view)
        folding = asyncio.create_task(Runner(view, conninfo(settings), events.vault, wake).run())
        try:
            with _bar(view.name) as advance:
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


@main.group()
def keys() -> None:
    """Make, list and revoke access keys."""


@keys.command("create")
@click.argument("subject")
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="May be given again."
)
@click.option("--sector", help="The sector of a key with the role sector.")
@click.option("--days", type=click.IntRange(1), help="Days until it expires; without, it does not.")
def keys_create(subject: str, roles: tuple[str, ...], sector: str | None, days: int | None) -> None:
    """Make a key for SUBJECT, the actor of all that is done with it, and show its token: once."""
    if "sector" in roles and not sector:
        raise click.UsageError("a key with the role sector needs --sector")
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None

    async def create(connection: Any) -> tuple[UUID, str]:
        return await access.create(connection, subject, roles, sector=sector, expires_at=expires_at)

    key_id, token = _run(_with_connection(create))
    err.print(f"Key {key_id} for {subject}. The token is shown only now:")
    click.echo(token)


@keys.command("list")
def keys_list() -> None:
    """Show all keys, without their tokens."""
    table = Table("id", "subject", "roles", "sector", "created", "state")
    for key in _run(_with_connection(access.keys)):
        state = key.refusal(datetime.now(UTC)) or "open"
        created = f"{key.created_at:%Y-%m-%d}"
        table.add_row(str(key.id), key.subject, ", ".join(key.roles), key.sector or "", created, state)
    out.print(table)


@keys.command("revoke")
@click.argument("key_id", type=click.UUID)
def keys_revoke(key_id: UUID) -> None:
    """Close the key KEY_ID for ever; it stops opening within two seconds."""

    async def revoke(connection: Any) -> bool:
        return await access.revoke(connection, key_id)

    if not _run(_with_connection(revoke)):
        raise click.ClickException(f"there is no open key {key_id}")
    err.print(f"[green]{key_id} is revoked[/]")


async def _with_connection(ask: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
    async with await database.connect(conninfo(_settings(quiet=True))) as connection:
        return await ask(connection)


if __name__ == "__main__":
    sys.exit(main())
