"""A case told over days."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from domain.aggregate import Lookup
from domain.complaint import Complaint, ComplaintEvent, decide, evolve
from domain.complaint import commands as c
from domain.messages import Refused, tag_of
from tests.domain.spec import NOW, REGISTER, AnyCommand, context, number

ANA: dict[str, Any] = {"actor": "ana"}
SOFIA: dict[str, Any] = {"actor": "sofia", "supervisor": True}
SAMIR: dict[str, Any] = {"actor": "samir", "supervisor": True}


class Case:
    """A complaint over days: who does what, when, and what is recorded of it."""

    def __init__(self, register: c.Register = REGISTER, stream_id: int = 1000, at: datetime = NOW) -> None:
        self.now = at
        self.id = number(stream_id)
        self.events: list[ComplaintEvent] = []
        self._state: Complaint | None = None
        self._ids = 1
        self.do(register)

    def stands(self) -> Complaint:
        assert self._state is not None
        return self._state

    def later(self, time: timedelta) -> None:
        self.now += time

    def do(self, command: AnyCommand, **who: Any) -> Sequence[str]:
        """Carries the command out; the tags of what was recorded."""
        self._ids += 1
        ctx = context(
            command,
            **{"now": self.now, "new_id": number(self._ids), "stream_id": self.id} | ANA | who,
        )
        events = decide(self._state, command, ctx)
        for event in events:
            self._state = evolve(self._state, event, ctx.occurred_at)
        self.events += events
        return [tag_of(type(event)) for event in events]

    def refused(self, command: AnyCommand, **who: Any) -> str:
        with pytest.raises(Refused) as caught:
            self.do(command, **who)
        return caught.value.slug

    @property
    def last_id(self) -> UUID:
        """What the last command created."""
        return number(self._ids)

    def seen(self, **changes: Any) -> Lookup:
        """What the views tell others of this complaint."""
        stands = self.stands()
        known = Lookup(
            registered_at=stands.registered_at,
            state=stands.state,
            customer_id=stands.customer_id,
            duplicate_of=stands.duplicate_of,
        )
        return structs.replace(known, **changes)
