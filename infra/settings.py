"""Settings: one struct, read from `OUVIDORIA_*`; as a program, the table of docs/settings.md."""

import importlib.util
import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_type_hints

import msgspec
from msgspec import Meta, Struct

from domain.addresses import parsed_networks
from infra import embedded

PREFIX = "OUVIDORIA_"
# Handed down by the supervisor, or read by the tests or the terminal client alone.
INTERNAL = frozenset(
    {"OUVIDORIA_LISTEN_FD", "OUVIDORIA_PARENT_FD", "OUVIDORIA_TEST_DATABASE_URL", "OUVIDORIA_TOKEN"}
)
SECRET = frozenset({"database_url", "owner_url", "master_key", "nats_url"})

PostgresUrl = Annotated[str, Meta(pattern=r"^postgres(ql)?://")]
NatsUrls = Annotated[str, Meta(pattern=r"^(nats|tls)://[^\s,/]+(,(nats|tls)://[^\s,/]+)*\Z")]
HttpUrl = Annotated[str, Meta(pattern=r"^https?://")]
LIMITS = r"^none$|^[A-Z]{3}=[0-9]+(\.[0-9]+)?(,[A-Z]{3}=[0-9]+(\.[0-9]+)?)*$"
Seconds = Annotated[float, Meta(gt=0, le=3600)]


class SettingsError(Exception):
    """The environment does not make valid settings; the message names each variable and its reason."""


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that can be configured. A variable is the field's name in capitals after `OUVIDORIA_`."""

    home: Annotated[
        Path, Meta(description="Folder of the embedded database, the master key and the development keys.")
    ] = Path(".ouvidoria")
    database_url: Annotated[
        PostgresUrl | None,
        Meta(description="PostgreSQL to serve from. Unset: the embedded one under `OUVIDORIA_HOME`."),
    ] = None
    owner_url: Annotated[
        PostgresUrl | None,
        Meta(description="Connection that migrates, when the serving user does not own the schemas."),
    ] = None
    schema: Annotated[
        Annotated[str, Meta(pattern=r"^[a-z_][a-z0-9_]{0,40}\Z")],
        Meta(description="Schema of the log. The views are in `<schema>_views`; `<schema>_app` serves."),
    ] = "ouvidoria"
    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on; 0 takes a free one.")] = 8000
    api_processes: Annotated[int, Meta(ge=1, le=64, description="API processes that `run` starts.")] = 1
    pool_size: Annotated[
        int, Meta(ge=1, le=100, description="Connections that one API process reads with at most.")
    ] = 8
    command_timeout: Annotated[
        Seconds, Meta(description="Seconds after which a command not yet recorded is answered with 503.")
    ] = 10.0
    longest_wait: Annotated[
        Seconds,
        Meta(
            description="Seconds for which a request may have to wait for others: a command that would wait "
            "longer is answered with 503 at once, a query then."
        ),
    ] = 2.0
    statement_timeout: Annotated[
        Seconds, Meta(description="Seconds after which the database stops a query of a request.")
    ] = 10.0
    body_limit: Annotated[int, Meta(ge=1024, description="Bytes that the body of a request may have.")] = (
        1024 * 1024
    )
    reopen_window_days: Annotated[
        int, Meta(ge=0, description="Days after its end during which a complaint may be reopened.")
    ] = 90
    redress_limits: Annotated[
        Annotated[str, Meta(pattern=LIMITS)],
        Meta(
            description="Redress above the limit of its currency, or in a currency without one, "
            "needs a second person; `none`: it never does."
        ),
    ] = "BRL=1000,USD=200,EUR=200"
    webhook_http: Annotated[bool, Meta(description="Whether webhooks may lead to `http://` URLs.")] = False
    webhook_networks: Annotated[
        Annotated[str, Meta(pattern=r"^[0-9a-fA-F.:/, ]+$|^none$")],
        Meta(
            description="Networks beside the public ones that webhooks may lead to, "
            "such as `10.2.0.0/16,127.0.0.1/32`."
        ),
    ] = "none"
    webhook_timeout: Annotated[
        Annotated[float, Meta(gt=0, le=30)],
        Meta(description="Seconds that the receiver of a webhook may take to answer."),
    ] = 15.0
    event_source: Annotated[
        Annotated[str, Meta(pattern=r"^[!-~]{1,200}\Z")] | None,
        Meta(
            description="URI that names this log to subscribers, as `source` of its events. "
            "Unset: `urn:ouvidoria:<schema>`."
        ),
    ] = None
    stream_clients: Annotated[
        int, Meta(ge=1, le=100_000, description="Streams of events that one API process serves at most.")
    ] = 1000
    stream_heartbeat: Annotated[
        Seconds, Meta(description="Seconds of silence after which a stream says that it is alive.")
    ] = 15.0
    auto_acknowledge: Annotated[
        bool, Meta(description="Whether each new complaint is acknowledged at once, by the system.")
    ] = False
    nats_url: Annotated[
        NatsUrls | None,
        Meta(description="NATS to publish every event to; servers of one cluster with commas. Unset: none."),
    ] = None
    master_key: Annotated[
        str | None,
        Meta(description="Base64 of the 32 bytes that wrap the stream keys. Unset: `master.key` in home."),
    ] = None
    oidc_issuer: Annotated[
        HttpUrl | None, Meta(description="Issuer whose tokens are accepted beside API keys.")
    ] = None
    oidc_audience: Annotated[str | None, Meta(description="Audience that those tokens must name.")] = None
    oidc_jwks_url: Annotated[
        HttpUrl | None, Meta(description="Where the issuer's public keys are. Unset: its discovery document.")
    ] = None
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(
            description="Least level logged. `debug` shows every exception's message: no place for real data."
        ),
    ] = "info"
    log_format: Annotated[
        Literal["json", "console"], Meta(description="JSON for machines or coloured lines for people.")
    ] = "json"

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Settings from `environ`. A variable set to the empty string counts as unset.

        Raises:
            SettingsError: a variable is unknown, has a bad value, or would endanger the log. Values are
                not repeated in the message, since they may be secret.
        """
        hints = get_type_hints(cls, include_extras=True)
        given = {
            name: value
            for name, value in environ.items()
            if name.startswith(PREFIX) and name not in INTERNAL and value
        }
        problems = [f"{name}: there is no such setting" for name in given if field_of(name) not in hints]
        values: dict[str, Any] = {}
        for field, hint in hints.items():
            if (text := given.get(variable(field))) is None:
                continue
            try:
                values[field] = msgspec.convert(text, hint, strict=False, dec_hook=_decode)
            except msgspec.ValidationError as error:
                problems.append(f"{variable(field)}: {error}")
        problems += _endangered(environ)
        settings = cls(**values)
        problems += settings._contradictions()
        if problems:
            raise SettingsError("\n".join(sorted(problems)))
        return settings

    def url(self) -> str:
        """Connection URL to serve with; without `database_url` that of the embedded PostgreSQL."""
        return self.database_url or embedded.url(self.home)

    def migration_url(self) -> str:
        """Connection URL to migrate with."""
        return self.owner_url or self.url()

    def source(self) -> str:
        """What names this log to its subscribers."""
        return self.event_source or f"urn:ouvidoria:{self.schema}"

    def limits_of_redress(self) -> dict[str, Decimal] | None:
        """The redress that one person may grant, by currency; None: any."""
        pairs = (pair.split("=") for pair in self.redress_limits.split(",") if "=" in pair)
        return {currency: Decimal(amount) for currency, amount in pairs} or None

    def master_key_file(self) -> Path:
        """Where the master key is kept when it is not given."""
        return self.home / "master.key"

    def __repr__(self) -> str:
        shown = (
            f"{name}={'***' if name in SECRET and value else repr(value)}"
            for name, value in msgspec.structs.asdict(self).items()
        )
        return f"Settings({', '.join(shown)})"

    def _contradictions(self) -> list[str]:
        found = []
        if self.oidc_issuer and not self.oidc_audience:
            found.append(f"{variable('oidc_audience')}: needed with {variable('oidc_issuer')}")
        if self.nats_url and importlib.util.find_spec("nats") is None:
            found.append(f"{variable('nats_url')}: needs nats-py, which `pip install .[nats]` brings")
        try:
            parsed_networks(self.webhook_networks)
        except ValueError as error:
            found.append(f"{variable('webhook_networks')}: {error}")
        return found


def variable(field: str) -> str:
    """Name of the environment variable of a field."""
    return PREFIX + field.upper()


def field_of(name: str) -> str:
    """Name of the field that the environment variable `name` stands for."""
    return name.removeprefix(PREFIX).lower()


def table() -> list[str]:
    """One Markdown table row per setting: variable, default, meaning."""
    hints = get_type_hints(Settings, include_extras=True)
    return [
        f"| `{variable(field.name)}` | {_default(field.default)} | {_description(hints[field.name])} |"
        for field in msgspec.structs.fields(Settings)
    ]


def _default(value: object) -> str:
    match value:
        case None:
            return "unset"
        case bool():
            return f"`{str(value).lower()}`"
        case _:
            return f"`{value}`"


def _description(hint: Any) -> str:
    return next(str(meta.description) for meta in hint.__metadata__ if meta.description)


def _decode(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value).expanduser()
    raise NotImplementedError(f"no setting has the type {kind}")


def _endangered(environ: Mapping[str, str]) -> list[str]:
    name = "POSTGRES_ENABLE_DB_FUNCTIONS"
    if environ.get(name, "").strip().lower() in {"y", "yes", "t", "true", "on", "1"}:
        return [f"{name}: it makes the event store append without its lock, so that readers miss events"]
    return []


if __name__ == "__main__":
    print("\n".join(table()))  # noqa: T201 -- this is the command's output
