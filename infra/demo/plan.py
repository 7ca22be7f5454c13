"""The demo as data: customers and cases, each a list of steps. Nothing here knows a database or a clock."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.aggregate import Aggregate
from domain.complaint import COMPLAINT
from domain.customer import CUSTOMER
from domain.messages import Command

ACTOR = "demo"


class Ref(Struct, frozen=True):
    """What has no id before the demo runs: a customer, an earlier case, what an earlier step creates."""

    to: Literal["customer", "case", "step"]
    number: int


class Step(Struct, frozen=True):
    """A command still without the ids it refers to."""

    verb: str
    at: datetime
    fields: dict[str, Any]


class Entry(Struct, frozen=True, kw_only=True):
    """One stream: a customer or a case. All of it is told by one actor."""

    kind: Literal["customer", "complaint"]
    number: int
    actor: str
    steps: tuple[Step, ...]
    story: str = ""
    """The key of its story; for cases."""

    @property
    def claim(self) -> str:
        """What makes it be added once and for ever."""
        return f"demo:{self.number}" if self.kind == "complaint" else f"demo:customer/{self.number}"

    @property
    def aggregate(self) -> Aggregate:
        return COMPLAINT if self.kind == "complaint" else CUSTOMER

    def needs(self) -> set[Ref]:
        """The other entries that it refers to."""
        found: set[Ref] = set()
        for step in self.steps:
            _walk(step.fields, found.add)
        return {ref for ref in found if ref.to != "step"}

    def commands(self, known: Callable[[Ref], UUID]) -> list[Command]:
        """Its commands; `known` tells the stream of a customer or case.

        Raises:
            msgspec.ValidationError: a step is no valid command.
        """

        def resolve(ref: Ref) -> UUID:
            if ref.to != "step":
                return known(ref)
            step = self.steps[ref.number]
            return created_id(self.claim, step.verb, step.at)

        types = {command.verb: command for command in self.aggregate.commands}
        types |= {command.verb: command for command in self.aggregate.system_commands}
        return [
            msgspec.convert(_resolved(step.fields, resolve) | {"occurred_at": step.at}, types[step.verb])
            for step in self.steps
        ]


class Plan(Struct, frozen=True):
    """Customers before cases; cases in the order in which they were received."""

    customers: tuple[Entry, ...]
    cases: tuple[Entry, ...]


def created_id(claim: str, verb: str, at: datetime) -> UUID:
    """The id of what a command creates, known beforehand: a UUID of version 7 of the time it happened."""
    digest = hashlib.sha256(f"{claim}/{verb}/{at.isoformat()}".encode()).digest()
    stamp = int(at.timestamp() * 1000).to_bytes(6)
    raw = bytearray(stamp + digest[:10])
    raw[6] = 0x70 | raw[6] & 0x0F
    raw[8] = 0x80 | raw[8] & 0x3F
    return UUID(bytes=bytes(raw))


def _resolved(value: Any, resolve: Callable[[Ref], UUID]) -> Any:
    match value:
        case Ref():
            return resolve(value)
        case dict():
            return {name: _resolved(item, resolve) for name, item in value.items()}
        case list() | tuple():
            return [_resolved(item, resolve) for item in value]
        case _:
            return value


def _walk(value: Any, found: Callable[[Ref], None]) -> None:
    match value:
        case Ref():
            found(value)
        case dict():
            for item in value.values():
                _walk(item, found)
        case list() | tuple():
            for item in value:
                _walk(item, found)
        case _:
            pass
