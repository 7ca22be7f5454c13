"""What reactors share."""

from typing import Any

from infra.commands import Caller
from infra.events import Recorded


def reaction(reactor: str, recorded: Recorded[Any]) -> Caller:
    """The caller of a reactor's command, keyed by the event it reacts to: at least once becomes once."""
    return Caller(
        actor=f"system:{reactor}",
        correlation=recorded.correlation,
        causation=f"{recorded.stream_id}/{recorded.version}",
        key=f"{reactor}/{recorded.position}/{recorded.stream_id}",
        origin="system",
    )
