"""The log on a message broker: a stream there that holds every event once, in order, at its own position.

`broker.py` says what a broker must do, `publisher.py` keeps one fed; `jetstream.py` is NATS JetStream.
Another broker is one file more.
"""

from infra.broker.broker import Broker, Diverged, Mark, Message, Opening, Unreachable
from infra.broker.publisher import FOLLOWER, Publisher, message

__all__ = [
    "FOLLOWER",
    "Broker",
    "Diverged",
    "Mark",
    "Message",
    "Opening",
    "Publisher",
    "Unreachable",
    "message",
]
