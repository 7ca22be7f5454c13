"""What a command is called with, and what comes back: an outcome or the reason why there is none."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from domain.messages import Event
from infra.events import Origin, Recorded


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks for a command, and under which conditions.

    `key` makes a repetition by the same actor harmless, `if_match` demands that the stream stand at that
    ETag, `claim` is taken once and for ever by the first command that asks for it.
    """

    actor: str
    correlation: str
    key: str | None = None
    if_match: int | None = None
    claim: str | None = None
    origin: Origin = "live"
    causation: str | None = None
    supervisor: bool = False
    inbound: bool = False
    """A channel that hands on what reached it."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What an accepted command led to: the stream's state and version then, and the events it recorded.

    `etag` is the version of the last event not recorded by the system itself; `position` that of the stream's
    last event. `replayed` tells that the command had been recorded before.
    """

    stream_id: UUID
    state: Any
    version: int
    etag: int
    position: int
    events: Sequence[Recorded[Event]]
    replayed: bool = False


class NoSuchStream(Exception):
    """There is no stream of this kind with this id."""


class VersionMismatch(Exception):
    """`If-Match` names another version than the current one."""

    def __init__(self, current: int) -> None:
        super().__init__(f"the current version is {current}")
        self.current = current


class KeyReused(Exception):
    """The idempotency key was used before, for another command."""


class AlreadyClaimed(Exception):
    """Another stream took the claim before."""

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(str(stream_id))
        self.stream_id = stream_id
