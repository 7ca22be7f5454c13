"""The log on a message broker, where the settings name one."""

from functools import partial

from api.parts import conninfo
from infra.broker import Publisher
from infra.projector import Wake
from infra.settings import Settings


def publisher(settings: Settings, url: str, wake: Wake) -> Publisher:
    """Publishes the log to NATS; the stream has the name of the log's schema."""
    from infra.broker.jetstream import JetStream  # noqa: PLC0415 - nats-py is there only where it is wanted

    return Publisher(
        partial(JetStream.open, url, settings.schema), conninfo(settings), settings.source(), wake
    )
