"""`ouvidoria call`: one request to the running service."""

import rich_click as click

from api import calling
from api.cli.common import load_settings, out


@click.command("call")
@click.argument("method", type=click.Choice(["GET", "POST"], case_sensitive=False))
@click.argument("path")
@click.argument("body", required=False)
@click.option("--as", "role", default="analyst", show_default=True, help="Whose development key to use.")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help="May be given again.")
@click.option("--field", help="Show only this field of the answer.")
def call_(  # noqa: PLR0917 - click passes arguments and options by name
    method: str, path: str, body: str | None, role: str, headers: tuple[str, ...], field: str | None
) -> None:
    """Send one request to the running service: METHOD, PATH and a JSON BODY."""
    settings = load_settings(quiet=True)
    pairs = {name.strip(): value.strip() for name, _, value in (header.partition(":") for header in headers)}
    try:
        bearer = calling.token(settings, role)
        answer = calling.call(
            settings, method, path, body, headers={"Authorization": f"Bearer {bearer}", **pairs}
        )
    except calling.CallFailed as error:
        raise click.ClickException(str(error)) from None
    if field is None:
        out.print_json(data=answer)
    elif isinstance(answer, dict) and field in answer:
        click.echo(answer[field])
    else:
        raise click.ClickException(f"the answer has no field {field}")
