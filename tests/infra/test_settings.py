"""Settings: read from the environment, refused with variable and reason, and all documented."""

import sys
from pathlib import Path

import msgspec
import pytest

from infra import embedded
from infra.settings import Settings, SettingsError, table, variable

ROOT = Path(__file__).parents[2]


def test_without_any_variable_the_defaults_hold() -> None:
    assert Settings.load({}) == Settings()
    assert Settings().port == 8000
    assert Settings().host == "127.0.0.1"
    assert Settings().home == Path(".ouvidoria")


def test_variables_are_converted_to_the_types_of_their_fields() -> None:
    settings = Settings.load(
        {
            "OUVIDORIA_HOME": "/srv/ouvidoria",
            "OUVIDORIA_PORT": "9000",
            "OUVIDORIA_AUTO_ACKNOWLEDGE": "true",
            "OUVIDORIA_COMMAND_TIMEOUT": "2.5",
            "OUVIDORIA_LOG_FORMAT": "console",
            "PATH": "/bin",
        }
    )
    assert settings.home == Path("/srv/ouvidoria")
    assert (settings.port, settings.auto_acknowledge, settings.command_timeout) == (9000, True, 2.5)
    assert settings.log_format == "console"


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.load({"OUVIDORIA_DATABASE_URL": "", "OUVIDORIA_PORT": ""}) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("OUVIDORIA_PROT", "1", "there is no such setting"),
        ("OUVIDORIA_PORT", "eighty", "Expected `int`, got `str`"),
        ("OUVIDORIA_PORT", "70000", "Expected `int` <= 65535"),
        ("OUVIDORIA_SCHEMA", "Robert'); DROP", "Expected `str` matching regex"),
        ("OUVIDORIA_SCHEMA", "public\n", "Expected `str` matching regex"),
        ("OUVIDORIA_DATABASE_URL", "mysql://x", "Expected `str` matching regex"),
        ("OUVIDORIA_NATS_URL", "http://x", "Expected `str` matching regex"),
        ("OUVIDORIA_NATS_URL", "nats://a:4222,b", "Expected `str` matching regex"),
        ("OUVIDORIA_LOG_FORMAT", "xml", "Invalid enum value 'xml'"),
        ("OUVIDORIA_AUTO_ACKNOWLEDGE", "perhaps", "Expected `bool`"),
        ("OUVIDORIA_OIDC_AUDIENCE", "", "needed with OUVIDORIA_OIDC_ISSUER"),
        ("POSTGRES_ENABLE_DB_FUNCTIONS", "y", "append without its lock"),
        ("POSTGRES_ENABLE_DB_FUNCTIONS", "True", "append without its lock"),
    ],
)
def test_a_bad_value_is_refused_with_variable_and_reason(name: str, value: str, reason: str) -> None:
    environ = {name: value}
    if name == "OUVIDORIA_OIDC_AUDIENCE":
        environ["OUVIDORIA_OIDC_ISSUER"] = "https://issuer.example"
    with pytest.raises(SettingsError) as refused:
        Settings.load(environ)
    assert str(refused.value).startswith(f"{name}: ")
    assert reason in str(refused.value)


def test_every_bad_variable_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.load({"OUVIDORIA_PORT": "x", "OUVIDORIA_POOL_SIZE": "0", "OUVIDORIA_NONSENSE": "1"})
    names = [line.partition(":")[0] for line in str(refused.value).splitlines()]
    assert names == ["OUVIDORIA_NONSENSE", "OUVIDORIA_POOL_SIZE", "OUVIDORIA_PORT"]


def test_secrets_are_neither_repeated_in_refusals_nor_shown() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.load({"OUVIDORIA_DATABASE_URL": "mysql://u:hush@h/d"})
    assert "hush" not in str(refused.value)
    secrets = Settings(database_url="postgresql://u:hush@h/d", master_key="hush", nats_url="nats://u:hush@h")
    assert "hush" not in repr(secrets)


def test_a_broker_without_its_client_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    url = {"OUVIDORIA_NATS_URL": "nats://one:4222,tls://u:p@two:4222"}
    assert Settings.load(url).nats_url == url["OUVIDORIA_NATS_URL"]
    monkeypatch.setitem(sys.modules, "nats", None)
    with pytest.raises(SettingsError, match=r"OUVIDORIA_NATS_URL: needs nats-py.*\[nats\]"):
        Settings.load(url)


def test_what_the_supervisor_hands_down_is_no_unknown_setting() -> None:
    assert Settings.load({"OUVIDORIA_LISTEN_FD": "3", "OUVIDORIA_PARENT_FD": "4"}) == Settings()


def test_the_database_is_the_embedded_one_unless_another_is_named() -> None:
    assert Settings(home=Path("/srv/o")).url() == embedded.url(Path("/srv/o"))
    named = Settings(database_url="postgresql://app@db/o")
    assert named.url() == named.migration_url() == "postgresql://app@db/o"
    owned = Settings(database_url="postgresql://app@db/o", owner_url="postgresql://owner@db/o")
    assert owned.migration_url() == "postgresql://owner@db/o"


def test_every_setting_has_its_line_in_the_documentation() -> None:
    rows = [row for row in (ROOT / "docs" / "settings.md").read_text().splitlines() if row.startswith("| `")]
    assert rows == table(), "print the rows with: python -m infra.settings"
    fields = msgspec.structs.fields(Settings)
    assert [row.split("`")[1] for row in rows] == [variable(field.name) for field in fields]
