"""What the tests of followers share: folds that fail, or are held up."""

import asyncio
from collections.abc import Sequence

from domain.messages import Event
from infra.events import Recorded

Batch = Sequence[Recorded[Event]]


class Trap:
    """Raises on one event, as long as it is set."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.set = True
        self.sprung = 0

    async def __call__(self, events: Batch) -> None:
        if self.set and self.position in [event.position for event in events]:
            self.sprung += 1
            raise ValueError("this event does not fit")


class Gate:
    """Holds up whoever comes to it until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self, _events: Batch) -> None:
        self.reached.set()
        await self.opened.wait()
