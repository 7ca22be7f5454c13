"""NATS JetStream as a broker: the sequence of a message in the stream is the event's position in the log.

So a consumer starts at any position by its number, and the server itself refuses whatever is out of turn:
each message names the sequence that must be the last before it.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence

import nats
from nats.aio.client import Client
from nats.errors import Error
from nats.js.api import Header, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from infra.broker.broker import Diverged, Mark, Message, Unreachable
from infra.cancelling import heed_cancellation

CONNECT_SECONDS = 5
ANSWER_SECONDS = 5.0
PING_SECONDS = 10
DUPLICATE_SECONDS = 120.0  # the server's own default; nothing rests on it
POSITION = "Ouvidoria-Position"


class JetStream:
    """A connection to the stream `name`; its subjects are `<name>.<kind>.<tag>.<stream id>`."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name
        self._jetstream = client.jetstream(timeout=ANSWER_SECONDS)

    @classmethod
    async def open(cls, url: str, name: str) -> "JetStream":
        """Connect; where there is no stream yet, make it: on disk, without limits.

        `url` may name several servers of a cluster, with commas between them.

        Raises:
            Unreachable: no server answers, or it refuses.
        """
        with refusals():
            # A connection that breaks is not mended behind our back: what the stream holds is asked anew.
            client = await nats.connect(
                url.split(","),
                name=f"ouvidoria {name}",
                allow_reconnect=False,
                max_reconnect_attempts=1,  # each server is tried twice; later again, by whoever opens
                reconnect_time_wait=0,
                connect_timeout=CONNECT_SECONDS,
                ping_interval=PING_SECONDS,
                error_cb=_nothing,  # every error reaches whoever waits for the answer
            )
        broker = cls(client, name)
        try:
            if "tls://" in url:
                broker._check_encrypted()
            await broker._ensure()
        except BaseException:
            await broker.close()
            raise
        return broker

    async def last(self) -> Mark:
        """The last sequence, and the event id of its message unless the stream's limits have removed it."""
        with refusals():
            sequence = (await self._jetstream.stream_info(self._name)).state.last_seq
            if sequence == 0:
                return Mark(0, None)
            try:
                message = await self._jetstream.get_msg(self._name, sequence)
            except NotFoundError:
                return Mark(sequence, None)
        headers = message.headers or {}
        if headers.get(POSITION) != str(sequence):
            raise Diverged(f"message {sequence} of the stream {self._name} was not published from a log")
        return Mark(sequence, headers.get(Header.MSG_ID))

    async def publish(self, messages: Sequence[Message]) -> None:
        """All at once, each fenced by its predecessor; acknowledged as the stream's storage has it."""
        answers = await asyncio.gather(*map(self._publish, messages), return_exceptions=True)
        for failure in answers:
            if isinstance(failure, BaseException):
                raise failure

    async def close(self) -> None:
        """Close the connection, broken or not."""
        with contextlib.suppress(Error, OSError, TimeoutError):
            await self._client.close()

    def _check_encrypted(self) -> None:
        # The client encrypts where the server wants it, and goes without where it does not.
        if not self._client._server_info.get("tls_required"):  # noqa: SLF001 - it has no other name
            raise Unreachable("the server does not encrypt, and tls:// was asked for")

    async def _ensure(self) -> None:
        config = StreamConfig(
            name=self._name,
            description="The log of Ouvidoria: every event, in order; the sequence is the position",
            subjects=[f"{self._name}.>"],
            storage=StorageType.FILE,
            duplicate_window=DUPLICATE_SECONDS,
        )
        with refusals():
            try:
                await self._jetstream.stream_info(self._name)
            except NotFoundError:
                await self._jetstream.add_stream(config)

    async def _publish(self, message: Message) -> None:
        subject = f"{self._name}.{message.kind}.{message.tag}.{message.stream_id}"
        headers = {
            Header.MSG_ID.value: message.id,
            Header.EXPECTED_LAST_SEQUENCE.value: str(message.position - 1),
            POSITION: str(message.position),
            "Content-Type": "application/cloudevents+json",
        }
        with refusals():
            answer = await self._jetstream.publish(
                subject, message.payload, stream=self._name, headers=headers
            )
        if answer.seq != message.position:
            raise Diverged(f"position {message.position} is message {answer.seq} of the stream {self._name}")


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Tell what the client raises as `Unreachable`."""
    try:
        yield
        heed_cancellation()
    except (Error, OSError, TimeoutError, ValueError) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error


async def _nothing(_error: Exception) -> None:
    pass
