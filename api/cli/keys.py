"""`ouvidoria keys`: make, list and revoke access keys."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import rich_click as click
from rich.table import Column, Table

from api.cli.common import err, execute, out, with_connection
from api.roles import ROLES
from infra import access


@click.group("keys")
def keys_() -> None:
    """Make, list and revoke access keys."""


@keys_.command("create")
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

    key_id, token = execute(with_connection(create))
    err.print(f"Key {key_id} for {subject}. The token is shown only now:")
    click.echo(token)


@keys_.command("list")
def keys_list() -> None:
    """Show all keys, without their tokens."""
    table = Table(Column("id", no_wrap=True, min_width=36), "subject", "roles", "sector", "created", "state")
    for key in execute(with_connection(access.keys)):
        state = key.refusal(datetime.now(UTC)) or "open"
        created = f"{key.created_at:%Y-%m-%d}"
        table.add_row(str(key.id), key.subject, ", ".join(key.roles), key.sector or "", created, state)
    out.print(table)


@keys_.command("revoke")
@click.argument("key_id", type=click.UUID)
def keys_revoke(key_id: UUID) -> None:
    """Close the key KEY_ID for ever; it stops opening within two seconds."""

    async def revoke(connection: Any) -> bool:
        return await access.revoke(connection, key_id)

    if not execute(with_connection(revoke)):
        raise click.ClickException(f"there is no open key {key_id}")
    err.print(f"[green]{key_id} is revoked[/]")
