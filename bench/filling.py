"""A log of complaints whose events interleave, recorded through the real append, personal fields sealed."""

import asyncio
import hashlib
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from domain.complaint import COMPLAINT
from domain.complaint import events as e
from domain.messages import Event, tag_of
from infra.events import encode_body
from infra.log import Append, Draft, Log
from infra.vault import StreamKey

AT_ONCE = 2_000
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
DESCRIPTION = """The invoice of October shows the monthly fee twice. I called on the 3rd and was told that it
would be corrected within five days; nothing has happened since, and the second charge has been collected."""


class Case(NamedTuple):
    """A complaint to be recorded: its stream, its key and what happens to it, in order."""

    stream_id: UUID
    key: StreamKey
    wrapped: bytes
    events: Sequence[Event]


async def fill(log: Log, complaints: int, seed: int = 1) -> int:
    """Record so many complaints of six events each, interleaved at random; the number of events."""
    cases = [_case(log, seed * 10**9 + number) for number in range(complaints)]
    order = [case for case in cases for _ in case.events]
    random.Random(seed).shuffle(order)
    appends = list(_appends(order))
    for start in range(0, len(appends), AT_ONCE):
        answers = await asyncio.gather(*map(log.append, appends[start : start + AT_ONCE]))
        if any(answer.verdict != "accepted" for answer in answers):
            raise RuntimeError("an event was not accepted")
    return len(appends)


def _appends(order: Sequence[Case]) -> Iterator[Append]:
    versions: dict[UUID, int] = {}
    for minute, case in enumerate(order):
        before = versions.get(case.stream_id, 0)
        versions[case.stream_id] = before + 1
        event, key = case.events[before], uuid4().hex
        body = encode_body(event, case.key, case.stream_id, before + 1)
        yield Append(
            stream_id=case.stream_id,
            kind=COMPLAINT.kind,
            expected=before,
            events=[Draft(tag_of(type(event)), START + timedelta(seconds=minute), body)],
            actor="ana",
            key=f"~{key}",
            digest=hashlib.sha256(key.encode()).digest(),
            correlation=key,
            wrapped_key=case.wrapped if before == 0 else None,
        )


def _case(log: Log, number: int) -> Case:
    stream_id, ask_id = uuid4(), uuid4()
    key, wrapped = log.vault.new_key(stream_id)
    registered = e.ComplaintRegistered(
        protocol=f"{number:012d}",
        subject=f"Charged twice, invoice {number}",
        description=DESCRIPTION,
        channel="phone",
        kind="complaint",
        anonymity="identified",
        received_at=START,
        customer_id=uuid4(),
        product=f"product-{number % 7}",
        category=f"category-{number % 11}",
        severity="medium",
    )
    return Case(
        stream_id,
        key,
        wrapped,
        (
            registered,
            e.ComplaintAcknowledged(channel="email", automatic=True),
            e.ComplaintAssigned(analyst=f"analyst-{number % 40}", team=f"team-{number % 5}"),
            e.SectorConsulted(ask_id=ask_id, sector="billing", question="Was the fee charged twice?"),
            e.SectorAnswered(ask_id=ask_id, sector="billing", answer="Yes, on the 3rd.", late=False),
            e.ResolutionProposed(
                proposal_id=uuid4(), outcome="upheld", summary="The second fee is refunded.", channel="email"
            ),
        ),
    )
