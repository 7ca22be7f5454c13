"""Log lines: structlog and the standard library's logging, as JSON or for people, without personal data.

Log calls carry ids, slugs and numbers. Three things keep the rest out all the same: values are masked by
their key, at any depth; objects are shown by their type; exceptions show their messages only where these
cannot repeat what somebody has sent.
"""

import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from types import TracebackType
from typing import Any, TextIO
from uuid import UUID

import msgspec
import psycopg
import structlog
from msgspec import Struct
from structlog.typing import EventDict, Processor, WrappedLogger

from infra.settings import Settings

MASK = "***"
# A key is masked when its last word is one of these: `email`, `customer_email`.
PERSONAL = frozenset(
    {
        *("answer", "comment", "contact", "description", "finding", "note", "question", "reason", "subject"),
        *("summary", "text", "body", "message", "parameters", "params", "payload", "query", "ref", "refs"),
        *("name", "email", "phone", "address", "customer"),
        *("authorization", "code", "cookie", "key", "password", "secret", "token"),
    }
)
PLAIN = (str, int, float, bool, UUID, date, timedelta, Decimal, Enum, PurePath, type(None))
# Their messages speak of code and of the system, not of what somebody has sent.
CANDID = (AttributeError, ImportError, NameError, NotImplementedError, OSError, TypeError)
UNTOUCHED = {"event", "exc_info", "_record", "_from_structlog"}  # the last three are structlog's own
OWN = ("api", "domain", "infra", "projections")
_line_encoder = msgspec.json.Encoder()
DATA_EXCEPTION = "22"  # the class of SQLSTATEs whose primary message quotes the value


def configure(settings: Settings) -> None:
    """Send every log line of this process to standard error, as the settings have it."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_personal_data,
        ExceptionDescription(all_messages=level <= logging.DEBUG),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = (JsonLines if settings.log_format == "json" else logging.StreamHandler)(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[first_line, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer(settings)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    # Its lines carry whole query strings; the application logs requests itself.
    logging.getLogger("uvicorn.access").disabled = True
    sys.excepthook = log_crash


class JsonLines(logging.StreamHandler[TextIO]):
    """The handler of lines in JSON, to which a line may also be written directly."""


class RequestLine(Struct, frozen=True, kw_only=True, tag_field="event", tag="request"):
    """What is logged of a request: nothing in it can be personal."""

    method: str
    route: str | None
    id: str | None
    status: int
    ms: float
    request_id: str
    level: str = "info"
    logger: str = "api.request_id"
    timestamp: datetime


def log_request(line: RequestLine) -> None:
    """Log a request: as every other line, but without what these need against personal data."""
    root = logging.getLogger()
    if root.level > logging.INFO:
        return
    if root.handlers and isinstance(root.handlers[0], JsonLines):
        root.handlers[0].stream.write(_line_encoder.encode(line).decode() + "\n")
    else:
        shown = msgspec.structs.asdict(line)
        structlog.get_logger(line.logger).info(
            "request", **{name: shown[name] for name in ("method", "route", "id", "status", "ms")}
        )


def renderer(settings: Settings) -> Processor:
    """The last processor: one JSON object a line, or coloured text on a terminal."""
    if settings.log_format == "json":
        return structlog.processors.JSONRenderer(serializer=_to_json)
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False)


def mask_personal_data(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace values whose key is personal, and objects that are not plain by their type."""
    return {name: value if name in UNTOUCHED else _masked(str(name), value) for name, value in event.items()}


def first_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Cut messages of libraries to their first line: asyncio shows the objects involved on the others."""
    event["event"] = str(event.get("event", "")).partition("\n")[0]
    return event


class ExceptionDescription:
    """Puts types, places and messages of an exception and its causes under `exception`."""

    def __init__(self, *, all_messages: bool = False) -> None:
        """`all_messages` shows those too that may repeat personal data."""
        self._message = str if all_messages else safe_message

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """The processor."""
        error = _exception(event.pop("exc_info", None))
        if error is not None:
            event["exception"] = [
                {
                    "type": _type_name(each),
                    "message": self._message(each),
                    "frames": _frames(each.__traceback__),
                }
                for each in _chain(error)
            ]
        return event


def safe_message(error: BaseException) -> str:
    """The message of an exception if it cannot repeat what somebody has sent, else the empty string."""
    match error:
        case psycopg.Error(sqlstate=str(state)):
            quotes_values = state.startswith(DATA_EXCEPTION)
            return state if quotes_values else f"{state} {error.diag.message_primary or ''}".strip()
        case psycopg.OperationalError():
            return str(error).partition("\n")[0]
        case UnicodeError():
            return error.reason if isinstance(error, UnicodeDecodeError | UnicodeEncodeError) else ""
        case _ if isinstance(error, CANDID) or type(error).__module__.partition(".")[0] in OWN:
            return str(error)
        case _:
            return ""


def log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """For `sys.excepthook`: the last words of a process, by the same rules as every other line."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger("crash").critical("crashed", exc_info=(kind, error, trace))


def _masked(name: str, value: Any) -> Any:
    if name.lower().rpartition("_")[2] in PERSONAL and value is not None:
        return MASK
    match value:
        case BaseException():
            return f"{_type_name(value)}: {safe_message(value)}".removesuffix(": ")
        case Mapping():
            return {str(key): _masked(str(key), each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked("", each) for each in value]
        case _ if isinstance(value, PLAIN):
            return value
        case _:
            return f"<{type(value).__name__}>"


def _exception(given: Any) -> BaseException | None:
    match given:
        case BaseException():
            return given
        case (_, BaseException() as error, _):
            return error
        case True:
            return sys.exception()
        case _:
            return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception, then what it came from; members of groups after their group."""
    seen: set[int] = set()
    left: list[BaseException] = [error]
    while left:
        current = left.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            left += current.exceptions
        came_from = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
        if came_from is not None:
            left.append(came_from)


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def _type_name(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _to_json(event: EventDict, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()
