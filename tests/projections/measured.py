"""What the tests of service levels in views share: complaints told by their events, and their policy."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from domain.complaint import events as e
from domain.messages import Event, tag_of
from domain.sla import Calendar, Facts, Length, PinnedPolicy, Policy, Target
from domain.sla_calendar import CalendarActivated, CalendarDefined
from domain.sla_policy import PolicyActivated, PolicyDefined
from infra.events import Origin, encode_body
from infra.log import Append, Draft
from projections import sla
from projections.sla import ComplianceAsked, Group
from tests.projections.house import House

MONDAY = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALWAYS = ("00:00", "24:00")
CALENDAR = Calendar(
    name="round the clock",
    zone="America/Sao_Paulo",
    windows=dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), (ALWAYS,)),
)


def policy(hours: int, **fields: Any) -> Policy:
    target = Target(
        name="resolution",
        stops="resolved",
        length=Length(amount=hours, unit="business_hours"),
        pauses_in=("awaiting_customer",),
    )
    given: dict[str, Any] = {
        "name": "desk",
        "layer": "internal",
        "order": 1,
        "calendar": CALENDAR.name,
        "targets": (target,),
    }
    return Policy(**given | fields)


REGISTERED = e.ComplaintRegistered(
    protocol="1",
    subject="parcel",
    description="lost",
    channel="web",
    kind="complaint",
    anonymity="identified",
    received_at=MONDAY,
)
APPLIED = e.SlaApplied(
    policies=(
        PinnedPolicy(policy="desk", version=1, layer="internal", calendar=CALENDAR.name, calendar_version=1),
    ),
    facts=Facts(channel="web"),
    cause="registered",
)
RESOLVED = e.ComplaintResolved(outcome="upheld", summary="found", basis="accepted_on_contact")
TO_BIA = e.ComplaintAssigned(analyst="bia", team="north")
TO_LEO = e.ComplaintAssigned(analyst="leo", team="south")
TO_NIGHT = e.ComplaintAssigned(team="night", provider="third_party", provider_name="Central Exemplo")
TO_DAY = e.ComplaintAssigned(team="day", provider="third_party", provider_name="Outra Central")
TO_US = e.ComplaintAssigned(team="cards", provider="in_house")


async def tell(
    at: House, kind: str, events: Sequence[tuple[Event, datetime]], origin: Origin = "live"
) -> UUID:
    """A stream of these events."""
    stream_id = uuid4()
    key, wrapped = at.log.vault.new_key(stream_id)
    drafts = [
        Draft(tag_of(type(event)), when, encode_body(event, key, stream_id, version))
        for version, (event, when) in enumerate(events, start=1)
    ]
    name = uuid4().hex
    await at.log.append(
        Append(
            stream_id=stream_id,
            kind=kind,
            expected=0,
            events=drafts,
            actor="ana",
            key=name,
            digest=name.encode(),
            correlation="request-1",
            wrapped_key=wrapped,
            origin=origin,
        )
    )
    return stream_id


async def published(at: House, document: Policy) -> None:
    calendar = [
        CalendarDefined(calendar=CALENDAR),
        CalendarActivated(calendar_name=CALENDAR.name, calendar_version=1),
    ]
    await tell(at, "sla-calendar", [(event, MONDAY) for event in calendar])
    defined = [PolicyDefined(policy=document), PolicyActivated(policy_name=document.name, policy_version=1)]
    await tell(at, "sla-policy", [(event, MONDAY) for event in defined])


async def complaint(at: House, *events: tuple[Event, float], received: datetime = MONDAY) -> UUID:
    """A complaint with the policy applied, and what happened how many hours after it was received."""
    registered = e.ComplaintRegistered(
        **{name: getattr(REGISTERED, name) for name in REGISTERED.__struct_fields__}
        | {"received_at": received, "protocol": uuid4().hex}
    )
    told = [(registered, 0.0), (APPLIED, 0.0), *events]
    return await tell(at, "complaint", [(event, received + hours * HOUR) for event, hours in told])


def counts(group: Group) -> tuple[int, int, float | None]:
    return group.met, group.breached, group.compliance


async def asked(at: House, **wanted: Any) -> sla.Compliance:
    found = (await sla.compliance(at.connection, ComplianceAsked(**wanted))).value
    assert found
    return found
