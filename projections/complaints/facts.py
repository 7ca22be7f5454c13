"""What is shown of a complaint and no decision needs to know, so that the domain's state does not hold it."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.approvals import Ground
from domain.complaint import events as e
from domain.complaint.values import Contact, DismissalGround
from projections.complaints.items import (
    AttachmentRecord,
    Exposure,
    Forwarding,
    HoldingResponse,
    OriginFound,
    Satisfaction,
    Workaround,
    WorkTotals,
)


class Said(Struct, frozen=True, kw_only=True):
    """The words of a promise or a reminder."""

    text: str
    at: datetime


class Person(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who a party is."""

    customer_id: UUID | None = None
    contact: Contact | None = None


class Offer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a compensation was offered."""

    at: datetime
    reason: str | None = None
    reference: str | None = None


class Progress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a case at an outside body is; with another `due_at` the body waits again."""

    due_at: datetime | None = None
    waiting: bool = True
    answered_at: datetime | None = None
    decided_at: datetime | None = None
    outcome: str | None = None
    rating: int | None = None


class Grounds(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a command waits for a second person."""

    ground: Ground
    at: datetime
    limit: str | None = None


class Facts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """By the id of what they belong to, as text (JSON has no other keys), or in the order of their events."""

    parties: dict[str, Person] = {}
    promises: dict[str, Said] = {}
    reminders: dict[str, Said] = {}
    compensations: dict[str, Offer] = {}
    external_cases: dict[str, Progress] = {}
    approvals: dict[str, Grounds] = {}
    attachments: tuple[AttachmentRecord, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    forwardings: tuple[Forwarding, ...] = ()
    work: WorkTotals = WorkTotals()
    origin: OriginFound | None = None
    escalated_to: str | None = None
    dismissal_ground: DismissalGround | None = None
    satisfaction: Satisfaction | None = None
    workaround: Workaround | None = None
    holding_response: HoldingResponse | None = None


def opened(facts: Facts, event: e.ExternalCaseOpened) -> Facts:
    known = facts.external_cases.get(str(event.case_id), Progress())
    again = known.waiting or known.due_at != event.due_at
    return _progressed(facts, event.case_id, replace(known, due_at=event.due_at, waiting=again))


def answered(facts: Facts, event: e.ExternalCaseAnswered, at: datetime) -> Facts:
    known = facts.external_cases.get(str(event.case_id), Progress())
    return _progressed(facts, event.case_id, replace(known, waiting=False, answered_at=at))


def decided(facts: Facts, event: e.ExternalCaseDecided, at: datetime) -> Facts:
    known = facts.external_cases.get(str(event.case_id), Progress())
    verdict = replace(known, waiting=False, decided_at=at, outcome=event.outcome, rating=event.rating)
    return _progressed(facts, event.case_id, verdict)


def exposed(facts: Facts, event: e.ExposureRecorded, at: datetime) -> Facts:
    """One count a post: the latest, though an earlier one may be told after it."""
    known = next((each for each in facts.exposures if each.url == event.url), None)
    if known is not None and known.recorded_at > at:
        return facts
    others = tuple(each for each in facts.exposures if each is not known)
    latest = Exposure(network=event.network, url=event.url, shares=event.shares, recorded_at=at)
    return replace(facts, exposures=(*others, latest))


def worked(facts: Facts, event: e.WorkLogged) -> Facts:
    costs = dict(facts.work.costs)
    if event.cost is not None and event.currency is not None:
        total = Decimal(costs.get(event.currency, "0")) + Decimal(event.cost)
        costs[event.currency] = f"{total:f}"
    return replace(facts, work=WorkTotals(minutes=facts.work.minutes + event.minutes, costs=costs))


def rated(facts: Facts, event: e.SatisfactionRated, at: datetime) -> Facts:
    if facts.satisfaction is not None and facts.satisfaction.rated_at > at:
        return facts
    rating = Satisfaction(csat=event.csat, ces=event.ces, nps=event.nps, comment=event.comment, rated_at=at)
    return replace(facts, satisfaction=rating)


def attached(facts: Facts, event: e.AttachmentAdded, at: datetime) -> Facts:
    attachment = AttachmentRecord(
        attachment_id=event.attachment_id,
        name=event.name,
        media_type=event.media_type,
        size=event.size,
        sha256=event.sha256,
        added_at=at,
    )
    return replace(facts, attachments=(*facts.attachments, attachment))


def forwarded(facts: Facts, event: e.ComplaintForwarded, at: datetime) -> Facts:
    forwarding = Forwarding(
        to=event.to, scope=event.scope, forwarded_at=at, customer_told_at=event.customer_told_at
    )
    return replace(facts, forwardings=(*facts.forwardings, forwarding))


def found(facts: Facts, event: e.OriginIdentified, at: datetime) -> Facts:
    origin = OriginFound(
        sector=event.sector,
        cause=event.cause,
        product=event.product,
        problem_id=event.problem_id,
        explanation=event.explanation,
        identified_at=at,
    )
    return replace(facts, origin=origin)


def held(facts: Facts, event: e.HoldingResponseSent, at: datetime) -> Facts:
    response = HoldingResponse(
        reason=event.reason, channel=event.channel, expected_by=event.expected_by, sent_at=at
    )
    return replace(facts, holding_response=response)


def requested(facts: Facts, event: e.ApprovalRequested, at: datetime) -> Facts:
    grounds = Grounds(ground=event.ground, at=at, limit=event.limit)
    return replace(facts, approvals={**facts.approvals, str(event.approval_id): grounds})


def offered(facts: Facts, event: e.CompensationOffered, at: datetime) -> Facts:
    offer = Offer(at=at, reason=event.reason, reference=event.reference)
    return replace(facts, compensations={**facts.compensations, str(event.compensation_id): offer})


def party_added(facts: Facts, event: e.PartyAdded) -> Facts:
    person = Person(customer_id=event.customer_id, contact=event.contact)
    return replace(facts, parties={**facts.parties, str(event.party_id): person})


def promised(facts: Facts, event: e.DeadlinePromised, at: datetime) -> Facts:
    return replace(facts, promises={**facts.promises, str(event.promise_id): Said(text=event.what, at=at)})


def reminder_set(facts: Facts, event: e.ReminderSet, at: datetime) -> Facts:
    return replace(facts, reminders={**facts.reminders, str(event.reminder_id): Said(text=event.text, at=at)})


def _progressed(facts: Facts, case_id: UUID, progress: Progress) -> Facts:
    return replace(facts, external_cases={**facts.external_cases, str(case_id): progress})
