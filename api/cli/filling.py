"""`ouvidoria import`, `demo`: complaints from elsewhere, and invented ones."""

from pathlib import Path

import psycopg
import rich_click as click
from rich.table import Table

from api.cli.common import err, execute, load_settings, out, progress_bar
from api.parts import conninfo, open_commands, open_log
from infra import demo, importing
from infra.database import Link, check_append_only, connect
from infra.reference import Reference
from infra.settings import Settings


@click.command("import")
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
    try:
        report = execute(_import(file, importing.load_mapping(mapping), rejects, concurrency))
    except (importing.BadMapping, importing.FileRefused) as error:
        raise click.ClickException(str(error)) from None
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
    file: Path, mapping: importing.Mapping, rejects: Path | None, concurrency: int
) -> importing.Report:
    settings = load_settings()
    events, link = open_log(settings), Link(conninfo(settings))
    try:
        reference = Reference(link.use)
        await reference.refresh()  # those in force now hold for the whole import
        with progress_bar("rows") as advance:
            return await importing.run(
                file,
                mapping,
                open_commands(settings, events, reference),
                progress=lambda p: advance(p.bytes_read, p.bytes_total, f"{p.rows} rows, {p.rate:.0f}/s"),
                rejects=rejects,
                concurrency=concurrency,
            )
    finally:
        await link.close()
        await events.close()


@click.command("demo")
def demo_() -> None:
    """Fill the running service with a year of an invented company. Run again, it adds nothing."""
    report = execute(_demo(load_settings()))
    table = Table("customers", "cases", "events", "known", "seconds")
    added = map(str, (report.customers, report.cases, report.events, report.known))
    table.add_row(*added, f"{report.seconds:.1f}")
    out.print(table)


async def _demo(settings: Settings) -> demo.Report:
    try:
        async with await connect(conninfo(settings)) as connection:
            await check_append_only(connection)
    except psycopg.OperationalError as error:
        raise click.ClickException(
            f"no database answers; start the service first, in another terminal: make run\n{error}"
        ) from None
    events = open_log(settings)
    try:
        with progress_bar("demo") as advance:
            return await demo.run(
                demo.make_plan(),
                demo.DemoCommands(events),
                progress=lambda p: advance(p.done, p.total, f"{p.done} of {p.total}, {p.rate:.0f}/s"),
            )
    finally:
        await events.close()
