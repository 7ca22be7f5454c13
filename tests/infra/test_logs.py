"""What a log line shows of what it is given, and what it never shows."""

import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
import structlog

from infra import logs
from infra.settings import Settings

SOMEBODY = "maria.silva@example.org"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave logging as the other tests have it."""
    root, access = logging.getLogger(), logging.getLogger("uvicorn.access")
    before = (root.handlers[:], root.level, access.disabled, sys.excepthook, structlog.get_config())
    yield
    root.handlers[:], root.level, access.disabled, sys.excepthook = before[:4]
    structlog.configure(**before[4])
    structlog.contextvars.clear_contextvars()


def configured() -> Any:
    """A logger; not a fixture, since pytest puts another standard error in place for the test itself."""
    logs.configure(Settings())
    return structlog.get_logger("test")


def written(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    decoded = json.loads(written(capsys))
    assert isinstance(decoded, dict)
    return decoded


def test_a_line_is_one_json_object_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    log = configured()
    stream = UUID(int=7)
    log.info("command-recorded", stream=stream, version=3, at=datetime(2026, 1, 2, tzinfo=UTC))
    shown = line(capsys)
    assert shown.pop("timestamp").endswith("Z")
    assert shown == {
        "event": "command-recorded",
        "level": "info",
        "logger": "test",
        "stream": str(stream),
        "version": 3,
        "at": "2026-01-02T00:00:00Z",
    }


def test_a_line_carries_what_is_bound_to_the_request(capsys: pytest.CaptureFixture[str]) -> None:
    log = configured()
    structlog.contextvars.bind_contextvars(request_id="r-1")
    log.info("served")
    logging.getLogger("uvicorn.error").warning("from a %s", "library")
    ours, theirs = map(json.loads, written(capsys).splitlines())
    assert ours["request_id"] == theirs["request_id"] == "r-1"
    assert (theirs["event"], theirs["level"], theirs["logger"]) == (
        "from a library",
        "warning",
        "uvicorn.error",
    )


@pytest.mark.parametrize(
    "key", ["email", "name", "customer_email", "Authorization", "idempotency_key", "text"]
)
def test_values_under_personal_keys_are_masked_at_any_depth(
    capsys: pytest.CaptureFixture[str], key: str
) -> None:
    log = configured()
    log.info("x", **{key: SOMEBODY}, outer=[{"inner": {key: SOMEBODY}}])
    shown = line(capsys)
    assert shown[key] == "***"
    assert shown["outer"] == [{"inner": {key: "***"}}]


def test_objects_are_shown_by_their_type(capsys: pytest.CaptureFixture[str]) -> None:
    log = configured()
    log.info("x", command=Settings(master_key=SOMEBODY))
    assert line(capsys)["command"] == "<Settings>"


def test_settings_do_not_widen_what_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(log_level="warning"))
    structlog.get_logger().info("hidden")
    logging.getLogger("alembic").info("hidden")
    assert written(capsys) == ""


def test_the_console_format_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(log_format="console"))
    structlog.get_logger().info("started", port=8000, email=SOMEBODY)
    shown = written(capsys)
    assert "started" in shown
    assert "port=8000" in shown
    assert SOMEBODY not in shown


def test_the_access_log_with_its_query_strings_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    configured()
    logging.getLogger("uvicorn.access").info("GET /v1/complaints?q=%s", SOMEBODY)
    assert written(capsys) == ""


def test_an_exception_shows_type_and_place_but_not_what_was_sent(capsys: pytest.CaptureFixture[str]) -> None:
    log = configured()
    try:
        try:
            int(SOMEBODY)
        except ValueError as error:
            raise AttributeError("no attribute 'x'") from error
    except AttributeError:
        log.exception("failed")
    text = written(capsys)
    outer, inner = json.loads(text)["exception"]
    assert (outer["type"], outer["message"]) == ("AttributeError", "no attribute 'x'")
    assert (inner["type"], inner["message"]) == ("ValueError", "")
    assert "test_logs.py" in inner["frames"][0]
    assert SOMEBODY not in text


def test_the_members_of_a_group_of_exceptions_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    log = configured()
    log.error("failed", exc_info=ExceptionGroup(SOMEBODY, [KeyError(SOMEBODY), TypeError("not a number")]))
    text = written(capsys)
    assert [each["type"] for each in json.loads(text)["exception"]] == [
        "ExceptionGroup",
        "KeyError",
        "TypeError",
    ]
    assert SOMEBODY not in text


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("INSERT INTO people VALUES (%(who)s)", "23505 duplicate key value violates unique constraint"),
        ("SELECT %(who)s::int", "22P02"),
    ],
)
def test_errors_of_the_database_do_not_repeat_values(
    capsys: pytest.CaptureFixture[str], postgres: str, statement: str, shown: str
) -> None:
    log = configured()
    with psycopg.connect(postgres) as connection:
        connection.execute("CREATE TEMPORARY TABLE people (who text PRIMARY KEY)")
        connection.execute("INSERT INTO people VALUES (%s)", [SOMEBODY])
        try:
            connection.execute(statement.encode(), {"who": SOMEBODY})
        except psycopg.Error as error:
            log.exception("failed", error=error)
    text = written(capsys)
    decoded = json.loads(text)
    assert decoded["exception"][0]["message"].startswith(shown)
    assert shown in decoded["error"]
    assert SOMEBODY not in text


def test_debugging_shows_the_messages_of_all_exceptions(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(log_level="debug"))
    structlog.get_logger().error("failed", exc_info=ValueError("no such colour: blue"))
    assert line(capsys)["exception"][0]["message"] == "no such colour: blue"


def test_the_last_words_of_a_process_follow_the_same_rules(capsys: pytest.CaptureFixture[str]) -> None:
    configured()
    error = ValueError(SOMEBODY)
    sys.excepthook(ValueError, error, None)
    shown = line(capsys)
    assert shown["event"] == "crashed"
    assert shown["exception"] == [{"type": "ValueError", "message": "", "frames": []}]
