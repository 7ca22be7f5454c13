"""What the handlers work with, put together once in `api.app`."""

from dataclasses import dataclass
from typing import Any

from litestar import Request

from api.auth import Authenticator, Principal
from api.reading import Reader
from api.streams import Streams
from infra.batching import Gate, Shared
from infra.commands import Commands
from infra.feed import Stretch
from infra.hub import Hub
from infra.log import Log
from infra.projector import Standstill, Wake
from infra.reference import Reference
from infra.secrets import Secrets
from infra.settings import Settings


@dataclass(frozen=True)
class Services:
    """The parts of a running API process."""

    settings: Settings
    log: Log
    commands: Commands
    reader: Reader
    reference: Reference
    follower: Reader
    """Reads the log for its subscribers."""
    wake: Wake
    waiting: Shared[Stretch]
    """Reads for those who wait for events."""
    hub: Hub
    streams: Streams
    authenticator: Authenticator
    gate: Gate
    secrets: Secrets
    followers: frozenset[str]
    """The checkpoints of the views and reactors that this version runs; others are left over."""
    standstill: Standstill

    def end_waiting(self) -> None:
        """Answer those who wait for events, and end their streams: the process is about to stop."""
        self.wake.close()
        self.streams.close()


def services(request: Request[Any, Any, Any]) -> Services:
    """The services of the app that serves the request."""
    found: Services = request.app.state.services
    return found


def principal(request: Request[Any, Any, Any]) -> Principal:
    """The caller, as the guard found it."""
    found: Principal = request.scope["user"]
    return found
