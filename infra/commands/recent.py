"""Histories of the streams that changed last: the next command on one of them loads nothing."""

from typing import Any
from uuid import UUID

from msgspec import Struct

from infra.vault import StreamKey

MOST = 5_000


class History(Struct, frozen=True):
    """A stream folded: state, version, ETag, last position, and the key of its events (None: erased)."""

    stream_id: UUID
    state: Any
    version: int
    etag: int
    position: int
    key: StreamKey | None
    wrapped: bytes | None
    """The key as the log has it. An append that brings it along is accepted only while the log still does."""


class Recent:
    """The last so many histories, by kind of stream and id.

    They may be stale, so they serve to decide what is then appended, since `append` compares version and key;
    a refusal is never decided on them.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._histories: dict[tuple[str, UUID], History] = {}

    def get(self, kind: str, stream_id: UUID) -> History | None:
        """The stream as it stood after its last command here, if that is remembered."""
        return self._histories.get((kind, stream_id))

    def put(self, kind: str, history: History) -> None:
        """Remember a history as the newest, and forget the oldest of too many."""
        self._histories.pop((kind, history.stream_id), None)
        self._histories[kind, history.stream_id] = history
        if len(self._histories) > self._most:
            del self._histories[next(iter(self._histories))]

    def forget(self, kind: str, stream_id: UUID) -> None:
        """Remember a stream no longer."""
        self._histories.pop((kind, stream_id), None)
