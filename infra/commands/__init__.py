"""The one way in: key → `If-Match` → decide → append, decided again when the stream has moved on."""

from infra.commands.calls import AlreadyClaimed, Caller, KeyReused, NoSuchStream, Outcome, VersionMismatch
from infra.commands.executing import Commands
from infra.commands.recent import History

__all__ = [
    "AlreadyClaimed",
    "Caller",
    "Commands",
    "History",
    "KeyReused",
    "NoSuchStream",
    "Outcome",
    "VersionMismatch",
]
