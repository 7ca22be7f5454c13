"""A complaint in a list, and with all that is known of it."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.approvals import Approval
from domain.complaint import state as s
from domain.complaint.decisions.parties import ACTS_FOR_ANOTHER
from domain.complaint.lifecycle import State
from domain.complaint.values import (
    Anonymity,
    Assessment,
    CloseReason,
    Contact,
    DismissalGround,
    Flag,
    JourneyStage,
    Kind,
    Outcome,
    Point,
    Severity,
    SubjectRef,
    Vulnerability,
    WithdrawnBy,
)
from projections.complaints.facts import Facts
from projections.complaints.items import (
    AttachmentRecord,
    CompensationStanding,
    Exposure,
    ExternalCaseStanding,
    Forwarding,
    HoldingResponse,
    InvolvedParty,
    LinkedComplaint,
    OpenAsk,
    OpenProposal,
    OpenReminder,
    OriginFound,
    PendingApproval,
    PromiseGiven,
    Resolution,
    Satisfaction,
    Workaround,
    WorkTotals,
)
from projections.complaints.row import Row
from projections.complaints.texts import Texts


class ComplaintItem(Struct, frozen=True, kw_only=True):
    """A complaint in a list."""

    id: UUID
    protocol: str
    kind: Kind
    state: State
    version: int
    subject: str
    channel: str
    anonymity: Anonymity
    customer_id: UUID | None
    category: str | None
    product: str | None
    severity: Severity | None
    tags: tuple[str, ...]
    analyst: str | None
    team: str | None
    origin: str | None
    """`sector/cause`, or `sector/cause/product`."""
    flags: tuple[Flag, ...]
    escalation: int | None
    """The level it was last escalated to."""
    duplicate_of: UUID | None
    needs_review: bool
    awaits_approval: bool
    """Whether a command waits for a second person."""
    outcome: Outcome | None
    due_at: datetime | None
    """What somebody is owed first."""
    received_at: datetime
    registered_at: datetime
    updated_at: datetime


class ComplaintDetail(ComplaintItem, frozen=True, kw_only=True):
    """A complaint with all that is known of it. `etag` is the version that `If-Match` is compared with."""

    etag: int
    description: str
    contact: Contact | None
    remedy_sought: str | None
    subject_refs: tuple[SubjectRef, ...]
    points: tuple[Point, ...]
    accepted_points: tuple[str, ...]
    journey_stage: JourneyStage | None
    vulnerability: Vulnerability | None
    assessment: Assessment | None
    asks: tuple[OpenAsk, ...]
    asked_sectors: tuple[str, ...]
    proposal: OpenProposal | None
    resolution: Resolution | None
    acknowledged_at: datetime | None
    last_contact_at: datetime | None
    last_reply_at: datetime | None
    closed_at: datetime | None
    close_reason: CloseReason | None
    withdrawn_by: WithdrawnBy | None
    reopenings: int
    forwarded_from: str | None
    prior_protocol: str | None
    follows: UUID | None
    source_ref: str | None
    parties: tuple[InvolvedParty, ...]
    promises: tuple[PromiseGiven, ...]
    reminders: tuple[OpenReminder, ...]
    compensations: tuple[CompensationStanding, ...]
    external_cases: tuple[ExternalCaseStanding, ...]
    approvals: tuple[PendingApproval, ...]
    links: tuple[LinkedComplaint, ...]
    escalated_to: str | None
    origin_found: OriginFound | None
    dismissal_ground: DismissalGround | None
    forwarded_to: str | None
    """To whom all of it was passed on; parts, and what was taken back, are in `forwardings`."""
    forwardings: tuple[Forwarding, ...]
    holding_response: HoldingResponse | None
    workaround: Workaround | None
    attachments: tuple[AttachmentRecord, ...]
    exposures: tuple[Exposure, ...]
    work: WorkTotals
    satisfaction: Satisfaction | None


# What has the same name where it is kept.
FROM_ROW = tuple(set(ComplaintDetail.__struct_fields__) & set(Row.__struct_fields__))
FROM_TEXTS = ("description", "contact", "remedy_sought", "subject_refs")
FROM_FACTS = (
    "attachments",
    "dismissal_ground",
    "escalated_to",
    "exposures",
    "forwardings",
    "holding_response",
    "satisfaction",
    "work",
    "workaround",
)


def detailed(row: Row, texts: Texts) -> ComplaintDetail:
    """The complaint that its rows make, its parts joined from the domain's state and the facts beside it."""
    case, facts = row.case, row.facts
    whole = [forwarding.to for forwarding in facts.forwardings if forwarding.scope == "whole"]
    return ComplaintDetail(
        **{name: getattr(row, name) for name in FROM_ROW},
        **{name: getattr(texts, name) for name in FROM_TEXTS},
        **{name: getattr(facts, name) for name in FROM_FACTS},
        id=row.complaint_id,
        accepted_points=tuple(sorted(case.accepted_points)),
        vulnerability=case.vulnerability,
        assessment=case.assessment,
        parties=tuple(_party(party, facts) for party in case.parties),
        promises=tuple(_promise(promise, facts) for promise in case.promises),
        reminders=tuple(
            OpenReminder(
                reminder_id=reminder.reminder_id,
                text=facts.reminders[str(reminder.reminder_id)].text,
                at=reminder.at,
            )
            for reminder in case.reminders
        ),
        compensations=tuple(_compensation(known, facts) for known in case.compensations),
        external_cases=tuple(_external_case(known, facts) for known in case.external_cases),
        approvals=tuple(_approval(approval, facts) for approval in case.approvals),
        links=tuple(LinkedComplaint(to=link.to, relation=link.relation) for link in case.links),
        origin_found=facts.origin,
        forwarded_to=whole[-1] if whole and case.state == "forwarded" else None,
    )


def _party(party: s.Party, facts: Facts) -> InvolvedParty:
    person = facts.parties[str(party.party_id)]
    trusted = party.verified or party.role not in ACTS_FOR_ANOTHER
    return InvolvedParty(
        party_id=party.party_id,
        role=party.role,
        verified=party.verified,
        customer_id=person.customer_id,
        contact=person.contact if trusted else None,
    )


def _promise(promise: s.Promise, facts: Facts) -> PromiseGiven:
    said = facts.promises[str(promise.promise_id)]
    return PromiseGiven(
        promise_id=promise.promise_id,
        what=said.text,
        promised_at=said.at,
        due_at=promise.due_at,
        status=promise.status,
    )


def _compensation(known: s.Compensation, facts: Facts) -> CompensationStanding:
    offer = facts.compensations[str(known.compensation_id)]
    return CompensationStanding(
        compensation_id=known.compensation_id,
        kind=known.kind,
        amount=known.amount,
        currency=known.currency,
        status=known.status,
        reason=offer.reason,
        reference=offer.reference,
        offered_at=offer.at,
        payment_reference=known.reference,
    )


def _external_case(known: s.ExternalCase, facts: Facts) -> ExternalCaseStanding:
    progress = facts.external_cases[str(known.case_id)]
    return ExternalCaseStanding(
        case_id=known.case_id,
        body=known.body,
        reference=known.reference,
        opened_at=known.opened_at,
        due_at=known.due_at,
        waiting=progress.waiting,
        answered_at=progress.answered_at,
        decided_at=progress.decided_at,
        outcome=progress.outcome,
        rating=progress.rating,
    )


def _approval(approval: Approval, facts: Facts) -> PendingApproval:
    grounds = facts.approvals[str(approval.approval_id)]
    return PendingApproval(
        approval_id=approval.approval_id,
        verb=approval.verb,
        ground=grounds.ground,
        requested_by=approval.requested_by,
        requested_at=grounds.at,
        limit=grounds.limit,
        command=approval.command,
    )
