"""The tiers of customers by the log: complaints learn of them only where policies are applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import psycopg
from msgspec.structs import replace
from psycopg.rows import tuple_row

from domain.customer import CustomerRegistered, CustomerTierChanged
from domain.sla import Facts
from domain.sla.story import Story
from infra.events import decode_body
from projections.sla.cases import Case, Dimensions

TOLD: LiteralString = """
SELECT stream_id, version, tag, recorded_at, body FROM events
 WHERE stream_id = ANY(%s) AND tag IN ('customer-registered', 'customer-tier-changed')
 ORDER BY stream_id, version"""


class TierSince(NamedTuple):
    at: datetime
    """When it was recorded: policies are applied again then."""
    tier: str


class Tiers:
    """What the customers of some complaints were when."""

    def __init__(self, told: Mapping[UUID, Sequence[TierSince]]) -> None:
        """By customer: the tier that it was registered with, and what it changed to."""
        self._told = told

    def facts_of(self, case: Case) -> list[tuple[datetime, Facts]]:
        """What policies are matched against: at first, and after each change that has them applied."""
        facts = [(since.at, self._facts(case, since.dimensions, since.at)) for since in case.history]
        changed = [(at, self._facts(case, case.then(at), at)) for at in self._changes(case)]
        return sorted([*facts, *changed], key=lambda each: each[0]) if changed else facts

    def _facts(self, case: Case, then: Dimensions, at: datetime) -> Facts:
        return replace(then.facts, tier=self._tier(case, at))

    def _tier(self, case: Case, at: datetime) -> str | None:
        """What policies were applied with, unless it changed since; before that, what the customer had."""
        then = case.then(at)
        told = self._of(then.customer_id)
        changed = next((since for since in reversed(told[1:]) if since.at <= at), None)
        applied = max((each.at for each in case.timeline.applications if each.at <= at), default=None)
        if changed is not None and (applied is None or applied < changed.at):
            return changed.tier
        if applied is not None:
            return then.facts.tier
        return told[0].tier if told else None

    def _changes(self, case: Case) -> list[datetime]:
        """When the customer's tier changed while the complaint was open."""
        times = [
            since.at
            for customer_id in {since.dimensions.customer_id for since in case.history}
            for since in self._of(customer_id)[1:]
            if since.at > case.history[0].at and case.then(since.at).customer_id == customer_id
        ]
        story = Story(case.timeline) if times else None
        return [at for at in sorted(times) if story and story.is_open(at)]

    def _of(self, customer_id: UUID | None) -> Sequence[TierSince]:
        return self._told.get(customer_id, ()) if customer_id else ()


async def read_tiers(connection: psycopg.AsyncConnection[Any], cases: Iterable[Case]) -> Tiers:
    """The tiers of all customers whom these complaints ever were of, in one query."""
    customers = {since.dimensions.customer_id for case in cases for since in case.history} - {None}
    if not customers:
        return Tiers({})
    async with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        rows = await (await cursor.execute(TOLD, [list(customers)])).fetchall()
    told: dict[UUID, list[TierSince]] = {}
    for stream_id, version, tag, recorded_at, body in rows:
        event = decode_body(tag, bytes(body), None, stream_id, version)
        assert isinstance(event, CustomerRegistered | CustomerTierChanged)  # noqa: S101 - by their tags
        told.setdefault(stream_id, []).append(TierSince(recorded_at, event.tier))
    return Tiers(told)
