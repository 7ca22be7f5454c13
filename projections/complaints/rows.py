"""The rows of the view: every column comes from the domain's own fold, or from the one match below."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, assert_never, cast
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.aggregate import Event
from domain.complaint import COMPLAINT, Complaint, ComplaintEvent
from domain.complaint import events as e
from domain.complaint.lifecycle import State
from domain.complaint.values import (
    Anonymity,
    Basis,
    CloseReason,
    Contact,
    JourneyStage,
    Kind,
    Outcome,
    Point,
    PointOutcome,
    Redress,
    Severity,
    SubjectRef,
    WithdrawnBy,
)
from infra.events import Recorded


class OpenAsk(Struct, frozen=True, kw_only=True):
    """A question not answered yet; to the customer where there is no sector."""

    ask_id: UUID
    sector: str | None
    question: str
    asked_at: datetime
    due_at: datetime | None


class OpenProposal(Struct, frozen=True, kw_only=True):
    """The resolution that the customer can accept or reject."""

    proposal_id: UUID
    outcome: Outcome
    summary: str
    channel: str
    proposed_at: datetime
    reply_by: datetime | None = None
    redress: Redress | None = None
    point_outcomes: tuple[PointOutcome, ...] = ()


class Resolution(Struct, frozen=True, kw_only=True):
    """How the complaint was resolved; gone when it is reopened."""

    outcome: Outcome
    basis: Basis
    summary: str | None
    resolved_at: datetime


class Row(Struct, frozen=True, kw_only=True):
    """A complaint; the fields are the columns of `complaints_1`."""

    complaint_id: UUID
    version: int
    etag: int
    case: Complaint
    protocol: str
    kind: Kind
    state: State
    subject: str
    channel: str
    anonymity: Anonymity
    received_at: datetime
    registered_at: datetime
    updated_at: datetime
    customer_id: UUID | None = None
    category: str | None = None
    product: str | None = None
    severity: Severity | None = None
    journey_stage: JourneyStage | None = None
    tags: tuple[str, ...] = ()
    analyst: str | None = None
    team: str | None = None
    origin: str | None = None
    needs_review: bool = False
    due_at: datetime | None = None
    asks: tuple[OpenAsk, ...] = ()
    asked_sectors: tuple[str, ...] = ()
    proposal: OpenProposal | None = None
    outcome: Outcome | None = None
    resolution: Resolution | None = None
    acknowledged_at: datetime | None = None
    last_contact_at: datetime | None = None
    last_reply_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: CloseReason | None = None
    withdrawn_by: WithdrawnBy | None = None
    reopenings: int = 0
    points: tuple[Point, ...] = ()
    forwarded_from: str | None = None
    prior_protocol: str | None = None
    follows: UUID | None = None
    source_ref: str | None = None


class Texts(Struct, frozen=True, kw_only=True):
    """What is long and seldom changes; kept, with the words to search for, in `complaints_text_1`."""

    complaint_id: UUID
    subject: str
    description: str
    contact: Contact | None = None
    remedy_sought: str | None = None
    subject_refs: tuple[SubjectRef, ...] = ()


def fold(row: Row | None, recorded: Recorded[Event]) -> Row:
    """The complaint's row after an event."""
    event = cast("ComplaintEvent", recorded.event)
    case: Complaint = COMPLAINT.evolve(row.case if row else None, event, recorded.occurred_at)
    before = row or _first(recorded, cast("e.ComplaintRegistered", event), case)
    return _derived(replace(before, **_changes(before, event, recorded.occurred_at)), case, recorded)


def fold_texts(texts: Texts | None, recorded: Recorded[Event]) -> Texts | None:
    """The complaint's long texts after an event; the same object where they are unchanged."""
    event = recorded.event
    if not isinstance(event, e.ComplaintRegistered):
        return texts
    return Texts(
        complaint_id=recorded.stream_id,
        subject=event.subject,
        description=event.description,
        contact=event.contact,
        remedy_sought=event.remedy_sought,
        subject_refs=event.subject_refs or (),
    )


def _first(recorded: Recorded[Event], event: e.ComplaintRegistered, case: Complaint) -> Row:
    return Row(
        complaint_id=recorded.stream_id,
        version=recorded.version,
        etag=recorded.version,
        case=case,
        protocol=case.protocol,
        kind=case.kind,
        state=case.state,
        subject=event.subject,
        channel=event.channel,
        anonymity=case.anonymity,
        received_at=event.received_at,
        registered_at=recorded.occurred_at,
        updated_at=recorded.recorded_at,
        points=event.points,
        forwarded_from=event.forwarded_from,
        prior_protocol=event.prior_protocol,
        follows=event.follows,
        source_ref=event.source_ref,
    )


def _derived(row: Row, case: Complaint, recorded: Recorded[Event]) -> Row:
    """The row with all that follows from the domain's state, and the envelope."""
    open_ids = {ask.ask_id for ask in case.asks}
    asks = tuple(ask for ask in row.asks if ask.ask_id in open_ids)
    proposal = row.proposal if case.proposal else None
    due = [ask.due_at for ask in asks] + [proposal.reply_by if proposal else None]
    return replace(
        row,
        case=case,
        version=recorded.version,
        etag=row.etag if recorded.origin == "system" else recorded.version,
        updated_at=recorded.recorded_at,
        kind=case.kind,
        state=case.state,
        anonymity=case.anonymity,
        customer_id=case.customer_id,
        category=case.category,
        product=case.product,
        severity=case.severity,
        journey_stage=case.journey_stage,
        tags=case.tags,
        analyst=case.analyst,
        team=case.team,
        needs_review=case.needs_review,
        asks=asks,
        proposal=proposal,
        due_at=min((moment for moment in due if moment), default=None),
    )


def _changes(  # noqa: C901, PLR0911 - one branch for each event
    row: Row, event: ComplaintEvent, at: datetime
) -> Mapping[str, Any]:
    """What an event changes beside the domain's state."""
    match event:
        case e.ComplaintAcknowledged():
            return {"acknowledged_at": row.acknowledged_at or at}
        case e.CustomerContacted():
            return {"last_contact_at": max(at, row.last_contact_at or at)}
        case e.CustomerReplied():
            return {"last_reply_at": max(at, row.last_reply_at or at)}
        case e.InformationRequested():
            return {"asks": (*row.asks, _ask(event, None, at))}
        case e.SectorConsulted():
            sectors = tuple(sorted({*row.asked_sectors, event.sector}))
            return {"asks": (*row.asks, _ask(event, event.sector, at)), "asked_sectors": sectors}
        case e.ResolutionProposed():
            return {"proposal": _proposal(event, at), "outcome": event.outcome}
        case e.ComplaintResolved():
            resolution = Resolution(
                outcome=event.outcome, basis=event.basis, summary=event.summary, resolved_at=at
            )
            return {"resolution": resolution, "outcome": event.outcome}
        case e.ComplaintClosed():
            return {"closed_at": at, "close_reason": event.reason}
        case e.ComplaintWithdrawn():
            return {"withdrawn_by": event.by}
        case e.ComplaintReopened():
            ended = dict.fromkeys(("resolution", "outcome", "closed_at", "close_reason", "withdrawn_by"))
            return {**ended, "reopenings": row.reopenings + 1}
        case (
            e.ComplaintRegistered()
            | e.ComplaintClassified()
            | e.ComplaintAssigned()
            | e.ComplaintUnassigned()
            | e.InvestigationStarted()
            | e.ReplyReviewed()
            | e.SectorAnswered()
            | e.AskCancelled()
            | e.ProposalWithdrawn()
            | e.ResolutionAccepted()
            | e.ResolutionRejected()
            | e.NoteAdded()
        ):
            return {}
        case _:
            assert_never(event)


def _ask(event: e.InformationRequested | e.SectorConsulted, sector: str | None, at: datetime) -> OpenAsk:
    return OpenAsk(
        ask_id=event.ask_id, sector=sector, question=event.question, asked_at=at, due_at=event.due_at
    )


def _proposal(event: e.ResolutionProposed, at: datetime) -> OpenProposal:
    return OpenProposal(
        proposal_id=event.proposal_id,
        outcome=event.outcome,
        summary=event.summary,
        channel=event.channel,
        proposed_at=at,
        reply_by=event.reply_by,
        redress=event.redress,
        point_outcomes=event.point_outcomes,
    )
