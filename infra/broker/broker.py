"""What a broker must do to carry the log."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID


class Unreachable(Exception):
    """The broker did not take or answer something; what it holds is to be asked before going on."""


class Diverged(Exception):
    """The broker's stream is not a copy of this log; the message says where and what to do."""


class Message(NamedTuple):
    """An event on its way to the broker: what routes it, and the CloudEvent as JSON."""

    position: int
    id: str
    kind: str
    tag: str
    stream_id: UUID
    payload: bytes


class Mark(NamedTuple):
    """Where the broker's stream ends: the position of its last event; the event's id, if it is still kept."""

    position: int
    id: str | None


class Broker(Protocol):
    """An open connection to a broker.

    All methods raise `Unreachable` when the broker is away or refuses; the connection is done with then.
    """

    async def last(self) -> Mark:
        """Where the stream ends, as the broker knows it; position 0 if it is empty.

        Raises:
            Diverged: the stream ends with something that is no event of a log.
        """
        ...

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return once all are acknowledged. Their positions go on from the stream's end without a hole.

        None is taken out of turn or twice, whoever else publishes meanwhile: after one that is refused, all
        are.
        """
        ...

    async def close(self) -> None:
        """Give the connection up."""
        ...


Opening = Callable[[], Awaitable[Broker]]
