"""What the tests of the stream share: many events, and where they stand."""

from uuid import uuid4

from infra.log import Append, Draft
from tests.api.serving import Service
from tests.api.sse import Message
from tests.infra.logs import NOW


def positions(messages: list[Message]) -> list[int | None]:
    return [message.id for message in messages]


async def append(service: Service, events: int, size: int = 10, tag: str = "note-added") -> None:
    body = b'{"type":"%b","pad":"%b"}' % (tag.encode(), b"x" * size)
    key = uuid4().hex
    request = Append(
        stream_id=uuid4(), kind="complaint", expected=0, events=[Draft(tag, NOW, body)] * events, actor="ana",
        key=key, digest=key.encode(), correlation="request-1", wrapped_key=b"wrapped",
    )  # fmt: skip
    assert (await service.services.log.append(request)).verdict == "accepted"


def pad(service: Service, events: int, size: int = 10, tag: str = "note-added") -> None:
    """Append events of a size, as one command."""
    service.run(append(service, events, size, tag))
